"""Reading the account for a plan, and comparing every resource with its live object.

Lists come first. Where a difference rests on a member that the list item lacks, or the account seems to have drifted,
the object is read by a GET of its own and compared again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.core.canonical.field_tree import absent_from_lists
from reconciler.core.planning.assemble_changes import plan_resource
from reconciler.core.planning.attachments import item_ids, shadows
from reconciler.core.planning.desired import as_replacement
from reconciler.core.planning.records import Account, Bound, Compared, Desired, Key
from reconciler.core.resource_diff.removals import find_mistyped
from reconciler.core.resource_diff.resource_plan import Binding, ResourcePlan
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.entry_records import name_of, rests_on_absence
from reconciler.engine.account_reader import (
    AccountReader,
    kinds_to_read,
    processing_failure,
    processing_remedy,
    processing_status,
)
from reconciler.engine.run_context import RunContext
from reconciler.types.address import Address
from reconciler.types.change import Direction, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import within
from reconciler.types.kind import Kinds
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import Resource
from reconciler.types.state import State

DELETED = "it was deleted while the account was read; run the same command again"

if TYPE_CHECKING:
    from reconciler.core.history.rollback_goal import Goal


def read_account(
    desired: Desired, reader: AccountReader, run: RunContext, book: SecretBook, *, everything: bool
) -> Account:
    """The lists of all kinds that a plan may touch, and what became of managed ids that they do not show.

    `everything`: the other kinds, too. Raises `ProviderError` where a list that is needed cannot be read.
    """
    resources, state = desired.resources, desired.state
    attached = (
        (spec := resource.kind).attachments and resource.leaves.get(spec.attachments)
        for resource in resources.values()
    )
    addresses = [*resources, *state.resources, *(intent.address for intent in state.pending)]
    listings = reader.lists(kinds_to_read(addresses, run.provider.kinds, attachments=any(attached)))
    pending = (resources.get(intent.address) for intent in state.pending)
    called = {resource.address: name_of(resource, book) for resource in pending if resource is not None}
    reader.settle_pending(listings, state, book, run.settle, called)
    if everything:
        listings |= reader.further(listings, [*run.provider.kinds])
    whole = _hide_embedded_objects(listings, desired, reader, book)
    looked = desired.scope.wanted | desired.scope.deletable | desired.untouched | desired.beside
    seen = reader.missing(
        {address: entry for address, entry in state.resources.items() if address in looked}, listings, run.settle
    )
    return Account(seen, whole, dict(reader.unlisted))


def _hide_embedded_objects(
    listings: dict[str, Listing], desired: Desired, reader: AccountReader, book: SecretBook
) -> dict[str, Listing]:
    """Remove objects that are items of another object from `listings`: adopted, they would be deleted with it.

    The kind of the other object is listed only if an object with a name of ours could be adopted. Gives the complete
    lists, by kind, that it shortened.
    """
    whole: dict[str, Listing] = {}
    held = {entry.id for entry in desired.state.resources.values()}
    for holder, pointer, shown in shadows(listings, reader.provider.kinds):
        names = {name_of(resource, book) for address, resource in desired.resources.items() if address.kind == shown}
        mine = listings[shown].objects.values()
        if holder not in listings and any(live.name in names and live.id not in held for live in mine):
            listings |= reader.further(listings, [holder])
        if holder in listings:
            ids = item_ids(listings[holder], pointer, reader.provider.kinds.get(shown)) - held
            whole[shown] = listings[shown]
            kept = {id: live for id, live in listings[shown].objects.items() if id not in ids}
            listings[shown] = Listing(shown, kept)
    return whole


def compare(
    desired: Desired,
    account: Account,
    bound: Bound,
    reader: AccountReader,
    goal: Goal | None = None,
    settled: Collection[Address] = (),
) -> Compared:
    """Every bound resource in scope against its object; which objects the account did not show, and which are of no
    use. An object that was looked at by itself is compared a second time; `settled` are in sync without a look."""
    state, scope, listings = desired.state, desired.scope, account.seen.listings
    every = {address: binding for address, binding in bound.matching.bindings.items() if address in scope.wanted}
    wanted = {address: binding for address, binding in every.items() if address not in settled} if settled else every
    ids = {address: binding.id for address, binding in wanted.items() if binding.id is not None}
    ids |= {address: state.resources[address].id for address in scope.deletable}
    live = {
        (address.kind, id): listing.objects[id]
        for address, id in ids.items()
        if (listing := listings.get(address.kind)) is not None and id in listing.objects
    }
    snapshot = AccountSnapshot(wanted, bound.resources, state, live, bound.context.kinds)
    live |= reader.apart(needs_detail(snapshot), live)
    live |= _shown(reader, partly_listed(snapshot))
    planned: dict[Address, ResourcePlan] = {}
    todo = {
        address: binding for address, binding in wanted.items() if (address.kind, binding.id) not in reader.not_shown
    }
    for first in (True, False):
        for address, binding in todo.items():
            resource, found = bound.resources[address], snapshot.live_of(address)
            if goal is not None:
                resource = goal.spared(address, resource, found)
            planned[address] = plan_resource(resource, binding, found, bound.context)
        if first:
            again = _shown(reader, [*_doubtful(planned, snapshot), *_absent(desired, live)])
            live |= again
            todo = {address: binding for address, binding in wanted.items() if (address.kind, binding.id) in again}
    for address, binding in wanted.items():
        if binding.reason is Reason.REPLACED and address in planned:
            change = as_replacement(planned[address].change, desired.moves.state.resources[address].id)
            planned[address] = replace(planned[address], change=change)
    unread = {
        address: reader.not_shown[address.kind, id]
        for address, id in ids.items()
        if (address.kind, id) in reader.not_shown
    }
    planned = {address: plan for address, plan in planned.items() if address not in unread}
    judged = replace(desired, scope=replace(scope, deletable=scope.deletable - unread.keys()))
    problems = tuple(failure_warnings(planned, snapshot))
    if goal is None:
        for address, result in planned.items():
            problems += tuple(find_mistyped(bound.resources[address], wanted[address].entry, result))
    left_out = len(every) - len(wanted)
    return Compared(judged, account, bound, planned, live, unread, problems=problems, settled=left_out)


def _shown(reader: AccountReader, wanted: Iterable[LiveObject]) -> dict[Key, LiveObject]:
    """Each object read by a GET of its own. One that was deleted since it was listed goes into `reader.not_shown`."""
    found = reader.details(wanted)
    reader.not_shown.update(dict.fromkeys((key for key, live in found.items() if live is None), DELETED))
    return {key: live for key, live in found.items() if live is not None}


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """Bindings, state and live objects of a run once its lists are read."""

    wanted: Mapping[Address, Binding]
    """The resources in scope."""
    resources: Mapping[Address, Resource]
    state: State
    live: Mapping[Key, LiveObject]
    """By kind and id; filled while the run reads objects in detail."""
    kinds: Kinds

    def live_of(self, address: Address) -> LiveObject | None:
        """The live object of a wanted resource, None where there is none yet."""
        id = self.wanted[address].id
        return self.live.get((address.kind, id)) if id is not None else None


def partly_listed(snapshot: AccountSnapshot) -> list[LiveObject]:
    """List items that lack a member which a manifest or the state has."""
    found: list[LiveObject] = []
    for address, binding in snapshot.wanted.items():
        live = snapshot.live_of(address)
        if live is None or live.detailed:
            continue
        lacking = [row for row in absent_from_lists(live.kind) if live.body.get(row[1:]) is None]
        if lacking:
            ours = {*snapshot.resources[address].leaves, *(binding.entry.sent if binding.entry else ())}
            if any(within(pointer, row) for pointer in ours for row in lacking):
                found.append(live)
    return found


def needs_detail(snapshot: AccountSnapshot) -> dict[Key, set[str]]:
    """(kind, id) -> pointers into sub resources that a manifest or the state manages and that have to be read."""
    found: dict[Key, set[str]] = {}
    for address, entry in snapshot.state.resources.items():
        if ours := set(snapshot.kinds.get(address.kind).separate_pointers) & entry.sent.keys():
            found.setdefault((address.kind, entry.id), set()).update(ours)
    for address, binding in snapshot.wanted.items():
        ours = set(snapshot.resources[address].kind.separate_pointers) & snapshot.resources[address].leaves.keys()
        if ours and binding.id is not None:
            found.setdefault((address.kind, binding.id), set()).update(ours)
    return found


def _doubtful(planned: Mapping[Address, ResourcePlan], snapshot: AccountSnapshot) -> Iterator[LiveObject]:
    """List items that differ by a member which lists may leave out, or that seem to have drifted."""
    for address, result in planned.items():
        if result.absent or any(field.direction is not Direction.VENDOR for field in result.drift):
            live = snapshot.live_of(address)
            if live is not None and not live.detailed:
                yield live


def _absent(desired: Desired, live: Mapping[Key, LiveObject]) -> Iterator[LiveObject]:
    """The same for objects whose manifest was removed."""
    for address in desired.scope.deletable:
        entry = desired.state.resources[address]
        item = live.get((address.kind, entry.id))
        if item is not None and rests_on_absence(entry, item):
            yield item


def failure_warnings(planned: Mapping[Address, ResourcePlan], snapshot: AccountSnapshot) -> list[Diagnostic]:
    """A warning for each managed object that the vendor failed to process or that waits for a person."""
    found: list[Diagnostic] = []
    for address, result in planned.items():
        live = snapshot.live_of(address)
        now = processing_status(live) if live is not None else None
        if now is not None and (now.failed or now.waiting):
            summary, hint = processing_failure(str(address), now), processing_remedy(result.change)
            source = snapshot.resources[address].source
            found.append(Diagnostic("E-failed", Severity.WARNING, summary, hint=hint, address=address, source=source))
    return found
