"""A live body as the spec of a manifest: what says something is kept, ids become references, secrets too.

Left out: what the server assigns, null, what stands at its documented default, and what no manifest can hold (with
the reason). What is left out is not managed, so nothing of it is ever removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import (
    is_at_default,
    is_masked,
    normalize,
    sorted_set,
    without_pointers,
    write_only_fields,
)
from reconciler.core.canonical.field_tree import Node, build_field_tree, field_at, looks_secret
from reconciler.core.canonical.references import inexpressible_references
from reconciler.core.canonical.vocabulary import to_canonical, to_wire
from reconciler.core.export.live_values import (
    EMPTY,
    has_mask,
    is_implied,
    is_unwritable,
    ordered_members,
    secrets_in,
    sort_key,
    unfilled_items,
    unfilled_object,
    with_member,
)
from reconciler.core.fields.field_check import check_fields
from reconciler.core.fields.field_hints import missing_members
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, Object, escape, join, lookup, split
from reconciler.types.kind import Field, Kinds, Type
from reconciler.types.live import LiveObject

DROP: Json = ["dropped"]
SERVERS_OWN = re.compile(r"(id|uuid|object|owner|owner_\w+|version|\w+_(at|count)|(created|updated|deleted)\w*)")
"""Members at the top that no field table knows and that read like the server's own bookkeeping."""

Refer = Callable[[str, str], Json]
"""(kind, id) -> what stands in a manifest for that id; None where the id cannot be written."""


@dataclass(frozen=True, slots=True)
class ExportedBody:
    """A spec in the words that we write, with references; that of a secret names its pointer."""

    spec: Object
    secrets: tuple[str, ...] = ()
    """Canonical pointers of the secrets, in order."""
    left_out: tuple[tuple[str, str], ...] = ()
    """(canonical pointer, why a manifest cannot hold it)."""


def export_body(live: LiveObject, refer: Refer, kinds: Kinds) -> ExportedBody:
    """The spec of a manifest that agrees with `live`."""
    spec = live.kind
    document, _ = to_canonical(spec, live.body)
    if spec.separate_pointers:
        document = {name: member for name, member in document.items() if f"/{name}" not in spec.separate_pointers}
        if spec.attachments is not None and live.tools is not None:
            document[spec.attachments[1:]] = list(live.tools)
        document |= {pointer[1:]: part for pointer, part in live.parts.items()}
    return _Walk(live, refer, kinds.kinds_by_id_member).run(document)


