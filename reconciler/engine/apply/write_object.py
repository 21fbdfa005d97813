"""Creating, updating and deleting an object: at most one comes of a create, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import replace

from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.planning.write_check import is_draft
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.core.state.entry_records import name_digest
from reconciler.engine.apply.read_back import (
    read_back,
    wait_until_attached,
    wait_until_deleted,
    wait_until_done,
    wait_until_patched,
)
from reconciler.engine.apply.staleness import is_as_planned
from reconciler.engine.apply.step import Done, PendingRead, Step, StepContext, post, send
from reconciler.engine.placeholders import fill_request
from reconciler.engine.run_context import SETTLE_SECONDS
from reconciler.errors import Interrupted, NotFound, OutcomeUnknown, PlanStale, ProviderError
from reconciler.types.change import Change, Request
from reconciler.types.json import Json, lookup
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.state import Entry, Intent

CREATE_TRIES = 3
LONGEST_URL = 2_000


def create(context: StepContext, change: Change) -> Step:
    """The step of a create: the object, then what is sent apart from it, then the reading of both."""
    context.begin(change)
    first, *others = change.requests
    id, live = context.begun.made.get(change.address), None
    if id is None:
        id, live = yield from _make(context, change, first, at_once=bool(others))
    context.ids[change.address] = id
    context.lists.note_created(change.address.kind, id)
    # The id is safe from here on; what was sent is only recorded once it was seen.
    context.ledger.keep(change.address, Entry(id, name=change.name, lifecycle=change.lifecycle, source=change.source))
    for request in others:
        send(context, change, request, None)
    found, notes = yield from read_back(context, change, id, first=None if others else live)
    waited = yield from wait_until_done(change, found, context.clock, context.emit, context.stop)
    url = context.authorization_urls.get(change.address)
    return id, notes + waited + ((f"to be opened by a person: {url}",) if waited and url else ())


def _make(
    context: StepContext, change: Change, first: Request, *, at_once: bool
) -> Generator[PendingRead, LiveObject | None, tuple[str, LiveObject | None]]:
    """Send the create itself; the new id, and the object where it was read. What gives way to it is put aside first.

    The reading may be shared with others, unless the id is needed `at_once` or the name is given twice.
    """
    old = context.entries.get(change.address)
    if change.replaces is not None and change.replaces not in context.entries and old is not None:
        aside = replace(old, gives_way_to=change.address)
        context.ledger.keep(change.replaces, aside, previous=change.address)
    intent, request = intent_of(context, change), fill_request(first, context.ids, context.book)
    name = name_in(change.kind, request, intent.name)
    alone = name == intent.name and context.has_unique_name(change)
    with nullcontext() if alone else context.name_check.name_lock(change.kind.name, name):
        told, found = _send_create(context, change, intent, request, name)
        if found is not None:
            context.ids[change.address] = found
            return found, None
        if told is not None and (told in intent.before or context.is_known(intent.kind, told)):
            told = None
        if told is None or at_once or not alone:
            live = context.provider.get(intent.kind, told) if told is not None else None
            id, live = _settled(context, intent, name, told, live)
            context.ids[change.address] = id
            return id, live
        context.ids[change.address] = told
    live = yield PendingRead(intent.kind, told, shared=True)
    return _settled(context, intent, name, told, live)


def _settled(
    context: StepContext, intent: Intent, name: str, told: str | None, live: LiveObject | None
) -> tuple[str, LiveObject | None]:
    """The id of what a create made, and the object where it was read. The id that the answer `told` is believed where
    nobody knew it before and the object there bears the `name` sent; else it is looked for. Raises `OutcomeUnknown`.
    """
    if told is not None and live is not None and (live.name is None or live.name.split() == name.split()):
        return told, live
    id = look_up(context, intent, name)
    if id is None and live is None:
        id = told
    if id is None:
        raise OutcomeUnknown(
            f"the answer to the create of {intent.address} names no id and the object is not in the list",
            hint="run the same command again: it looks the object up before it creates one",
        )
    return id, None


def intent_of(context: StepContext, change: Change) -> Intent:
    """The mark that a create is about to be sent."""
    before = context.namesakes.get(str(change.address), ())
    digest = name_digest(change, context.book)
    return Intent(change.address, change.address.kind, change.name or "", before, context.clock.now(), digest)


def _send_create(
    context: StepContext, change: Change, intent: Intent, request: Request, name: str
) -> tuple[str | None, str | None]:
    """Send a create at most once per look: after an unknown outcome the object is looked for first.

    Gives the id that the answer tells, and the one that was found without an answer. Raises `OutcomeUnknown`,
    `ProviderError`.
    """
    ledger = context.ledger
    for attempt in range(CREATE_TRIES):
        ledger.intend(intent)
        try:
            answer = post(context, change, request, lambda attempt: context.name_check.refuse(intent, name))
        except OutcomeUnknown as error:
            found = look_up(context, intent, name)
            if found is not None:
                return None, found
            if attempt + 1 == CREATE_TRIES:
                raise OutcomeUnknown(
                    f"{error.message}; the object was not found afterwards",
                    hint="run the same command again: it looks the object up before it creates one",
                ) from error
            continue
        except ProviderError:
            ledger.drop(change.address)  # the API answered: nothing was created
            raise
        except (PlanStale, Interrupted):
            if not attempt:
                ledger.drop(change.address)  # the API was not asked
            raise
        _keep_authorization_url(context, change, answer.body)
        return context.provider.created_id(intent.kind, answer), None
    raise AssertionError("unreachable")


def _keep_authorization_url(context: StepContext, change: Change, answer: Json) -> None:
    """Keep the address for a person that the answer to a create shows."""
    place = change.kind.processing.done_at if change.kind.processing is not None else None
    url = lookup(answer, place) if place is not None else None
    if isinstance(url, str) and url.startswith("https://") and len(url) <= LONGEST_URL:
        context.authorization_urls[change.address] = url


def name_in(spec: KindSpec, request: Request, otherwise: str) -> str:
    """The name that a filled create gives its object. The one on record is another where it comes from a variable."""
    body = to_canonical(spec, request.body)[0] if isinstance(request.body, dict) else None
    name = lookup(body, spec.name_field)
    return name if isinstance(name, str) and name else otherwise


def look_up(context: StepContext, intent: Intent, name: str) -> str | None:
    """The object that an open create made: of the `name` sent, not there before, in no state entry.

    Looked for in two complete lists. Raises `PlanStale` when there are several.
    """
    for pause in (0.0, SETTLE_SECONDS):
        if pause:
            context.clock.sleep(pause)
        taken = context.managed_ids()
        named = objects_of(context.lists.read(intent.kind), name)
        found = [id for id in named if id not in intent.before and id not in taken]
        if len(found) > 1:
            raise PlanStale(
                f"{intent.address} was sent once and {len(found)} new objects are called {intent.name!r}: "
                f"{', '.join(found)}",
                hint=f"say which one is ours: reconciler import {intent.address} ID",
            )
        if found:
            return found[0]
    return None


BODY = ("update", "conferencing")
"""Purposes of requests that write the body itself."""


def update(context: StepContext, change: Change) -> Step:
    """The step of an update: looked at again where the reading is old, every request in turn, read back."""
    assert change.id is not None
    held = context.live.get((change.address.kind, change.id))
    sent = held is not None and context.begun.explains(change, held, context.book, context.ids)
    sent = sent and not is_as_planned(change, held)
    check = context.object_check(change)
    if check.is_old():
        check.read_again()
    context.begin(change, None if sent else check.now)
    unchanged = drafted = False
    for index, request in enumerate(change.requests):
        if sent and request.purpose in BODY:
            continue
        if request.purpose == "detach":
            wait_until_patched(change, change.requests[:index], context.provider, context.clock)
        answer = send(context, change, request, check)
        unchanged = unchanged or answer.status == 304
        drafted = drafted or is_draft(answer.body)
        if request.purpose == "attach" and any(later.purpose == "update" for later in change.requests[index:]):
            wait_until_attached(change, _tools_in(context, request), context.provider, context.clock)
    _, notes = yield from read_back(context, change, change.id, unchanged=unchanged, drafted=drafted)
    return change.id, notes


def _tools_in(context: StepContext, request: Request) -> set[Json]:
    """The ids that an attach names."""
    body = fill_request(request, context.ids, context.book).body
    return set(texts) if isinstance(body, dict) and isinstance(texts := body.get("tool_ids"), list) else set()


def delete(context: StepContext, change: Change) -> Step:
    """The step of a delete: it ends when the object is seen to be gone."""
    check = context.object_check(change)
    gone = check.is_old() and check.read_again()
    context.begin(change, check.now)
    for request in change.requests if not gone else ():
        try:
            send(context, change, request, check)
        except NotFound:
            gone = True
    yield from wait_until_deleted(change)
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
    context.remember(change, context.with_separate_parts(change, live))
    return change.id, ()
