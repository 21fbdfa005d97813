"""Every promise of a saved plan, checked before the first write; and what is left of one that was cut short."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.vocabulary import object_digest
from reconciler.core.planning.preconditions import matches_own_write
from reconciler.core.policies.plan_policies import same_account
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.entry_format import entry_digest
from reconciler.core.state.entry_records import made_by, name_given
from reconciler.engine.account_reader import AccountReader
from reconciler.engine.run_context import RunContext
from reconciler.errors import PlanStale
from reconciler.types.address import Address
from reconciler.types.change import Action, Change
from reconciler.types.live import Listing, LiveObject
from reconciler.types.plan import Plan
from reconciler.types.state import PlanProgress, State

AGAIN = "make a new plan, review it, and apply that one"


def check_state(plan: Plan, state: State, *, workspace: str, digest: str | None) -> PlanProgress | None:
    """The plan was made for this state, at this serial, and was not applied before; how far it came where it was
    begun and cut short, if no other run wrote since what the rest is about. Raises `PlanStale`."""
    if plan.workspace != workspace:
        raise PlanStale(
            f"the plan was made for workspace {plan.workspace!r}, this is {workspace!r}",
            hint=f"apply it with -w {plan.workspace}",
        )
    begun = state.plan(digest) if digest is not None else None
    if begun is not None and begun.finished:
        raise PlanStale("this plan was applied before", hint=AGAIN)
    new = state.serial == 0 and not state.resources
    if new and plan.serial:
        whose = f" of the project {plan.project}" if plan.project else ""
        raise PlanStale(
            f"there is no state here, and the plan was made over one (serial {plan.serial})",
            hint=f"apply it in the folder{whose} that it was made in: -C FOLDER",
        )
    if plan.lineage != state.lineage and not new:
        raise PlanStale("the plan was made for another state (its lineage differs)", hint=AGAIN)
    if begun is not None and (begun.serial == state.serial or not (written := _written_since(plan, begun, state))):
        return begun
    if begun is not None:
        raise PlanStale(
            f"this plan was cut short at serial {begun.serial}, and another run wrote since: "
            f"{', '.join(map(str, written))} (serial {state.serial})",
            hint=AGAIN,
        )
    if plan.serial != state.serial:
        raise PlanStale(
            f"the state moved since the plan was made: serial {state.serial}, not {plan.serial}", hint=AGAIN
        )
    return None


def _written_since(plan: Plan, begun: PlanProgress, state: State) -> list[Address]:
    """What is left of a plan and of which state does not say any more what it said when the plan was made: another
    run wrote it since, or this one had begun with it."""
    left = [change.address for change in remaining_plan(plan, begun).changes]
    open_ones = {intent.address for intent in state.pending}

    def now(address: Address) -> str | None:
        entry = state.resources.get(address)
        return None if entry is None else entry_digest(address, entry)

    return [address for address in left if now(address) != plan.entries.get(str(address)) or address in open_ones]


def check_account(
    plan: Plan,
    state: State,
    setting: RunContext,
    reader: AccountReader,
    *,
    accept: bool,
    progress: PlanProgress | None = None,
) -> tuple[dict[tuple[str, str], LiveObject], InterruptedRun, Mapping[str, Listing]]:
    """The account and every object that the plan changes, imports or refers to are as they were.

    Gives the objects as they are now read, what of the plan is there already (with `progress` the plan is what is
    left of one that was cut short), and the lists that were read. Raises `PlanStale` naming all that moved.
    """
    account = setting.provider.account()
    if (account.base_url, account.vocabulary) != (plan.account.base_url, plan.account.vocabulary):
        raise PlanStale(
            f"the plan was made for {plan.account.base_url} ({plan.account.vocabulary} words), "
            f"this is {account.base_url} ({account.vocabulary} words)",
            hint=AGAIN,
        )
    kinds = {change.address.kind for change in plan.changes} | {key.partition("/")[0] for key in plan.references}
    if not kinds or progress is not None:
        # A run that was cut short may not have noted the account: any object of ours tells it.
        kinds |= {address.kind for address in state.resources}
    listings = reader.lists(sorted(kinds))
    if progress is not None:
        book = setting.book(state)
        called = {change.address: name_given(change, book) for change in plan.changes}
        reader.settle_pending(listings, state, book, setting.settle, called)
    account = setting.provider.account()
    other = plan.account.owner is not None and account.owner is not None and plan.account.owner != account.owner
    back = plan.rollback is not None
    known = other or same_account(state, account, listings, lambda: setting.fingerprint(state), back=back)
    if not accept and (other or not known):
        raise PlanStale("this key belongs to another account than the plan was made for", hint=AGAIN)
    live = _read(plan, listings, reader)
    begun = find_interrupted_run(plan, state, listings, progress, setting.book(state))
    ids = {address: entry.id for address, entry in state.resources.items()}
    explained = {
        change.address
        for change in plan.changes
        if change.address in begun.made
        or begun.explains(change, live.get((change.address.kind, change.id or "")), setting.book(state), ids)
    }
    moved = _moved(plan, listings, live, explained, setting.book(state))
    if moved:
        raise PlanStale("the account moved since the plan was made: " + "; ".join(moved), hint=AGAIN)
    return live, begun, listings


def _read(plan: Plan, listings: dict[str, Listing], reader: AccountReader) -> dict[tuple[str, str], LiveObject]:
    live: dict[tuple[str, str], LiveObject] = {}
    for change in plan.changes:
        if change.id is not None and change.id in listings[change.address.kind].objects:
            live[change.address.kind, change.id] = listings[change.address.kind].objects[change.id]
    for key in plan.references:
        name, _, id = key.partition("/")
        if id in listings[name].objects:
            live[name, id] = listings[name].objects[id]
    detailed = [
        live[change.address.kind, change.id]
        for change in plan.changes
        if change.detailed and change.id is not None and (change.address.kind, change.id) in live
    ]
    live |= {key: found for key, found in reader.details(detailed).items() if found is not None}
    return live


def _moved(
    plan: Plan,
    listings: dict[str, Listing],
    live: dict[tuple[str, str], LiveObject],
    explained: Collection[Address],
    book: SecretBook,
) -> list[str]:
    """`explained` are changes whose object is there, gone or other than planned by our own doing."""
    moved: list[str] = []
    for change in plan.changes:
        if change.address in explained:
            continue
        name = change.address.kind
        if change.action is Action.CREATE:
            there = objects_of(listings[name], name_given(change, book))
            if tuple(there) != plan.namesakes.get(str(change.address), ()):
                moved.append(f"{change.address}: there is now an object called {change.name!r} ({', '.join(there)})")
        elif change.live_digest is not None and change.id is not None:
            found = live.get((name, change.id))
            if found is None:
                moved.append(f"{change.address} ({change.id}) is gone")
            elif object_digest(found.kind, found) != change.live_digest:
                moved.append(f"{change.address} ({change.id}) was changed")
    for key, digest in plan.references.items():
        name, _, id = key.partition("/")
        found = live.get((name, id))
        if found is None or object_digest(found.kind, found) != digest:
            moved.append(f"{key}, which the plan refers to, was {'changed' if found else 'deleted'}")
    return moved


@dataclass(frozen=True, slots=True)
class InterruptedRun:
    """What the run before this one may have left behind without having told the state; empty for a plan that is
    carried out for the first time."""

    made: Mapping[Address, str] = field(default_factory=dict)
    """Creates whose object is there, with its id."""
    resumed: bool = False

    def explains(self, change: Change, live: LiveObject | None, book: SecretBook, ids: Mapping[Address, str]) -> bool:
        """Whether an object that is not as planned is what our own requests made of it, and nobody else's."""
        if not self.resumed:
            return False
        if change.action is Action.DELETE:
            return live is None
        if live is None or change.action is not Action.UPDATE:
            return False
        return matches_own_write(change, live, book, ids)