class _Walk:
    """One body. References are those of the core, so that the field checks can be asked."""

    def __init__(self, live: LiveObject, refer: Refer, id_words: Mapping[str, str]) -> None:
        self.spec = live.kind
        self.id_words = id_words
        self.live = live
        self.refer = refer
        self.secrets: dict[str, SecretRef] = {}
        self.left_out: dict[str, str] = {}

    def run(self, document: Object) -> ExportedBody:
        body = self.members(build_field_tree(self.spec), document, "")
        body = self.unseen_secrets(document, body)
        body = self.checked(body)
        for path in [*inexpressible_references(build_field_tree(self.spec), body)]:
            self.leave(path, "a manifest would read it as a literal, and it holds a reference")
            smaller = without_pointers(body, [path])
            body = smaller if isinstance(smaller, dict) else {}
        secrets = tuple(path for path in self.secrets if lookup(body, path) is self.secrets[path])
        return ExportedBody(
            to_wire(self.spec, body, next(iter(self.spec.vocabularies), "")),
            secrets,
            tuple(sorted(self.left_out.items())),
        )

    def members(self, node: Node, value: Object, path: str) -> Object:
        result: Object = {}
        for word in ordered_members(node, value):
            child = node.child(word)
            if not path and child.row is None and self.is_servers_own(word, value[word]):
                continue
            member = self.value(child, word, value[word], f"{path}/{escape(word)}")
            if member is not DROP:
                result[word] = member
        return result

    def is_servers_own(self, word: str, value: Json) -> bool:
        return SERVERS_OWN.fullmatch(word) is not None or value == self.live.id

    def value(self, node: Node, word: str, value: Json, path: str) -> Json:
        row = node.row
        if row is not None and row.server_owned:
            return DROP
        if row is not None and row.secret and not is_unwritable(word):
            return self.secret(word, value, path)
        if value is None:
            return DROP
        whole = not isinstance(value, dict) or (row is not None and row.atomic)
        if is_unwritable(word) or (whole and is_unwritable(value)):
            return self.leave(path, "no file can hold it")
        if looks_secret(row, value):
            return self.secret(word, value, path)
        if isinstance(value, dict):
            return self.whole(node, value, path) if whole else self.grouped(node, value, path)
        if isinstance(value, list):
            return self.listed(node, word, value, path)
        if isinstance(value, str) and is_masked(value):
            if row is not None and row.type is Type.OBJECT:
                return self.leave(path, "the server hides it")
            return self.secret(word, value, path)
        if row is not None and row.ref is not None and isinstance(value, str) and value:
            return self.reference(row.ref, value, path)
        if row is None and word in self.id_words:
            return self.known_ids(value, self.id_words[word])
        return DROP if is_implied(row, value, path) else normalize(row, value)

    # --- objects and lists ----------------------------------------------------------------------------------------

    def grouped(self, node: Node, value: Object, path: str) -> Json:
        row = node.row
        inner = self.members(node, value, path)
        if not inner:
            inner = self.kept_default(node, value)
        if not inner:
            return {} if row is None and not value else DROP
        return inner

    @staticmethod
    def kept_default(node: Node, value: Object) -> Object:
        """One member of an object whose mere presence means something (turn taking), though all are defaults."""
        for word, child in node.children.items():
            if child.row is not None and child.row.default_needs_parent and value.get(word) not in EMPTY:
                return {word: normalize(child.row, value[word])}
        return {}

    def listed(self, node: Node, word: str, value: list[Json], path: str) -> Json:
        row = node.row
        if row is not None and row.item_key is not None and all(isinstance(item, dict) for item in value):
            items = [
                self.members(node.star or Node(), item, f"{path}/{index}")
                for index, item in enumerate(value)
                if isinstance(item, dict)
            ]
            return [*items] if items or row.required else DROP
        if row is not None and row.ref is not None:
            return self.references_of(row, value, path)
        if is_implied(row, value, path):
            return DROP
        if has_mask(value):
            return self.leave(path, "the server hides a part of it")
        if row is not None and row.set_like:
            return sorted_set(value)
        if row is None:
            return self.known_ids(value, self.id_words.get(word))
        return unfilled_items(row, value) if row is not None and row.server_defaults else value

    def whole(self, node: Node, value: Object, path: str) -> Json:
        """An object that the API replaces whole: its secrets apart, what the server fills in left out."""
        row = node.row
        assert row is not None
        hidden = {f"{path}{inner}": secret for inner, secret in secrets_in(node, value, "")}
        plain = without_pointers(value, [inner[len(path) :] for inner in hidden])
        assert isinstance(plain, dict)
        if not hidden and is_at_default(row, plain):
            return DROP
        if has_mask(plain):
            return self.leave(path, "the server hides a part of it")
        result = unfilled_object(row, plain)
        if not row.verbatim:
            result = self.known_ids(result)
        assert isinstance(result, dict)
        for pointer, secret in hidden.items():
            marker = self.secret(split(pointer)[-1], secret, pointer)
            if marker is not DROP:
                result = with_member(result, split(pointer[len(path) :]), marker)
        return result

    # --- ids ------------------------------------------------------------------------------------------------------

    def reference(self, kind: str, id: str, path: str) -> Json:
        written = self.refer(kind, id)
        if written is None:
            return self.leave(path, f"{id} is not one of the account's own objects")
        if isinstance(written, str):
            return written
        return ResourceRef(str(written.get("ref", ""))) if isinstance(written, dict) else DROP

    def references_of(self, row: Field, value: list[Json], path: str) -> Json:
        if not value and not row.required:
            return DROP
        found = [
            self.reference(str(row.ref), item, path) if isinstance(item, str) and item else item for item in value
        ]
        if any(item is DROP for item in found):
            return self.leave(path, self.left_out.get(path, "it holds something that is no id"))
        return sorted(found, key=sort_key) if row.set_like else found

    def known_ids(self, value: Json, kind: str | None = None) -> Json:
        """`value` with references for ids under words that hold ids elsewhere (`document_ids` of a skill)."""
        if isinstance(value, dict):
            return {key: self.known_ids(member, self.id_words.get(key)) for key, member in value.items()}
        if isinstance(value, list):
            return [self.known_ids(item, kind) for item in value]
        if kind is None or not isinstance(value, str) or not value:
            return value
        written = self.refer(kind, value)
        if not isinstance(written, dict):
            # A tool is written by its name where names are read; here is none of these places.
            return value
        return ResourceRef(str(written["ref"]))

    # --- secrets --------------------------------------------------------------------------------------------------

    def secret(self, word: str, value: Json, path: str) -> Json:
        if value in EMPTY:
            return DROP
        if isinstance(value, (dict, list)):
            return self.leave(path, "a secret is a text")
        self.secrets[path] = SecretRef("env", path)
        return self.secrets[path]

    def unseen_secrets(self, document: Object, body: Object) -> Object:
        """Secrets that the server does not even hint at, but that must be there."""
        wanted = [
            path
            for companion in self.spec.companions
            if lookup(body, companion.when)
            for path in companion.pointers
            if (row := field_at(self.spec, path)) is not None and row.secret
        ]
        wanted += [
            row.path for row in write_only_fields(self.spec) if lookup(document, str(row.presence_field)) is True
        ]
        wanted += [
            path
            for path, _ in missing_members(self.spec, body)
            if (row := field_at(self.spec, path)) is not None and row.secret
        ]
        for path in wanted:
            if path not in self.secrets and lookup(body, path) is None:
                self.secrets[path] = SecretRef("env", path)
                body = with_member(body, split(path), self.secrets[path])
        return body

    # --- what cannot be held --------------------------------------------------------------------------------------

    def leave(self, path: str, why: str) -> Json:
        self.left_out[path] = why
        return DROP

    def checked(self, body: Object) -> Object:
        """Without what the loader would refuse: a value of another type than the field has."""
        while True:
            wrong = [field for field in check_fields(self.spec, body) if field.is_error and field.pointer]
            if not wrong:
                return body
            for diagnostic in wrong:
                pointer = self.leaf_of(str(diagnostic.pointer))
                self.left_out[pointer] = diagnostic.summary
                smaller = without_pointers(body, [pointer])
                body = smaller if isinstance(smaller, dict) and smaller != body else _without_top(body, pointer)

    @staticmethod
    def leaf_of(pointer: str) -> str:
        """Items of lists have no place of their own."""
        tokens = split(pointer)
        cut = next((index for index, token in enumerate(tokens) if token.isdigit()), len(tokens))
        return join(*tokens[:cut])


def name_secrets(value: Json, names: Mapping[str, str]) -> Json:
    """`value` with the variable of each secret; `names` is that of each pointer."""
    if isinstance(value, SecretRef):
        return SecretRef("env", names[value.name])
    if isinstance(value, dict):
        return {key: name_secrets(member, names) for key, member in value.items()}
    return [name_secrets(item, names) for item in value] if isinstance(value, list) else value


def _without_top(body: Object, pointer: str) -> Object:
    """The last way out where a finding's own place is not there: its whole branch goes."""
    return {word: member for word, member in body.items() if word != split(pointer)[0]}
