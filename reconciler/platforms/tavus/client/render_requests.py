"""A planned change -> the writes that carry it out, in order; a write -> the call that sends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote, unquote

from reconciler.core.canonical.canonical_form import without_pointers
from reconciler.core.canonical.vocabulary import to_wire
from reconciler.core.diff.request_body import create_body, merge_patch_body, with_markers
from reconciler.errors import Rejected
from reconciler.platforms.tavus.client.endpoints import Endpoint, Part, PatchStyle, is_answer_to
from reconciler.platforms.tavus.client.http_attempt import Call
from reconciler.platforms.tavus.client.retry_policy import is_repeatable, judge, needs_image
from reconciler.types.address import ResourceRef, is_reference
from reconciler.types.change import Action, Change, PatchOp, Request
from reconciler.types.json import Json, Object, is_mask, lookup, within
from reconciler.types.kind import KindSpec
from reconciler.types.ports import Gate

ATTACHED_WORDS = ("tools", "tool_ids")
PLACEHOLDER = re.compile(r"\{[a-z_]+\.[^{}/]*\}")


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
    body = create_body(spec, document)
    if not all(body.get(word) for word in endpoint.create_needs.get(vocabulary, ())):
        vocabulary = endpoint.create_else.get(vocabulary, vocabulary)
    created = endpoint.paths[vocabulary]
    requests = [Request("POST", created, change.address, to_wire(spec, body, vocabulary), "create")]
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
        body = merge_patch_body(spec, vocabulary, change, before)
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
        if any(within(op.path, pointer) for pointer in spec.patched_alone):
            alone.append(op)
            continue
        if op.op == "remove":
            inside = [one for one in spec.patched_alone if within(one, op.path) and lookup(before, one) is not None]
            alone += [PatchOp("remove", pointer) for pointer in inside]
            if inside and not without_pointers(
                lookup(before, op.path), [pointer[len(op.path) :] for pointer in inside]
            ):
                continue  # nothing else is in it, and what is empty says nothing
        value = op.value
        for pointer in spec.patched_alone if op.op in ("add", "replace") else ():
            if within(pointer, op.path) and (inner := lookup(value, pointer[len(op.path) :])) is not None:
                value = without_pointers(value, [pointer[len(op.path) :]])
                alone.append(PatchOp("add", pointer, inner))
        together.append(op if value is op.value else PatchOp(op.op, op.path, value, op.source))
    return together, alone


def _enabling(spec: KindSpec, ops: Sequence[PatchOp]) -> tuple[list[PatchOp], list[PatchOp]]:
    """The operations without which what is attached does nothing (tools that look need raven-1), and the others."""
    early = [
        op
        for op in ops
        if op.op in ("add", "replace") and any(within(pointer, op.path) for pointer in spec.written_before_attaching)
    ]
    return early, [op for op in ops if op not in early]


def _touches_keyed(spec: KindSpec, ops: Sequence[PatchOp]) -> bool:
    """Whether the patch takes away or rewrites a list of inline tools, or an object that holds one."""
    keyed = [row.path for row in spec.fields if row.keyed]
    places = [place for op in ops if op.op != "add" for place in (op.path, op.source) if place is not None]
    return any(within(place, pointer) or within(pointer, place) for place in places for pointer in keyed)


def call_of(
    request: Request,
    spec: KindSpec,
    endpoint: Endpoint,
    body_of: Callable[[str, str], Object | None],
    *,
    force: bool,
    gate: Gate | None,
) -> Call:
    """The call that sends a write whose placeholders are filled. Raises `Rejected` where one still stands.

    `body_of(kind, id)` reads an object, to find out whether a PATCH without an answer took effect.
    """
    if PLACEHOLDER.search(unquote(request.path)) or _has_placeholder(request.body):
        raise Rejected(
            f"{request.method} {request.path} still holds a placeholder", hint="this is a bug; nothing was sent"
        )
    parts = request.path.strip("/").split("/")
    # A POST to `/pals/{id}/tools` attaches, and may be repeated.
    attaches = endpoint.attachments is not None and len(parts) == 3 and parts[2] == endpoint.attachments
    create = request.method == "POST" and not attaches
    id = unquote(parts[1]) if len(parts) == 2 else ""  # none in a collection and a sub resource
    return Call(
        request.method,
        request.path,
        query=endpoint.force_query if force and request.method == "PATCH" else {},
        body=request.body,
        create=create,
        landed=_landed(request, lambda: body_of(endpoint.kind, unquote(parts[-1]))),
        accept=None if create else lambda document: is_answer_to(spec, id, document),
        gate=gate,
    )


def _landed(request: Request, read: Callable[[], Object | None]) -> Callable[[], bool] | None:
    """How to find out whether a PATCH landed; None where sending it again does no harm."""
    if request.method != "PATCH" or not isinstance(request.body, list) or is_repeatable(request.body):
        return None
    landed = judge(request.body, read() if needs_image(request.body) else None)

    def ask() -> bool:
        body = read()
        return body is not None and landed(body)

    return ask


def _has_placeholder(value: Json) -> bool:
    if is_mask(value) or is_reference(value):
        return True
    if isinstance(value, dict):
        return any(_has_placeholder(member) for member in value.values())
    return isinstance(value, list) and any(_has_placeholder(item) for item in value)