NOTHING = InterruptedRun()


def remaining_plan(plan: Plan, progress: PlanProgress | None) -> Plan:
    """The plan without the changes that were carried out whole."""
    if progress is None:
        return plan
    return replace(plan, changes=tuple(change for change in plan.changes if change.address not in progress.done))


def find_interrupted_run(
    plan: Plan, state: State, listings: Mapping[str, Listing], progress: PlanProgress | None, book: SecretBook
) -> InterruptedRun:
    """What the run that was cut short had made; `plan` holds what is left."""
    if progress is None:
        return NOTHING
    intents = {intent.address: intent for intent in state.pending}
    held = {entry.id for entry in state.resources.values()}
    made: dict[Address, str] = {}
    for change in plan.changes:
        if change.action is not Action.CREATE:
            continue
        address = change.address
        listing = listings[address.kind]
        entry, intent = state.resources.get(address), intents.get(address)
        set_aside = change.replaces is None or change.replaces in state.resources
        if entry is not None and set_aside and entry.id in listing.objects:
            made[address] = entry.id
        elif intent is not None:
            new = made_by(intent, listing, book, held, name_given(change, book))
            if len(new) == 1:
                made[address] = new[0]
    return InterruptedRun(made, resumed=True)


def is_as_planned(change: Change, live: LiveObject | None) -> bool:
    """Whether the object of a change is still the one that the plan was made against."""
    return live is not None and object_digest(change.kind, live) == change.live_digest
