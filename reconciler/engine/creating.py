"""Sending a create: at most one object comes of it, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.core.planning.match import objects_of
from reconciler.engine.ledger import Ledger
from reconciler.errors import OutcomeUnknown, PlanStale, ProviderError
from reconciler.types.change import Change, Request
from reconciler.types.ports import Clock, Provider
from reconciler.types.state import Intent

CREATE_TRIES = 3
SETTLE_SECONDS = 3.0
"""How long a create whose outcome is unknown may still be on its way through the service: a second look for what it
made is not taken earlier. The vendor states no bound; creates are answered well within a second."""


def send_create(
    change: Change,
    request: Request,
    intent: Intent,
    provider: Provider,
    ledger: Ledger,
    find: Callable[[], str | None],
) -> str:
    """Send a create at most once per look: after an unknown outcome the object is looked for first.

    `find` looks for what an earlier try made. Returns its id. Raises `OutcomeUnknown`, `ProviderError`.
    """
    for attempt in range(CREATE_TRIES):
        ledger.intend(intent)
        try:
            answer = provider.send(request)
        except OutcomeUnknown as error:
            found = find()
            if found is not None:
                return found
            if attempt + 1 == CREATE_TRIES:
                raise OutcomeUnknown(
                    f"{error.message}; the object was not found afterwards",
                    hint="run the same command again: it looks the object up before it creates one",
                ) from error
            ledger.check()
            continue
        except ProviderError:
            ledger.drop(change.address)  # the API answered: nothing was created
            raise
        id = provider.created_id(intent.kind, answer) or find()
        if id is None:
            raise OutcomeUnknown(
                f"the answer to the create of {change.address} names no id and the object is not in the list",
                hint="run the same command again: it looks the object up before it creates one",
            )
        return id
    raise AssertionError("unreachable")


def look_up(intent: Intent, provider: Provider, clock: Clock, held: Callable[[], set[str]]) -> str | None:
    """The object that an open create made: of its name, not there before, in no state entry.

    `held` gives the ids that other addresses have by now. Raises `PlanStale` when there are several.
    """
    for pause in (0.0, SETTLE_SECONDS):
        if pause:
            clock.sleep(pause)
        taken = held()
        named = objects_of(provider.list(intent.kind), intent.name)
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
