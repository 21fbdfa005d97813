"""A planned change -> the writes that carry it out, in order; pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from reconciler.core.canonical.canonical_form import is_masked, same, without
from reconciler.core.canonical.field_tree import Node, looks_secret, node_at, shape
from reconciler.core.canonical.vocabulary import canonical_words, wire_words
from reconciler.core.diff.json_patch import apply_patch
from reconciler.core.secrets.secret_book import has_secret
from reconciler.platforms.tavus.client.endpoint import Endpoint, Part, PatchStyle
from reconciler.types.change import Action, Change, PatchOp, Request
from reconciler.types.json import Json, Object, escape, lookup, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.mask import is_mask
from reconciler.types.reference import ResourceRef, SecretRef

ATTACHED_WORDS = ("tools", "tool_ids")
_LEFT_OUT: Object = {"": "a value that is no member"}


def render(
    spec: KindSpec, endpoint: Endpoint, vocabulary: str, change: Change, before: Object | None
) -> tuple[Request, ...]:
    """The requests of one change: create or patch, what must be patched alone, attach, detach.

    Attaching comes first where the patch takes inline tools away, so that no moment is without the tool.
    """
    collection = endpoint.paths[vocabulary]
    if change.action is Action.CREATE:
        return _create(spec, endpoint, collection, vocabulary, change)
    if change.action is Action.UPDATE:
        return _update(spec, endpoint, collection, vocabulary, change, before)
    if change.action is Action.DELETE:
        return (Request("DELETE", _object_path(collection, change), change.address, purpose="delete"),)
    return ()


def _object_path(collection: str, change: Change) -> str:
    id = change.id or change.importing
    return f"{collection}/{quote(id, safe='')}" if id else f"{collection}/{{{change.address}}}"


def _create(
    spec: KindSpec, endpoint: Endpoint, collection: str, vocabulary: str, change: Change
) -> tuple[Request, ...]:
    document = with_markers(spec, change.after or {}, change.managed or {})
    tools = attached(document) if endpoint.attachments else []
    if endpoint.attachments:
        document = {word: value for word, value in document.items() if word not in ATTACHED_WORDS}
    parts = {pointer: document[pointer[1:]] for pointer in endpoint.parts if document.get(pointer[1:])}
    document = {word: value for word, value in document.items() if f"/{word}" not in endpoint.parts}
    body = sendable(spec, document)
    if not all(body.get(word) for word in endpoint.create_needs.get(vocabulary, ())):
        vocabulary = endpoint.create_else.get(vocabulary, vocabulary)
    created = endpoint.paths[vocabulary]
    requests = [Request("POST", created, change.address, wire_words(spec, body, vocabulary), "create")]
    if tools:
        requests.append(_attach(collection, f"{collection}/{{{change.address}}}", endpoint, change, tools))
    requests += [
        _put(f"{collection}/{{{change.address}}}", endpoint.parts[pointer], change, value)
        for pointer, value in parts.items()
    ]
    return tuple(requests)


def _update(
    spec: KindSpec, endpoint: Endpoint, collection: str, vocabulary: str, change: Change, before: Object | None
) -> tuple[Request, ...]:
    path = _object_path(collection, change)
    together, alone = divide(spec, change.patch, before)
    added, gone = attachments(change) if endpoint.attachments else ([], [])
    attach = [_attach(collection, path, endpoint, change, added)] if added else []
    first, last = (attach, []) if _touches_keyed(spec, together) else ([], attach)
    early, together = _enabling(spec, together) if first else ([], together)
    if early:
        first = [Request("PATCH", path, change.address, [op.to_json() for op in early], "update"), *first]
    patches: list[Request] = []
    if together and endpoint.patch_style is PatchStyle.MERGE:
        body = partial(spec, vocabulary, change, before)
        patches.append(Request("PATCH", path, change.address, body, "update"))
    elif together:
        patches.append(Request("PATCH", path, change.address, [op.to_json() for op in together], "update"))
    if alone:
        request = Request("PATCH", path, change.address, [op.to_json() for op in alone], "conferencing")
        # What it needs is set before it and taken away after it: a face, and the object that it stands in.
        patches.insert(0 if all(op.op == "remove" for op in alone) else len(patches), request)
    last += [
        _put(path, endpoint.parts[row.path], change, (change.managed or {}).get(row.path))
        for row in change.fields
        if row.path in endpoint.parts
    ]
    return (*first, *patches, *last, *(_detach(path, endpoint, change, tool) for tool in gone))


def _attach(collection: str, path: str, endpoint: Endpoint, change: Change, tools: list[Json]) -> Request:
    return Request("POST", f"{path}/{endpoint.attachments}", change.address, {"tool_ids": tools}, "attach")


def _put(path: str, part: Part, change: Change, value: Json) -> Request:
    return Request("PUT", f"{path}/{part.name}", change.address, part.write(value), part.name)


def _detach(path: str, endpoint: Endpoint, change: Change, tool: Json) -> Request:
    last = f"{{{tool}}}" if isinstance(tool, ResourceRef) else quote(str(tool), safe="")
    return Request("DELETE", f"{path}/{endpoint.attachments}/{last}", change.address, purpose="detach")


def attached(document: Object) -> list[Json]:
    """The ids and references under `tools` (or `tool_ids`), each once."""
    found = next((value for word in ATTACHED_WORDS if isinstance(value := document.get(word), list)), [])
    result: list[Json] = []
    for item in found:
        if item is not None and item not in result:
            result.append(item)
    return result


def attachments(change: Change) -> tuple[list[Json], list[Json]]:
    """What an update attaches and detaches, out of the field change at `/tools`."""
    for row in change.fields:
        word = row.path.removeprefix("/")
        if word in ATTACHED_WORDS:
            before = attached({word: row.before})
            after = attached({word: row.after})
            if row.after_unknown:  # the shown value has no references; the managed one has
                after = attached({word: (change.managed or {}).get(row.path)}) or after
            return [tool for tool in after if tool not in before], [tool for tool in before if tool not in after]
    return [], []


def divide(
    spec: KindSpec, patch: Sequence[PatchOp], before: Object | None = None
) -> tuple[list[PatchOp], list[PatchOp]]:
    """The operations that may travel together, and those that the API wants in a request of their own.

    A parent that is added whole, or that goes with such a part in it, is taken apart.
    """
    together: list[PatchOp] = []
    alone: list[PatchOp] = []
    for op in patch:
        if any(within(op.path, pointer) for pointer in spec.alone):
            alone.append(op)
            continue
        if op.op == "remove":
            inside = [one for one in spec.alone if within(one, op.path) and lookup(before, one) is not None]
            alone += [PatchOp("remove", pointer) for pointer in inside]
            if inside and not without(lookup(before, op.path), [pointer[len(op.path) :] for pointer in inside]):
                continue  # nothing else is in it, and what is empty says nothing
        value = op.value
        for pointer in spec.alone if op.op in ("add", "replace") else ():
            if within(pointer, op.path) and (inner := lookup(value, pointer[len(op.path) :])) is not None:
                value = without(value, [pointer[len(op.path) :]])
                alone.append(PatchOp("add", pointer, inner))
        together.append(op if value is op.value else PatchOp(op.op, op.path, value, op.source))
    return together, alone


def _enabling(spec: KindSpec, ops: Sequence[PatchOp]) -> tuple[list[PatchOp], list[PatchOp]]:
    """The operations without which what is attached does nothing (tools that look need raven-1), and the others."""
    early = [
        op
        for op in ops
        if op.op in ("add", "replace") and any(within(pointer, op.path) for pointer in spec.before_attaching)
    ]
    return early, [op for op in ops if op not in early]


def _touches_keyed(spec: KindSpec, ops: Sequence[PatchOp]) -> bool:
    """Whether the patch takes away or rewrites a list of inline tools, or an object that holds one."""
    keyed = [row.path for row in spec.fields if row.keyed]
    places = [place for op in ops if op.op != "add" for place in (op.path, op.source) if place is not None]
    return any(within(place, pointer) or within(pointer, place) for place in places for pointer in keyed)


def partial(spec: KindSpec, vocabulary: str, change: Change, before: Object | None) -> Object:
    """The body of a merging PATCH: the top-level members that the patch touches, null for those that it removes.

    Made from the object as it was read (`before`) and the patch, never from what the plan shows.
    """
    held = before or {}
    live = canonical_words(spec, held)[0]
    after = canonical_words(spec, apply_patch(change.patch, held))[0]
    resent = _resent(shape(spec), after, live, change.managed or {}, "")
    wire = wire_words(spec, resent if isinstance(resent, dict) else {}, vocabulary, like=before)
    body: Object = {}
    for op in change.patch:
        for place in (op.source, op.path):
            if place:
                member = split(place)[0]
                body[member] = wire.get(member)
    return body


# --- what may be sent ---------------------------------------------------------------------------------------------


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


def sendable(spec: KindSpec, document: Object) -> Object:
    """A canonical document as the body of a create: no nulls, nothing the server owns, no masks."""
    result = _clean(shape(spec), document)
    assert isinstance(result, dict)
    return result


def _resent(node: Node, value: Json, live: Json, managed: Object, path: str) -> Json:
    """A member that is written whole, as it may be sent: `value` is what the patch makes of `live`.

    What the patch set goes as it is. Of what only travels along, our own references are sent again; other secrets,
    shown or masked, are left out: the API keeps those that are declared, and a mask sent back is refused or stored.
    """
    if same(value, live):
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
    if not isinstance(value, dict) or (node.row is not None and node.row.verbatim):
        return value
    held = live if isinstance(live, dict) else {}
    result: Object = {}
    for word, member in value.items():
        child = node.child(word)
        if child.row is not None and child.row.server:
            continue
        sent = _resent(child, member, held.get(word, _LEFT_OUT), managed, f"{path}/{escape(word)}")
        if sent is not _LEFT_OUT:
            result[word] = sent
    return result


def _clean(node: Node, value: Json) -> Json:
    if not isinstance(value, dict) or (node.row is not None and node.row.verbatim):
        return value
    result: Object = {}
    for word, member in value.items():
        child = node.child(word)
        row = child.row
        if row is not None and row.server:
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
