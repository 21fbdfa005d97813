"""Updating and deleting an object, and what only the state is told."""

from __future__ import annotations

from reconciler.core.planning.read_back import is_draft
from reconciler.engine.apply.read_back import read_back, see_gone
from reconciler.engine.apply.send_request import send
from reconciler.engine.apply.staleness import is_as_planned
from reconciler.engine.apply.step import Done, Step
from reconciler.engine.apply.step_context import StepContext
from reconciler.engine.apply.wait_visible import wait_until_attached, wait_until_patched
from reconciler.engine.placeholders import fill_request
from reconciler.errors import NotFound, PlanStale
from reconciler.types.change import Change, Request
from reconciler.types.json import Json

BODY = ("update", "conferencing")
"""Purposes of requests that write the body itself."""


def update(context: StepContext, change: Change) -> Step:
    """The step of an update: looked at again where the reading is old, every request in turn, read back."""
    assert change.id is not None
    held = context.live.get((change.address.kind, change.id))
    sent = held is not None and context.begun.explains(change, held, context.book, context.ids)
    sent = sent and not is_as_planned(change, held)
    watch = context.watch(change)
    if watch.is_old():
        watch.look()
    context.begin(change, None if sent else watch.now)
    unchanged = drafted = False
    for place, request in enumerate(change.requests):
        if sent and request.purpose in BODY:
            continue
        if request.purpose == "detach":
            wait_until_patched(change, change.requests[:place], context.provider, context.clock)
        answer = send(context, change, request, watch)
        unchanged = unchanged or answer.status == 304
        drafted = drafted or is_draft(answer.body)
        if request.purpose == "attach" and any(later.purpose == "update" for later in change.requests[place:]):
            wait_until_attached(change, _tools_in(context, request), context.provider, context.clock)
    _, notes = yield from read_back(context, change, change.id, unchanged=unchanged, drafted=drafted)
    return change.id, notes


def _tools_in(context: StepContext, request: Request) -> set[Json]:
    """The ids that an attach names."""
    body = fill_request(request, context.ids, context.book).body
    return set(texts) if isinstance(body, dict) and isinstance(texts := body.get("tool_ids"), list) else set()


def delete(context: StepContext, change: Change) -> Step:
    """The step of a delete: it ends when the object is seen to be gone."""
    watch = context.watch(change)
    gone = watch.is_old() and watch.look()
    context.begin(change, watch.now)
    for request in change.requests if not gone else ():
        try:
            send(context, change, request, watch)
        except NotFound:
            gone = True
    yield from see_gone(change)
    context.ledger.forget(change.address)
    return change.id, ("was gone already",) if gone else ()


def forget(context: StepContext, change: Change) -> Done:
    """The object leaves the state, and stays as it is."""
    context.begin(change)
    context.ledger.forget(change.address)
    return change.id, ()


def keep(context: StepContext, change: Change) -> Done:
    """Nothing to send: take the object into state, rename its entry, or bring its digests up to date."""
    assert change.id is not None
    context.begin(change)
    key = (change.address.kind, change.id)
    live = context.live.get(key) or context.provider.get(*key)
    if live is None:
        raise PlanStale(f"{change.address} ({change.id}) is gone since the plan was made")
    context.remember(change, context.with_apart(change, live))
    return change.id, ()
