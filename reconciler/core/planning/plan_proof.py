"""A saved plan held against itself: what would be sent, what people were shown, and what state and account say.

Nothing here trusts the file beyond what its changes say in plain sight. The requests are made again from the changes;
the patch must turn the object as it is now into what was shown, leaf by leaf; the counts are counted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.planning.assemble_changes import in_order, summarise
from reconciler.core.planning.preconditions import WRITES, newly_managed
from reconciler.core.planning.write_proof import wrong_create, wrong_delete, wrong_update
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.serialization.record_codec import write_marks
from reconciler.core.state.entry_records import bears, old_address, renamed, set_aside
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Reason, Request
from reconciler.types.json import Object
from reconciler.types.live import Listing, LiveObject
from reconciler.types.plan import Plan
from reconciler.types.state import Entry, Move, State

MODES = ("normal", "destroy", "refresh-only")
COUNTED = ("imported", "added", "changed", "destroyed", "forgotten", "moved", "adopted")


@dataclass(frozen=True, slots=True)
class ProofContext:
    """What a plan is held against: the state and the account as they are now, which are those of the plan."""

    state: State
    live: Mapping[tuple[str, str], LiveObject]
    listings: Mapping[str, Listing]
    book: SecretBook
    requests: Callable[[Change, Object | None], tuple[Request, ...]]
    """The writes of a change, given the live body."""


def find_forgeries(plan: Plan, ground: ProofContext) -> tuple[str, ...]:
    """Everything in which the plan contradicts itself, the state or the account; empty for one that was made here."""
    found = list(_wrong_as_a_whole(plan))
    then = state_of_plan(plan, ground.state)
    for change in plan.changes:
        entry = then.resources.get(change.address)
        found += [f"{change.address}: {contradiction}" for contradiction in _wrong(change, entry, then, ground)]
    return tuple(dict.fromkeys(found))


def state_of_plan(plan: Plan, state: State) -> State:
    """The state with the moves and replacements of `plan`: what its changes were compared with."""
    moves = []
    for change in plan.changes:
        if change.previous is not None:
            entry = state.resources.get(change.previous)
            moves.append(Move(change.previous, change.address, entry.id if entry is not None else None))
    return set_aside(
        renamed(state, moves), {change.address for change in plan.changes if change.replaces is not None}
    )


def _wrong_as_a_whole(plan: Plan) -> Iterator[str]:
    counted = summarise(plan.differences, not_looked_at=0, unmanaged=0, unchanged=0)
    for name in COUNTED:
        if getattr(plan.summary, name) != getattr(counted, name):
            yield f"the plan counts {getattr(plan.summary, name)} {name}, its changes are {getattr(counted, name)}"
    if plan.summary.incomplete != len(plan.incomplete):
        yield "the plan does not count what could not be compared as it lists it"
    if plan.mode not in MODES:
        yield f"a mode that is not known: {plan.mode}"
    if plan.mode == "destroy" and any(change.action not in (Action.DELETE, Action.FORGET) for change in plan.changes):
        yield "a plan to destroy holds other changes"
    if plan.mode == "refresh-only" and any(change.action is not Action.NOOP for change in plan.changes):
        yield "a refresh holds writes"
    if len({change.address for change in plan.changes}) != len(plan.changes):
        yield "an address stands in the plan twice"
    if in_order(plan.changes) != plan.changes:
        yield "the changes are not in the order in which they are carried out"


def _wrong(change: Change, entry: Entry | None, then: State, ground: ProofContext) -> Iterator[str]:
    spec = change.kind
    live = ground.live.get((change.address.kind, change.id or ""))
    if change.level != spec.level:
        yield "its level is not that of its kind"
    yield from _wrong_identity(change, entry, then, live, ground)
    if change.action in (Action.UPDATE, Action.DELETE) and (live is None or change.live_digest is None):
        yield "the object that it writes is not the one that was looked at"
        return
    body = live.body if live is not None else None
    wanted = ground.requests(change, body) if change.action in WRITES else ()
    if not _same_requests(change.requests, wanted):
        yield "what it would send is not what its changes say"
    secrets = entry.secret_paths if entry is not None else frozenset()
    if change.action is Action.CREATE:
        yield from wrong_create(change)
    elif change.action in (Action.DELETE, Action.FORGET):
        yield from wrong_delete(change, live, secrets)
    else:
        yield from wrong_update(change, entry, live, ground.book)
    if entry is not None and change.action is Action.UPDATE:
        lifted = [note for note in newly_managed(entry.lifecycle, change) if note not in change.notes]
        yield from (f"it does not say that {note}" for note in lifted)


def _wrong_identity(
    change: Change, entry: Entry | None, then: State, live: LiveObject | None, ground: ProofContext
) -> Iterator[str]:
    """Whether it is about the object that the state holds at its address."""
    if change.action is Action.CREATE:
        yield from _wrong_newcomer(change, entry, ground)
        return
    if change.id is None:
        yield "it names no object"
    elif change.importing is not None:
        held = {(address.kind, resource.id) for address, resource in then.resources.items()}
        if change.importing != change.id or (change.address.kind, change.id) in held:
            yield f"{change.importing} is not an object that could be imported"
    elif entry is None:
        intent = next((intent for intent in then.pending if intent.address == change.address), None)
        named = live is not None and intent is not None and bears(intent, live.name, ground.book)
        ours = named and intent is not None and change.id not in intent.before
        if not ours or change.action not in (Action.DELETE, Action.FORGET):
            yield "the state does not hold it"
    elif entry.id != change.id:
        yield f"the state holds {entry.id} there, not {change.id}"
    if change.action in (Action.DELETE, Action.FORGET) and entry is not None:
        if entry.gives_way_to != change.gives_way_to:
            yield "the state does not say that it gives way to that"
        kept = replace(change.lifecycle, protect=entry.lifecycle.protect)
        if kept != entry.lifecycle or (entry.lifecycle.protect and not change.lifecycle.protect):
            yield "its lifecycle is not what the state remembers"


def _wrong_newcomer(change: Change, entry: Entry | None, ground: ProofContext) -> Iterator[str]:
    if change.id is not None or change.importing is not None:
        yield "it makes an object and names one"
    listing = ground.listings.get(change.address.kind)
    if entry is not None and listing is not None and entry.id in listing.objects:
        yield f"the state holds {entry.id} there already"
    old = ground.state.resources.get(change.previous or change.address)
    if change.replaces is not None and (old is None or change.replaces != old_address(change.address, old.id)):
        yield "the state holds nothing there that could be made anew"
    if (change.replaces is not None) != (change.reason is Reason.REPLACED):
        yield "it does not say that it is made anew"


def _same_requests(left: Sequence[Request], right: Sequence[Request]) -> bool:
    """Compared by what is sent: members of objects have no order, numbers and booleans are not each other."""
    return [_plain(request) for request in left] == [_plain(request) for request in right]


def _plain(request: Request) -> tuple[str, str, Address, str, str]:
    import json

    body = json.dumps(write_marks(request.body), sort_keys=True)
    return request.method, request.path, request.address, body, request.purpose
