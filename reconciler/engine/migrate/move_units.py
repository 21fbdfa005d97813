"""The unit of a move: everything that one change of a migration touches, and what keeps it from being carried out.

A unit is carried out as a whole or not at all. It is judged where it is carried out: against each workspace's own
picture of the manifest, in canonical words, whatever the migration knows of ignore lists, overlays or workspaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from reconciler.core.canonical.canonical_form import json_equal, leaves, tool_name
from reconciler.core.canonical.field_tree import build_field_tree
from reconciler.core.canonical.raw_edit import edit_document, merge_written
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.migration import Finding, Subject
from reconciler.types.json import Json, Object, join, lookup, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Edit, Manage, MoveValue, RemoveValue
from reconciler.types.project import Defaults

Effect: TypeAlias = Mapping[str, tuple[Json, Json]]
"""Canonical place -> what it says before and after."""


@dataclass(slots=True)
class Written:
    """One manifest, or an overlay of one, as it stands in a file now."""

    path: str
    index: int
    """Which of the file's manifests."""
    subject: Subject
    lifecycle: Object
    where: Callable[[str], str]
    """The file and line of a place in the body."""
    head: Callable[[str], str]
    """The same for a place beside the body."""
    asked: tuple[tuple[str, str], ...] = ()
    """Canonical places that open questions are about, each with the migration that asks."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a unit does to one manifest."""

    written: Written
    finding: Finding
    edits: tuple[Edit, ...]
    after: Object
    effect: Effect
    beside: tuple[str, ...]
    """Canonical places that it rests on."""

    @property
    def places(self) -> tuple[str, ...]:
        return (*self.effect, *self.beside)

    def belongs_to(self, base: Part) -> bool:
        """Whether it changes what that part of another layer changes."""
        return any(_touch(edit.pointer, other.pointer) for edit in self.edits for other in base.edits) or any(
            _touch(path, other) for path in self.effect for other in base.effect
        )


@dataclass(frozen=True, slots=True)
class View:
    """One workspace's picture of a manifest: the base and the overlays that are merged over it, in order."""

    workspace: str
    layers: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a unit is left as it is."""

    reason: str
    layered: bool = False
    """Another layer of the manifest is in the way; together with that one it might be possible."""


@dataclass(slots=True)
class Layers:
    """Which manifests make up an address, in which workspace."""

    workspaces: Mapping[str, Sequence[str]]
    """By workspace: the paths of its overlays in the order in which they are merged."""
    apart: Callable[[Subject], str | None] = lambda _: None
    """Why a manifest is not written by the runs that the files are migrated for; None: it is."""
    defaults: Sequence[Defaults] = ()
    """What lies under the manifests; no migration writes it."""
    bases: dict[str, Written] = field(default_factory=dict)
    overlays: dict[str, dict[str, list[Written]]] = field(default_factory=dict)
    """By address, then by path."""
    unlike: dict[str, None] = field(default_factory=dict)
    """Addresses with an overlay, or with a base that leaves something of the object to others."""

    def add(self, written: Written) -> None:
        address = str(written.subject.address)
        if written.subject.overlay or {"ignore", "manage"} & written.lifecycle.keys() or self.apart(written.subject):
            self.unlike[address] = None
        if written.subject.overlay:
            self.overlays.setdefault(address, {}).setdefault(written.path, []).append(written)
        else:
            self.bases.setdefault(address, written)

    def over(self, address: str) -> Iterator[Written]:
        """Every overlay of an address."""
        for found in self.overlays.get(address, {}).values():
            yield from found

    def workspaces_of(self, written: Written) -> set[str]:
        """The workspaces whose picture the manifest is part of."""
        return {
            name for name, paths in self.workspaces.items() if not written.subject.overlay or written.path in paths
        }

    def views(self, address: str) -> Iterator[View]:
        """The picture of each workspace."""
        base, overlays = self.bases.get(address), self.overlays.get(address, {})
        bottom = () if base is None else (base,)
        for name, paths in self.workspaces.items():
            yield View(
                name, (*bottom, *(overlay for path in paths if path in overlays for overlay in overlays[path]))
            )


def part_of(written: Written, finding: Finding) -> Part:
    """What carrying out the finding would do. Raises `Unfit` for an edit that does not fit.

    What is emptied goes whole: a removal takes the objects along that hold nothing else.
    """
    before = written.subject.spec
    body: Json = before
    edits = tuple(map(_whole, finding.edits))
    for edit in edits:
        body = edit_document(body, edit)
    assert isinstance(body, dict)
    kind = written.subject.kind
    beside = tuple(canonical_place(kind, before, pointer) for pointer in finding.beside)
    return Part(written, finding, edits, body, effect(kind, before, body), beside)


def _whole(edit: Edit) -> Edit:
    return replace(edit, prune=True) if isinstance(edit, (RemoveValue, MoveValue)) else edit


def effect(kind: KindSpec, before: Object, after: Object) -> Effect:
    """What differs between two bodies, in canonical words: nothing where only words do."""
    old, new = (leaves(kind, to_canonical(kind, body)[0]) for body in (before, after))
    return {
        path: (old.get(path), new.get(path))
        for path in (*old, *(path for path in new if path not in old))
        if (path in old) != (path in new) or not json_equal(old.get(path), new.get(path))
    }


def canonical_place(kind: KindSpec, body: Object, pointer: str) -> str:
    """A pointer of the author's as a canonical one; an inline tool is called by its name."""
    node, value = build_field_tree(kind), body
    tokens: list[str] = []
    here: Json = value
    for token in split(pointer):
        step = lookup(here, join(token))
        named = tool_name(step) if isinstance(here, list) and node.row is not None and node.row.keyed else None
        word = named or node.renames.get(token, token)
        tokens.append(word)
        node, here = node.child(word), step
    return join(*tokens)


