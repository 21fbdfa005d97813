"""The bodies of writes: of a create, and of a PATCH that merges; what a provider sends, without what never leaves."""

from __future__ import annotations

from reconciler.core.canonical.canonical_form import is_masked, json_equal
from reconciler.core.canonical.field_tree import UNKNOWN, Node, build_field_tree, looks_secret, node_at
from reconciler.core.canonical.vocabulary import to_canonical, to_wire
from reconciler.core.diff.json_patch import apply_patch
from reconciler.core.secrets.secret_book import has_secret
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.change import Change
from reconciler.types.json import Json, Object, escape, is_mask, lookup, split
from reconciler.types.kind import KindSpec

_LEFT_OUT: Object = {"": "a value that is no member"}


def merge_patch_body(spec: KindSpec, vocabulary: str, change: Change, before: Object | None) -> Object:
    """The body of a merging PATCH: the top-level members that the patch touches, null for those that it removes.

    Made from the object as it was read (`before`) and the patch, never from what the plan shows.
    """
    held = before or {}
    live = to_canonical(spec, held)[0]
    after = to_canonical(spec, apply_patch(change.patch, held))[0]
    resent = _resent(build_field_tree(spec), after, live, change.managed or {}, "")
    wire = to_wire(spec, resent if isinstance(resent, dict) else {}, vocabulary, like=before)
    body: Object = {}
    for op in change.patch:
        for place in (op.source, op.path):
            if place:
                member = split(place)[0]
                body[member] = wire.get(member)
    return body


def with_markers(spec: KindSpec, document: Object, managed: Object) -> Object:
    """`document` with what only `managed` (canonical pointer -> desired value) still holds.

    A document made for showing has null where an id is not known yet; the request needs the reference. And a member
    of a free object (a header) that the server hides is lost when the object is written whole, unless it is sent
    again; the declared secrets of `auth` are different, the API keeps those that are left out.
    """
    for pointer, value in managed.items():
        if has_reference(value) or (isinstance(value, SecretRef) and _is_hidden_member(spec, document, pointer)):
            document = _placed(document, split(pointer), value)
    return document


def _is_hidden_member(spec: KindSpec, document: Object, pointer: str) -> bool:
    row = node_at(spec, pointer).row
    return row is not None and row.path.endswith("/*") and _is_hidden(lookup(document, pointer))


def _is_hidden(value: Json) -> bool:
    return is_masked(value) or is_mask(value)


def has_reference(value: Json) -> bool:
    """Whether `value` is a reference to another object, or a list with one in it."""
    if isinstance(value, list):
        return any(has_reference(item) for item in value)
    return isinstance(value, ResourceRef)


def _placed(document: Object, tokens: tuple[str, ...], value: Json) -> Object:
    if len(tokens) == 1:
        return {**document, tokens[0]: value}
    inner = document.get(tokens[0])
    if inner is not None and (not isinstance(inner, dict)):
        return document  # one inline tool of a list: nothing in it refers to anything
    return {**document, tokens[0]: _placed(inner or {}, tokens[1:], value)}


def create_body(spec: KindSpec, document: Object) -> Object:
    """A canonical document as the body of a create: no nulls, nothing the server owns, no masks."""
    result = _clean(build_field_tree(spec), document)
    assert isinstance(result, dict)
    return result


def _resent(node: Node, value: Json, live: Json, managed: Object, path: str) -> Json:
    """A member that is written whole, as it may be sent: `value` is what the patch makes of `live`.

    What the patch set goes as it is. Of what only travels along, our own references are sent again; other secrets,
    shown or masked, are left out: the API keeps those that are declared, and a mask sent back is refused or stored.
    """
    if json_equal(value, live):
        ours, row = managed.get(path), node.row
        kept_by_api = row is not None and row.secret and not row.path.endswith("/*")
        if has_reference(ours) or (has_secret(ours) and not kept_by_api):
            return ours
        if (
            kept_by_api
            or (row is not None and (row.secret or (row.by_look != "" and looks_secret(row, value))))
            or is_masked(value)
        ):
            return _LEFT_OUT
    if node.row is not None and node.row.verbatim:
        return value
    if isinstance(value, list):
        items = (
            _resent(node.star or UNKNOWN, item, _read_as(item, at, live), {}, "") for at, item in enumerate(value)
        )
        return [item for item in items if item is not _LEFT_OUT]
    if not isinstance(value, dict):
        return value
    held = live if isinstance(live, dict) else {}
    result: Object = {}
    for word, member in value.items():
        child = node.child(word)
        if child.row is not None and child.row.server_owned:
            continue
        sent = _resent(child, member, held.get(word, _LEFT_OUT), managed, f"{path}/{escape(word)}")
        if sent is not _LEFT_OUT:
            result[word] = sent
    return result


def _read_as(item: Json, at: int, live: Json) -> Json:
    """What was read of an item of a list: the same wherever it stood, else what stood in its place."""
    held = live if isinstance(live, list) else []
    standing = held[at] if at < len(held) else _LEFT_OUT
    return next((one for one in held if json_equal(one, item)), standing)


def _clean(node: Node, value: Json) -> Json:
    if isinstance(value, list) and node.star is not None and node.star.children:
        return [_clean(node.star, item) for item in value]
    if not isinstance(value, dict) or (node.row is not None and node.row.verbatim):
        return value
    result: Object = {}
    for word, member in value.items():
        child = node.child(word)
        row = child.row
        if row is not None and row.server_owned:
            continue
        if row is not None and (row.secret or row.by_look != "") and _is_hidden(member):
            continue  # a mask sent back is refused, or stored as if it were the secret
        cleaned = _clean(child, member)
        if cleaned is None:
            continue
        if cleaned == {} and member != {}:
            continue  # held nothing but nulls
        result[word] = cleaned
    return result
