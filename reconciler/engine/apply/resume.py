"""A saved plan that was cut short, taken up again: what is left of it, and what of that had been sent already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.live_document import object_digest
from reconciler.core.kind_table import kind
from reconciler.core.planning.preconditions import as_we_left
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.secret_names import made_by, name_given
from reconciler.types.address import Address
from reconciler.types.change import Action, Change
from reconciler.types.live import Listing, LiveObject
from reconciler.types.plan import Plan
from reconciler.types.state import PlanProgress, State


@dataclass(frozen=True, slots=True)
class Begun:
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
        return as_we_left(change, live, book, ids)


NOTHING = Begun()


def what_is_left(plan: Plan, progress: PlanProgress | None) -> Plan:
    """The plan without the changes that were carried out whole."""
    if progress is None:
        return plan
    return replace(plan, changes=tuple(one for one in plan.changes if one.address not in progress.done))


def find_begun(
    plan: Plan, state: State, listings: Mapping[str, Listing], progress: PlanProgress | None, book: SecretBook
) -> Begun:
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
    return Begun(made, resumed=True)


def is_as_planned(change: Change, live: LiveObject | None) -> bool:
    """Whether the object of a change is still the one that the plan was made against."""
    return live is not None and object_digest(kind(change.address.kind), live) == change.live_digest