def obstacle(parts: Sequence[Part], layers: Layers, agrees: Callable[[Part, Object], bool]) -> Obstacle | None:
    """What keeps the unit from being carried out in all workspaces that have one of its manifests.

    `agrees`: whether the migration would do the same to a body in which the places that the change rests on differ.
    """
    if not any(part.effect for part in parts):
        return None  # words only: no value goes anywhere
    for part in parts:
        for place in part.places:
            for asked, name in part.written.asked:
                if _touch(place, asked):
                    return Obstacle(f"{place} is part of an open question of {name}: answer that first")
    if (under := _from_below(parts, layers)) is not None:
        return under
    for view in layers.views(str(parts[0].written.subject.address)):
        mine = [part for layer in view.layers for part in parts if part.written is layer]
        found = (_out_of_reach(mine, view) or _layered(mine, view, agrees)) if mine else None
        if found is not None:
            return found
    return None


def _from_below(parts: Sequence[Part], layers: Layers) -> Obstacle | None:
    """Defaults that speak of one of the places: what a manifest lets go would come back from below."""
    for part in parts if layers.defaults else ():
        subject = part.written.subject
        base = layers.bases.get(str(subject.address))
        path = base.path if base is not None else subject.path
        for default in layers.defaults:
            if not default.concerns(subject.address.kind, path):
                continue
            held = leaves(subject.kind, _canonical(subject.kind, default.spec))
            hit = next((place for place in part.places for leaf in held if _touch(place, leaf)), None)
            if hit is not None:
                return Obstacle(f"the defaults of the project file set {hit} too; change them first")
    return None


def lifecycle_in(view: View) -> tuple[Object, dict[str, Written]]:
    """What holds for the manifest in this workspace, and which layer says each word of it."""
    lifecycle: Object = {}
    said: dict[str, Written] = {}
    for layer in view.layers:
        for key, value in layer.lifecycle.items():
            lifecycle[key] = value
            said[key] = layer
    return lifecycle, said


def _out_of_reach(parts: Sequence[Part], view: View) -> Obstacle | None:
    """Places that the workspace does not write."""
    lifecycle, said = lifecycle_in(view)
    if lifecycle.get("manage") == Manage.OBSERVE.value:
        place = said["manage"].head("/lifecycle/manage")
        return Obstacle(f"{parts[0].written.subject.address} is only observed{_in(view)} ({place})")
    ignore = lifecycle.get("ignore")
    for pointer in ignore if isinstance(ignore, list) else ():
        for part in parts:
            hit = next((place for place in part.places if _touch(place, str(pointer))), None)
            if hit is not None:
                place = said["ignore"].head("/lifecycle/ignore")
                return Obstacle(f"{hit} is ignored{_in(view)}: lifecycle.ignore has {pointer} ({place})")
    return None


