"""After a write: waiting until the account shows it and the vendor is done with it; only then is it recorded."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from reconciler.core.canonical.canonical_form import keyed_parent, leaf_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.planning.write_check import Judgement, judge
from reconciler.engine.account_reader import processing_failure, processing_remedy, processing_status
from reconciler.engine.apply.step import PendingRead, StepContext
from reconciler.errors import Rejected, Unavailable
from reconciler.types.change import Change, Request
from reconciler.types.event import StepProgress
from reconciler.types.json import Json
from reconciler.types.live import LiveObject
from reconciler.types.ports import Clock, Emit, Provider

PAUSES = (1.0, 2.0, 3.0, 5.0)
"""Seconds between looks; the last one again and again."""
PATIENCE = 1800.0
"""Seconds after which waiting ends: half an hour, far beyond the few minutes that the vendor speaks of."""


def wait_until_done(
    change: Change, live: LiveObject, clock: Clock, emit: Emit, stop: Callable[[], bool]
) -> Generator[PendingRead, LiveObject | None, tuple[str, ...]]:
    """Look again until the object is no longer worked on; notes for a person.

    Ends at once for kinds without processing, and when the user asked to stop (the object is ours either way).
    Raises `Rejected` when the vendor failed, `Unavailable` when it takes too long or the object cannot be read.
    """
    now, told, began = processing_status(live), None, clock.monotonic()
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
        found = yield PendingRead(*live.key, PAUSES[min(looks, len(PAUSES) - 1)], patient=True)
        looks += 1
        if found is None:
            raise Unavailable(
                f"{change.address} ({live.id}) disappeared while it was {now.status}",
                hint="somebody may have deleted it; run plan again",
            )
        now = processing_status(found)
    if now is not None and now.failed:
        raise Rejected(processing_failure(str(change.address), now), hint=processing_remedy(change))
    return (f"{now.status}: {processing_remedy(change)}",) if now is not None and now.waiting else ()


READ_AGAIN = (0.2, 0.4, 0.8, 1.4, 2.2)
"""Pauses between readings while the account does not show a write yet: five times, five seconds in all."""


def read_intervals(clock: Clock) -> Iterator[None]:
    """One turn at once, and one more after each pause, for as long as an account may lag behind a write."""
    yield
    for pause in READ_AGAIN:
        clock.sleep(pause)
        yield


def wait_until_attached(change: Change, wanted: set[Json], provider: Provider, clock: Clock) -> None:
    """Make sure that the tools are there before a patch takes their inline copies away. Raises `Rejected`."""
    missing = wanted
    for _ in read_intervals(clock):
        missing = wanted - set(provider.attached_tools(change.id or ""))
        if not missing:
            return
    raise Rejected(
        f"{change.address}: {', '.join(map(str, sorted(missing, key=str)))} was attached and is not there",
        hint="its inline tools were left in place; run apply again",
    )


def wait_until_patched(change: Change, sent: Sequence[Request], provider: Provider, clock: Clock) -> None:
    """Make sure that inline tools are there before a registry tool of that work is detached. Raises `Rejected`."""
    spec = change.kind
    inline = [field.path for field in change.fields if keyed_parent(spec, field.path) and field.after is not None]
    if not inline or sent[-1].purpose == "detach" or change.id is None:
        return
    for _ in read_intervals(clock):
        live = provider.get(spec.name, change.id)
        if live is not None and all(leaf_at(spec, live_document(spec, live), path) for path in inline):
            return
    raise Rejected(
        f"{change.address}: {', '.join(inline)} was written and is not there",
        hint="its registry tools were left attached; run the same command again",
    )


def failed_write(change: Change, id: str, verdict: Judgement | None, *, drafted: bool) -> Rejected:
    """Why a write counts as failed: what the readings after it say, with the way on."""
    if verdict is None:
        return Rejected(f"{change.address} ({id}) cannot be read after the write")
    if verdict.vanished:
        return Rejected(
            f"the write of {change.address} made the account lose {', '.join(verdict.vanished)}",
            hint="what it was stands in the plan; run plan again to restore what the manifests hold",
        )
    if verdict.draft or drafted:
        return Rejected(
            f"the write of {change.address} went into an unpublished draft",
            hint="publish or discard the draft in the vendor's editor, then run apply again",
        )
    return Rejected(
        f"the account does not show the write of {change.address} at {', '.join(verdict.pending)}",
        hint="run plan again; if it stays, the API ignores this field: remove it or add it to lifecycle.ignore",
    )


def read_back(
    context: StepContext,
    change: Change,
    id: str,
    *,
    unchanged: bool = False,
    drafted: bool = False,
    first: LiveObject | None = None,
) -> Generator[PendingRead, LiveObject | None, tuple[LiveObject, tuple[str, ...]]]:
    """Read until the account shows the write, then record what was sent and seen; the object, and notes.

    `drafted` says that an answer spoke of a draft: why the write does not show, should it not. `first` is the object
    where it was read since the write. What an item of a list does not show is looked for in the object itself.
    Raises `Rejected` when it never shows, or when a member outside the patch vanished; the digests in state then stay
    as they were.
    """
    kind, verdict = change.address.kind, None
    for pause in (0.0, *READ_AGAIN):
        live = first or (yield PendingRead(kind, id, pause, shared=not pause and not change.detailed))
        first = None
        for shown in (live, None):
            if shown is None and live is not None and not live.detailed:
                shown = yield PendingRead(kind, id)
            if shown is None:
                break
            shown = context.with_separate_parts(change, shown)
            verdict = judge(change, shown, context.book, context.ids, unchanged=unchanged)
            if verdict.good:
                context.remember(change, shown)
                return shown, verdict.notes
        if verdict is not None and verdict.vanished:
            break
    raise failed_write(change, id, verdict, drafted=drafted)


def wait_until_deleted(change: Change) -> Generator[PendingRead, LiveObject | None, None]:
    """Make sure that a deleted object is gone, whatever the answer said. Raises `Rejected`."""
    for pause in (0.0, *READ_AGAIN):
        if (yield PendingRead(change.address.kind, change.id or "", pause)) is None:
            return
    raise Rejected(
        f"{change.address} ({change.id}) was deleted and is still there",
        hint="it stays in the state; run the same command again",
    )
