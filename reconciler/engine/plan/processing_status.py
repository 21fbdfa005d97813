"""Where the vendor is with an object that it works on, as with a new document; and what to say of a failure."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.canonical.vocabulary import canonical_words
from reconciler.types.change import Change
from reconciler.types.json import lookup
from reconciler.types.kind import KindSpec, Processing
from reconciler.types.live import LiveObject


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the vendor is with an object."""

    status: str
    busy: bool = False
    failed: bool = False
    waiting: bool = False
    """For a person, not for the vendor."""
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
        waiting=bool(processing.ready) and status not in processing.ready,
        percent=int(progress) if isinstance(progress, int | float) and not isinstance(progress, bool) else None,
        message=message if isinstance(message, str) else "",
    )


def failure(address: str, now: Standing) -> str:
    """The message about an object that the vendor could not process, or that waits for a person."""
    if now.waiting:
        return f"{address} is of no use yet ({now.status})"
    return f"{address} could not be processed ({now.status}{': ' + now.message if now.message else ''})"


def remedy(change: Change) -> str:
    """What to do about it."""
    processing = change.kind.processing
    if processing is not None and processing.ready:
        return processing.remedy
    return f"{processing.remedy}, or try once more with --replace {change.address}" if processing else ""
