"""What an apply did: failures and what they held up in full, the rest only with --verbose."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.types.change import Action
from reconciler.types.report import ApplyResult, StepResult

_DONE = {
    Action.NOOP: "recorded",
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "destroyed",
    Action.FORGET: "forgotten",
}
_DOING = {
    Action.NOOP: "recording",
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.DELETE: "destroying",
    Action.FORGET: "forgetting",
}


def result_lines(result: ApplyResult, paint: Paint) -> Iterator[str]:
    """Done steps (with --verbose, or where there is a note), skipped ones, failures last."""
    order = {"done": 0, "skipped": 1, "failed": 2}
    for step in sorted(result.steps, key=lambda step: order.get(step.outcome, 3)):
        yield from _step(step, paint)


def _step(step: StepResult, paint: Paint) -> Iterator[str]:
    address = plain(str(step.address))
    if step.outcome == "done":
        if paint.style.verbose or (step.notes and not paint.style.quiet):
            known = f" [id={plain(step.id)}]" if step.id else ""
            yield f"{address}: {_DONE[step.action]}{known}"
            for note in step.notes:
                yield from paint.wrap(note, "    ", first="  # ", tone=Tone.DIM)
        return
    if step.outcome == "failed":
        label = paint("failed", Tone.ERROR)
        yield from paint.wrap(step.message or "", "    ", first=f"{address}: {_DOING[step.action]} {label}: ")
    else:
        label = paint("skipped", Tone.WARNING)
        yield from paint.wrap(step.message or "", "    ", first=f"{address}: {label}: ")
    if step.hint:
        yield from paint.wrap(step.hint, "          ", first="    hint: ", tone=Tone.NOTE)
