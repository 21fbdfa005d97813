"""Reading back what was written, until the account shows it: only then is it recorded as sent and seen."""

from __future__ import annotations

from collections.abc import Generator

from reconciler.core.planning.read_back import judge
from reconciler.engine.apply.step import Look
from reconciler.engine.apply.step_context import StepContext
from reconciler.engine.apply.wait_visible import READ_AGAIN, refuse
from reconciler.errors import Rejected
from reconciler.types.change import Change
from reconciler.types.live import LiveObject


def read_back(
    context: StepContext,
    change: Change,
    id: str,
    *,
    unchanged: bool = False,
    drafted: bool = False,
    first: LiveObject | None = None,
) -> Generator[Look, LiveObject | None, tuple[LiveObject, tuple[str, ...]]]:
    """Read until the account shows the write, then record what was sent and seen; the object, and notes.

    `drafted` says that an answer spoke of a draft: why the write does not show, should it not. `first` is the object
    where it was read since the write. What an item of a list does not show is looked for in the object itself.
    Raises `Rejected` when it never shows, or when a member outside the patch vanished; the digests in state then stay
    as they were.
    """
    kind, verdict = change.address.kind, None
    for pause in (0.0, *READ_AGAIN):
        live = first or (yield Look(kind, id, pause, shared=not pause and not change.detailed))
        first = None
        for one in (live, None):
            if one is None and live is not None and not live.detailed:
                one = yield Look(kind, id)
            if one is None:
                break
            one = context.with_apart(change, one)
            verdict = judge(change, one, context.book, context.ids, unchanged=unchanged)
            if verdict.good:
                context.remember(change, one)
                return one, verdict.notes
        if verdict is not None and verdict.vanished:
            break
    raise refuse(change, id, verdict, drafted=drafted)


def see_gone(change: Change) -> Generator[Look, LiveObject | None, None]:
    """Make sure that a deleted object is gone, whatever the answer said. Raises `Rejected`."""
    for pause in (0.0, *READ_AGAIN):
        if (yield Look(change.address.kind, change.id or "", pause)) is None:
            return
    raise Rejected(
        f"{change.address} ({change.id}) was deleted and is still there",
        hint="it stays in the state; run the same command again",
    )
