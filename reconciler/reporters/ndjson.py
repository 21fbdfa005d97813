"""One JSON object a line, in the manner of Terraform's machine-readable output: live events, or a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from reconciler.reporters.change_json import ACTIONS, block_object, change_object, drift_object, plan_word
from reconciler.reporters.messages import progress_text
from reconciler.reporters.plan_json import all_diagnostics, diagnostic_object, dump, summary_object
from reconciler.reporters.wording import flags_of, report_summary, sentence
from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.event import (
    Event,
    LimitMet,
    Notice,
    Reading,
    RunFinished,
    RunProgress,
    RunStarted,
    StateSaved,
    StepDone,
    StepFailed,
    StepProgress,
    StepSkipped,
    StepStarted,
)
from reconciler.types.json import Json, Object
from reconciler.types.plan import Plan, Summary
from reconciler.types.report import Report, StepResult, Style
from reconciler.version import __version__

UI_VERSION = "1.2"
MODULE = "reconciler.ui"
_LEVELS = {"error": "error", "warning": "warn", "info": "info"}
_STARTED = {"create": "Creating", "update": "Modifying", "delete": "Destroying", "forget": "Forgetting"}
_ENDED = {"create": "Creation", "update": "Modifications", "delete": "Destruction", "forget": "Removal from state"}


def event_line(event: Event, timestamp: str) -> str:
    """One event as one line with a newline. `timestamp` is ISO 8601 UTC, handed in by whoever has a clock.

    Types that Terraform has (`apply_start`, `apply_complete`, `apply_errored`, `log`) keep its shape; ours are
    `reading`, `run_start`, `run_complete`, `apply_skipped` and `state_saved`.
    """
    level, message, kind, rest = _event(event)
    return _line(level, message, kind, rest, timestamp)


def render(report: Report, style: Style) -> str:
    """A finished report as lines; without `@timestamp`, as a report holds no time."""
    return report_lines(report)


def report_lines(report: Report, timestamp: str | None = None) -> str:
    """`version`, then `resource_drift`, `planned_change`, `blocked`, `apply_*`, `diagnostic` and `change_summary`."""
    return "".join(_line(*entry, timestamp) for entry in _entries(report))


def _line(level: str, message: str, kind: str, rest: Object, timestamp: str | None) -> str:
    head: Object = {"@level": level, "@message": message, "@module": MODULE}
    if timestamp is not None:
        head["@timestamp"] = timestamp
    return dump({**head, "type": kind, **rest}, indent=None) + "\n"


def _resource(address: Address) -> Object:
    return {
        "addr": str(address),
        "module": "",
        "resource": str(address),
        "implied_provider": "reconciler",
        "resource_type": address.kind,
        "resource_name": address.name,
        "resource_key": None,
    }


def _action(action: Action) -> str:
    """Terraform's event words: `remove` is what its plans call `forget`."""
    return {Action.NOOP: "noop", Action.FORGET: "remove"}.get(action, ACTIONS[action])


def _hook(address: Address, action: Action, **more: Json) -> Object:
    return {"hook": {"resource": _resource(address), "action": _action(action), **more}}


def _event(event: Event) -> tuple[str, str, str, Object]:
    match event:
        case Reading(kind, done, total):
            of = f" of {total}" if total is not None else ""
            return "info", f"{kind}: read {done}{of}", "reading", {"kind": kind, "done": done, "total": total}
        case RunStarted(operation, steps):
            text = f"{operation}: {steps} steps"
            return "info", text, "run_start", {"operation": operation, "steps": steps}
        case StepStarted(address, action):
            text = f"{address}: {_STARTED.get(ACTIONS[action], 'Recording')}..."
            return "info", text, "apply_start", _hook(address, action)
        case StepProgress(address, action, status, percent):
            text = f"{address}: {status}" + (f", {percent} %" if percent is not None else "")
            return "info", text, "apply_progress", _hook(address, action, status=status, percent=percent)
        case StepDone(address, action, id, seconds, notes):
            text = f"{address}: {_ENDED.get(ACTIONS[action], 'Recording')} complete after {seconds:.1f}s"
            found: Object = {"id_key": "id", "id_value": id} if id is not None else {}
            more: Object = {"notes": list(notes)} if notes else {}
            hook = _hook(address, action, **found, elapsed_seconds=round(seconds, 3), **more)
            return "info", text + (f" [id={id}]" if id else ""), "apply_complete", hook
        case StepFailed(address, action, message, hint):
            text = f"{address}: {_ENDED.get(ACTIONS[action], 'Recording')} errored: {message}"
            return "error", text, "apply_errored", _hook(address, action, message=message, hint=hint)
        case StepSkipped(address, action, because):
            text = f"{address}: skipped: {because}"
            return "warn", text, "apply_skipped", _hook(address, action, message=because)
        case RunProgress():
            found = {
                "done": event.done,
                "total": event.total,
                "elapsed_seconds": round(event.seconds, 1),
                "requests_per_second": _rounded(event.requests_per_second),
                "limit": _rounded(event.limit),
                "seconds_left": _rounded(event.seconds_left),
                "waits_for": [str(address) for address in event.waits_for],
                "held_up": event.held_up,
            }
            return "info", progress_text(event), "run_progress", found
        case Notice(message, level):
            return _LEVELS.get(level, "info"), message, "log", {}
        case LimitMet(rate):
            text = f"the account's limit is met: going on with about {rate:.2g} requests a second"
            return "info", text, "limit_met", {"requests_per_second": round(rate, 3)}
        case StateSaved(serial):
            return "info", f"State saved, serial {serial}", "state_saved", {"serial": serial}
        case RunFinished(operation, done, failed, skipped):
            text = f"{operation}: {done} done, {failed} failed, {skipped} skipped"
            counts: Object = {"operation": operation, "done": done, "failed": failed, "skipped": skipped}
            return ("error" if failed else "info"), text, "run_complete", counts
        case _:  # pragma: no cover
            assert_never(event)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 2)


