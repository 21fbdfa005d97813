"""A planned change -> the writes that carry it out, in order; pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from reconciler.core.canonical.canonical_form import without
from reconciler.core.canonical.vocabulary import wire_words
from reconciler.core.diff.request_body import partial, sendable, with_markers
from reconciler.platforms.tavus.client.endpoint import Endpoint, Part, PatchStyle
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Change, PatchOp, Request
from reconciler.types.json import Json, Object, lookup, within
from reconciler.types.kind import KindSpec

ATTACHED_WORDS = ("tools", "tool_ids")


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
