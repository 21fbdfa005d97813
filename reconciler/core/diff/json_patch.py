"""Edits -> the smallest RFC 6902 patch against the object as the server showed it, with proof.

Facts about the server's PATCH (its documentation, its own client, observations): operations run in order against the
stored document; `replace` and `remove` of an absent member fail; `add` sets or overwrites; a layer may be null, and
then has to be added whole; writing a whole node loses the siblings that the writer left out. Hence: leaf operations,
`add` where the member is absent or null, and a missing parent is added once with all its new members.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, cast

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import json_equal, keyed_parent, leaves, tool_name, write_only_fields
from reconciler.core.canonical.field_tree import build_field_tree
from reconciler.core.canonical.keyed_lists import is_named, lists_to_objects
from reconciler.core.canonical.raw_edit import exists
from reconciler.core.canonical.vocabulary import to_canonical, wire_pointer, wire_pointers, wire_value
from reconciler.types.change import PatchOp
from reconciler.types.json import Json, Object, join, lookup, split, within
from reconciler.types.kind import KindSpec


def build_patch(
    spec: KindSpec, raw: Object, edits: Sequence[Edit], vocabulary: str
) -> tuple[tuple[PatchOp, ...], tuple[str, ...]]:
    """The operations that carry out `edits` on the live body `raw`, and the pointers of objects it creates.

    The result is proven: applied to `raw` it gives exactly the edited document and nothing else moves.
    Raises `AssertionError` when the proof fails, which is a bug in this module and never the user's doing.
    """
    builder = _Builder(spec, raw, vocabulary)
    rest = builder.moves(list(edits))
    builder.sets([edit for edit in rest if not edit.remove])
    builder.removes([edit for edit in rest if edit.remove])
    prove(spec, raw, edits, builder.ops)
    return tuple(builder.ops), tuple(sorted(builder.parents))


def apply_patch(ops: Sequence[PatchOp], document: Object) -> Object:
    """The document after the operations, by the jsonpatch library. `document` is not changed."""
    import jsonpatch

    operations: Any = [deepcopy(op.to_json()) for op in ops]  # the stubs want one typed dict per operation
    return cast(Object, jsonpatch.apply_patch(document, operations))


def prove(spec: KindSpec, raw: Object, edits: Sequence[Edit], ops: Sequence[PatchOp]) -> None:
    """Assert `apply(patch, before) == after`, leaf by leaf, in canonical words."""
    before = lists_to_objects(spec, to_canonical(spec, raw)[0])
    promised = leaves(spec, apply_edits(spec, before, edits))
    patched = lists_to_objects(spec, to_canonical(spec, apply_patch(ops, raw))[0])
    result = leaves(spec, patched)
    for path in promised.keys() | result.keys():
        wanted, got = promised.get(path), result.get(path)
        if not json_equal(_empty(wanted), _empty(got)):
            raise AssertionError(f"the patch does not do what the plan says at {path}")


def _empty(value: Json) -> Json:
    return None if value in ({}, []) else value


class _Builder:
    """Collects operations; `document` is the live body with those collected so far already applied."""

    def __init__(self, spec: KindSpec, raw: Object, vocabulary: str) -> None:
        self.spec = spec
        self.vocabulary = vocabulary
        self.document = deepcopy(raw)
        self.ops: list[PatchOp] = []
        self.parents: set[str] = set()

    def emit(self, op: PatchOp) -> None:
        self.ops.append(op)
        self.document = apply_patch([op], self.document)

    def wire(self, pointer: str) -> str:
        return wire_pointer(self.spec, pointer, self.vocabulary, self.document)

    def moves(self, edits: list[Edit]) -> list[Edit]:
        """Turn the removal of an old field and the setting of its successor to the same value into one move."""
        for old, new in self.spec.renamed_fields.items():
            gone = [edit for edit in edits if edit.remove and within(edit.path, old)]
            come = [edit for edit in edits if not edit.remove and within(edit.path, new)]
            source, target = self.wire(old), self.wire(new)
            held = lookup(self.document, source)
            if not gone or held is None or lookup(self.document, target) is not None:
                continue
            moved = leaves(self.spec, apply_edits(self.spec, {}, [Edit(new, held)]))
            arriving = {edit.path: edit.value for edit in come}
            if moved.keys() == arriving.keys() and all(json_equal(moved[path], arriving[path]) for path in moved):
                if exists(self.document, target):
                    self.emit(PatchOp("remove", target))
                self.emit(PatchOp("move", target, source=source))
                edits = [edit for edit in edits if edit not in gone and edit not in come]
        return edits

    def sets(self, edits: list[Edit]) -> None:
        """Replace or add leaves; leaves under one missing parent travel in one `add`."""
        created: dict[str, list[Edit]] = {}
        lists: dict[str, list[Edit]] = {}
        for edit in edits:
            keyed = keyed_parent(self.spec, edit.path)
            if keyed is not None and isinstance(lookup(self.document, self.wire(keyed)), list):
                lists.setdefault(keyed, []).append(edit)
                continue
            missing = self.first_missing(keyed or edit.path)
            created.setdefault(missing, []).append(edit)
        for missing, group in created.items():
            self.add(missing, group)
        for keyed, group in lists.items():
            self.edit_list(keyed, group)

    def first_missing(self, pointer: str) -> str:
        """The topmost place on the way to `pointer` that is not there; `pointer` itself when its parent is."""
        tokens = split(pointer)
        wire = split(self.wire(pointer))
        node = build_field_tree(self.spec)
        value: Json = self.document
        for depth, word in enumerate(wire[:-1]):
            node = node.child(tokens[depth])
            value = lookup(value, join(word))
            if not isinstance(value, dict) and not (isinstance(value, list) and is_named(node)):
                return join(*tokens[: depth + 1])
        return pointer

    def add(self, missing: str, group: list[Edit]) -> None:
        node = apply_edits(self.spec, {}, group)
        tokens = split(missing)
        value: Json = node
        for token in tokens:
            value = value[token] if isinstance(value, dict) else value
        for edit in group:
            steps = split(keyed_parent(self.spec, edit.path) or edit.path)
            self.parents.update(join(*steps[:depth]) for depth in range(len(tokens), len(steps)))
        target = self.wire(missing)
        there = lookup(self.document, target)
        body = wire_value(self.spec, missing, value, self.vocabulary)
        self.emit(PatchOp("add" if there is None else "replace", target, body))

    def edit_list(self, keyed: str, group: list[Edit]) -> None:
        """Inline tools: replace in place by index, append what is new, drop doubles."""
        target = self.wire(keyed)
        for edit in group:
            items = self.items(target)
            places = self.places(items, edit)
            if not places:
                self.emit(PatchOp("add", f"{target}/-", edit.value))
                continue
            if not json_equal(items[places[0]], edit.value):
                self.emit(PatchOp("replace", f"{target}/{places[0]}", edit.value))
            for place in reversed(places[1:]):
                self.emit(PatchOp("remove", f"{target}/{place}"))

    def removes(self, edits: list[Edit]) -> None:
        lists: dict[str, list[Edit]] = {}
        for edit in edits:
            keyed = keyed_parent(self.spec, edit.path)
            if keyed is not None:
                lists.setdefault(keyed, []).append(edit)
                continue
            for target in wire_pointers(self.spec, edit.path, self.vocabulary, self.document):
                if exists(self.document, target):
                    self.emit(PatchOp("remove", target))
                elif edit.path in {row.path for row in write_only_fields(self.spec)}:
                    # The server has it and does not show it: a `remove` would not be valid against what it shows.
                    self.emit(PatchOp("add", target, None))
        for keyed, group in lists.items():
            target = self.wire(keyed)
            items = self.items(target)
            places = sorted({place for edit in group for place in self.places(items, edit)}, reverse=True)
            if places and len(places) == len(items):
                self.emit(PatchOp("remove", target))
                continue
            for place in places:
                self.emit(PatchOp("remove", f"{target}/{place}"))

    def items(self, target: str) -> list[Json]:
        value = lookup(self.document, target)
        return value if isinstance(value, list) else []

    @staticmethod
    def places(items: list[Json], edit: Edit) -> list[int]:
        name = split(edit.path)[-1]
        return [index for index, item in enumerate(items) if tool_name(item) == name]