def _layered(parts: Sequence[Part], view: View, agrees: Callable[[Part, Object], bool]) -> Obstacle | None:
    """Whether the whole of each part arrives in the workspace, or none of it does."""
    if len(view.layers) == 1:
        return None
    kind = parts[0].written.subject.kind
    changed = {id(part.written): part.after for part in parts}
    before, after = merged(view, {}), merged(view, changed)
    real = effect(kind, before, after)
    wanted = _combined(parts)
    for index, part in enumerate(parts):
        above = next((other for other in parts[index + 1 :] if _covers_half(other, part)), None)
        if above is not None:
            return _in_the_way(part, next(path for path in above.effect if path in part.effect), view)
        arrived = [path for path in part.effect if path in real and _equal(real[path], wanted[path])]
        missing = [
            path for path in part.effect if path not in arrived and (path in real or not json_equal(*wanted[path]))
        ]
        if missing and (arrived or any(path in real for path in missing)):
            return _in_the_way(part, missing[0], view)
        local = _canonical(kind, part.after)
        for pointer in part.beside if arrived else ():
            if not json_equal(lookup(local, pointer), lookup(after, pointer)) and not agrees(part, before):
                return _in_the_way(part, pointer, view)
    known = {path for part in parts for path in part.effect}
    stray = next((path for path in real if path not in known), None)
    return None if stray is None else _in_the_way(parts[0], stray, view)


def _covers_half(upper: Part, lower: Part) -> bool:
    """Whether an upper layer has something else in the place of what goes, and nothing in that of what takes over."""
    taken = any(path in upper.effect for path, (_, after) in lower.effect.items() if after is None)
    given = [path for path, (_, after) in lower.effect.items() if after is not None]
    return taken and not lower.finding.elsewhere and not all(path in upper.effect for path in given)


def _combined(parts: Sequence[Part]) -> Effect:
    """What all parts together do where they meet: an upper layer counts, what it lets go shows the lower one."""
    result: dict[str, tuple[Json, Json]] = {}
    for part in parts:
        for path, (before, after) in part.effect.items():
            old, new = result.get(path, (None, None))
            result[path] = (old if before is None else before, new if after is None else after)
    return result


def _in_the_way(part: Part, path: str, view: View) -> Obstacle:
    kind = part.written.subject.kind
    for layer in reversed(view.layers):
        if layer is part.written:
            continue
        spec = _canonical(kind, layer.subject.spec)
        held = next((leaf for leaf in leaves(kind, spec) if _touch(leaf, path)), None)
        if held is not None or _says(spec, path):
            what = "the overlay" if layer.subject.overlay else "the base manifest"
            return Obstacle(f"{what} {layer.where(path)} sets {path}{_in(view)} too", layered=True)
    return Obstacle(f"{path} comes out differently{_in(view)}, because of an overlay", layered=True)


def _says(spec: Object, path: str) -> bool:
    """Whether the body speaks of the place or of something around it, null included."""
    here: Json = spec
    for token in split(path):
        if not isinstance(here, dict):
            return True
        if token not in here:
            return False
        here = here[token]
    return True


def merged(view: View, changed: Mapping[int, Object]) -> Object:
    """The body in this workspace, some layers replaced."""
    result: Object = {}
    for index, layer in enumerate(view.layers):
        body = changed.get(id(layer), layer.subject.spec)
        spec = _canonical(layer.subject.kind, body)
        result = spec if index == 0 else merge_written(result, spec)
    return result


def _canonical(kind: KindSpec, body: Object) -> Object:
    return to_canonical(kind, body)[0]


def _equal(a: tuple[Json, Json], b: tuple[Json, Json]) -> bool:
    return json_equal(a[0], b[0]) and json_equal(a[1], b[1])


def _touch(a: str, b: str) -> bool:
    return within(a, b) or within(b, a)


def _in(view: View) -> str:
    return f" in workspace {view.workspace}" if view.workspace else ""