def _entries(report: Report) -> Iterator[tuple[str, str, str, Object]]:
    version: Object = {"reconciler": __version__, "ui": UI_VERSION}
    text = f"reconciler {__version__}"
    if report.plan and (flags := flags_of(report.plan)):
        text = f"{text}, planned with {flags}"
        version["flags"] = [*report.plan.options.flags]
    yield "info", text, "version", version
    if report.plan and report.result is None:
        yield from _plan_entries(report.plan)
    if report.result:
        yield from (_step_entry(step) for step in report.result.steps)
    for diagnostic in all_diagnostics(report):
        level = _LEVELS[diagnostic.severity.value]
        yield level, diagnostic.summary, "diagnostic", {"diagnostic": diagnostic_object(diagnostic)}
    for note in report.notes:
        yield "info", note, "log", {}
    yield from _summary(report)


def _step_entry(step: StepResult) -> tuple[str, str, str, Object]:
    kinds = {"done": ("info", "apply_complete"), "failed": ("error", "apply_errored")}
    level, kind = kinds.get(step.outcome, ("warn", "apply_skipped"))
    text = f"{step.address}: {step.outcome}" + (f": {step.message}" if step.message else "")
    found: Object = {"id_key": "id", "id_value": step.id} if step.id is not None else {}
    said: Object = {"message": step.message, "hint": step.hint} if step.outcome != "done" else {}
    more: Object = {"notes": list(step.notes)} if step.notes else {}
    hook = _hook(step.address, step.action, **found, elapsed_seconds=round(step.seconds, 3), **said, **more)
    return level, text, kind, hook


def _plan_entries(plan: Plan) -> Iterator[tuple[str, str, str, Object]]:
    for item in plan.drift:
        record = drift_object(item)
        gone = any(change.path == "" for change in item.changes)
        change: Object = {
            "resource": _resource(item.address),
            "action": "delete" if gone else "update",
            "changes": record["changes"],
        }
        yield "info", f"{item.address}: Drift detected", "resource_drift", {"change": change}
    for difference in plan.differences:
        full = change_object(difference)
        word = plan_word(difference) if difference.action is Action.NOOP else _action(difference.action)
        planned: Object = {"resource": _resource(difference.address), "action": word}
        if difference.reason is not None:
            planned["reason"] = difference.reason.value
        if difference.importing is not None:
            planned["importing"] = {"id": difference.importing}
        if difference.previous is not None:
            planned["previous_resource"] = _resource(difference.previous)
        inner = full["change"]
        assert isinstance(inner, dict)
        planned["patch"], planned["directions"] = inner["patch"], inner["directions"]
        if "adopt" in inner:
            planned["adopt"] = inner["adopt"]
        yield "info", sentence(difference), "planned_change", {"change": planned}
        for block in difference.blocked:
            yield (
                "error",
                block.message,
                "blocked",
                {"address": str(difference.address), "block": block_object(block)},
            )
    for block in plan.blocked:
        yield "error", block.message, "blocked", {"address": None, "block": block_object(block)}


def _summary(report: Report) -> Iterator[tuple[str, str, str, Object]]:
    text = report_summary(report)
    if report.result:
        destroy = report.verb == "destroy" or (report.plan is not None and report.plan.mode == "destroy")
        operation = "destroy" if destroy else "apply"
        yield "info", text, "change_summary", {"changes": _counts(report.result.summary, operation)}
    elif report.plan:
        counts = _counts(report.plan.summary, "plan", len(report.plan.drift))
        yield "info", text, "change_summary", {"changes": counts}


def _counts(summary: Summary, operation: str, drifted: int = 0) -> Object:
    """Terraform's four words (`remove` is a destroy there), then ours."""
    ours = summary_object(summary, drifted)
    return {
        "add": summary.added,
        "change": summary.changed,
        "import": summary.imported,
        "remove": summary.destroyed,
        "operation": operation,
        **{
            key: ours[key]
            for key in ("move", "forget", "adopt", "unchanged", "drifted", "unmanaged", "not_looked_at", "incomplete")
        },
    }
