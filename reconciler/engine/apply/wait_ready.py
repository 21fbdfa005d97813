"""Waiting until the vendor is done with a new object: a document is of no use before it was taken in."""

from __future__ import annotations

from collections.abc import Callable, Generator

from reconciler.engine.apply.step import Look
from reconciler.engine.plan.processing_status import failure, remedy, standing
from reconciler.errors import Rejected, Unavailable
from reconciler.types.change import Change
from reconciler.types.event import StepProgress
from reconciler.types.live import LiveObject
from reconciler.types.ports import Clock, Emit

PAUSES = (1.0, 2.0, 3.0, 5.0)
"""Seconds between looks; the last one again and again."""
PATIENCE = 1800.0
"""Seconds after which waiting ends: half an hour, far beyond the few minutes that the vendor speaks of."""


def wait_until_done(
    change: Change, live: LiveObject, clock: Clock, emit: Emit, stop: Callable[[], bool]
) -> Generator[Look, LiveObject | None, tuple[str, ...]]:
    """Look again until the object is no longer worked on; notes for a person.

    Ends at once for kinds without processing, and when the user asked to stop (the object is ours either way).
    Raises `Rejected` when the vendor failed, `Unavailable` when it takes too long or the object cannot be read.
    """
    now, told, began = standing(live), None, clock.monotonic()
    looks = 0
    while now is not None and now.busy:
        if (now.status, now.percent) != told:
            told = (now.status, now.percent)
            emit(StepProgress(change.address, change.action, now.status, now.percent))
        if stop():
            return (f"still {now.status}: not waited for",)
        if clock.monotonic() - began > PATIENCE:
            raise Unavailable(
                f"{change.address} is still {now.status} after {PATIENCE / 60:.0f} minutes",
                hint="it exists and is in the state; run the same command again once it is done",
            )
        found = yield Look(*live.key, PAUSES[min(looks, len(PAUSES) - 1)], patient=True)
        looks += 1
        if found is None:
            raise Unavailable(
                f"{change.address} ({live.id}) disappeared while it was {now.status}",
                hint="somebody may have deleted it; run plan again",
            )
        now = standing(found)
    if now is not None and now.failed:
        raise Rejected(failure(str(change.address), now), hint=remedy(change))
    return ()
