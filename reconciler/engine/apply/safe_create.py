"""Sending a create: at most one object comes of it, whatever becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.core.canonical.vocabulary import canonical_words
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.engine.apply.step_recorder import Ledger
from reconciler.engine.run_context import SETTLE_SECONDS
from reconciler.errors import Interrupted, OutcomeUnknown, PlanStale, ProviderError
from reconciler.types.change import Change, Request
from reconciler.types.json import lookup
from reconciler.types.kind import KindSpec
from reconciler.types.live import Listing
from reconciler.types.ports import Answer, Clock, Provider
from reconciler.types.state import Intent

CREATE_TRIES = 3


def send_create(
    change: Change,
    intent: Intent,
    post: Callable[[], Answer],
    provider: Provider,
    ledger: Ledger,
    find: Callable[[], str | None],
    settle: Callable[[str | None], str | None],
) -> str:
    """Send a create at most once per look: after an unknown outcome the object is looked for first.

    `post` sends it, `settle` gives the id of what was made, from the answer's own where that can be believed, and
    `find` looks for what an earlier try made. Returns its id. Raises `OutcomeUnknown`, `ProviderError`.
    """
    for attempt in range(CREATE_TRIES):
        ledger.intend(intent)
        try:
            answer = post()
        except OutcomeUnknown as error:
            found = find()
            if found is not None:
                return found
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
        id = settle(provider.created_id(intent.kind, answer))
        if id is None:
            raise OutcomeUnknown(
                f"the answer to the create of {change.address} names no id and the object is not in the list",
                hint="run the same command again: it looks the object up before it creates one",
            )
        return id
    raise AssertionError("unreachable")


def name_in(spec: KindSpec, request: Request, otherwise: str) -> str:
    """The name that a filled create gives its object. The one on record is another where it comes from a variable."""
    body = canonical_words(spec, request.body)[0] if isinstance(request.body, dict) else None
    name = lookup(body, spec.name_field)
    return name if isinstance(name, str) and name else otherwise


def look_up(
    intent: Intent, name: str, read: Callable[[str], Listing], clock: Clock, held: Callable[[], set[str]]
) -> str | None:
    """The object that an open create made: of the `name` sent, not there before, in no state entry.

    `held` gives the ids that other addresses have by now. Raises `PlanStale` when there are several.
    """
    for pause in (0.0, SETTLE_SECONDS):
        if pause:
            clock.sleep(pause)
        taken = held()
        named = objects_of(read(intent.kind), name)
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
