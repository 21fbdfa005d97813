"""Waiting until the vendor is done with a new object: a document is of no use before it was taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.core.canonical.vocabulary import canonical_words
from reconciler.errors import Rejected, Unavailable
from reconciler.types.change import Change
from reconciler.types.event import StepProgress
from reconciler.types.json import lookup
from reconciler.types.kind import KindSpec, Processing
from reconciler.types.live import LiveObject
from reconciler.types.ports import Clock, Emit, Provider

PAUSES = (1.0, 2.0, 3.0, 5.0)
"""Seconds between looks; the last one again and again."""
PATIENCE = 1800.0
"""Seconds after which waiting ends: half an hour, far beyond the few minutes that the vendor speaks of."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the vendor is with an object."""

    status: str
    busy: bool = False
    failed: bool = False
    percent: int | None = None
    message: str = ""


def standing(live: LiveObject) -> Standing | None:
    """What the object shows of its processing; None for a kind that has none, or where nothing is shown."""
    spec = live.kind
    processing = spec.processing
    if processing is None:
        return None
    return _standing(spec, processing, live)


def _standing(spec: KindSpec, processing: Processing, live: LiveObject) -> Standing | None:
    body, _ = canonical_words(spec, live.body)
    status = lookup(body, processing.status)
    if not isinstance(status, str):
        return None
    progress = lookup(body, processing.progress) if processing.progress else None
    message = lookup(body, processing.message) if processing.message else None
    return Standing(
        status,
        busy=status in processing.busy,
        failed=status in processing.failed,
        percent=int(progress) if isinstance(progress, int | float) and not isinstance(progress, bool) else None,
        message=message if isinstance(message, str) else "",
    )


def wait_until_done(
    change: Change, live: LiveObject, provider: Provider, clock: Clock, emit: Emit, stop: Callable[[], bool]
) -> tuple[str, ...]:
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
        clock.sleep(PAUSES[min(looks, len(PAUSES) - 1)])
        looks += 1
        found = provider.get(*live.key)
        if found is None:
            raise Unavailable(
                f"{change.address} ({live.id}) disappeared while it was {now.status}",
                hint="somebody may have deleted it; run plan again",
            )
        now = standing(found)
    if now is not None and now.failed:
        raise Rejected(failure(str(change.address), now), hint=remedy(change))
    return ()


def failure(address: str, now: Standing) -> str:
    """The message about an object that the vendor could not process."""
    return f"{address} could not be processed ({now.status}{': ' + now.message if now.message else ''})"


def remedy(change: Change) -> str:
    """What to do about it."""
    processing = change.kind.processing
    return f"{processing.remedy}, or try once more with --replace {change.address}" if processing else ""
