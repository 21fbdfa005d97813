"""What a person reads beside the reports: events, errors, who holds a lock, where a value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from traceback import extract_tb

from reconciler.errors import DiagnosticsError, ReconcilerError, StateLocked
from reconciler.reporters.values import show
from reconciler.reporters.wording import plural
from reconciler.types.change import Action
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.event import (
    Event,
    LimitMet,
    Notice,
    RunProgress,
    StepDone,
    StepFailed,
    StepProgress,
    StepSkipped,
    StepStarted,
)
from reconciler.types.json import Object
from reconciler.types.manifest import Origin, Why

DOING = {Action.CREATE: "Creating", Action.UPDATE: "Updating", Action.DELETE: "Deleting", Action.FORGET: "Forgetting"}
DONE = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted", Action.FORGET: "forgotten"}


def event_text(event: Event) -> str | None:
    """An event as a line that stays, its notes below it; None for what only moves a status line."""
    match event:
        case StepStarted(address, action) if action in DOING:
            return f"{address}: {DOING[action]}..."
        case StepProgress(address, _, status, percent):
            return f"{address}: {status}" + (f", {percent} %" if percent is not None else "")
        case StepDone(address, action, id, seconds, notes):
            known = f" [id={id}]" if id else ""
            rest = "".join(f"\n  {note}" for note in notes)
            return f"{address}: {DONE.get(action, 'recorded')} after {seconds:.1f}s{known}{rest}"
        case StepFailed(address, _, message, hint):
            return f"{address}: failed: {message}" + (f"\n  {hint}" if hint else "")
        case StepSkipped(address, _, because):
            return f"{address}: skipped: {because}"
        case RunProgress():
            return progress_text(event)
        case LimitMet(rate):
            return f"The account's limit is met: going on with about {rate:.2g} requests a second"
        case Notice(message, level):
            return f"Warning: {message}" if level == "warning" else message
        case _:
            return None


def progress_text(event: RunProgress) -> str:
    """How far a run is, in one line."""
    parts = [f"{event.done} of {event.total} done"]
    if event.limit is not None:
        parts.append(f"limited to {event.limit:.2g} requests/s")
    elif event.requests_per_second is not None:
        parts.append(f"{event.requests_per_second:.3g} requests/s")
    if event.seconds_left is not None:
        parts.append(f"about {how_long(event.seconds_left)} left")
    if event.waits_for:
        more = f" and {len(event.waits_for) - 1} more" if len(event.waits_for) > 1 else ""
        held = f" ({event.held_up} held up)" if event.held_up else ""
        parts.append(f"waiting for {event.waits_for[0]}{more}{held}")
    return ", ".join(parts)


def how_long(seconds: float) -> str:
    """A duration as people say it, without pretending to know it well."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def error_lines(error: ReconcilerError) -> Iterator[str]:
    """The lines that show one deliberate error: its findings first, its message and its hint last."""
    if isinstance(error, DiagnosticsError):
        for diagnostic in error.diagnostics:
            yield from finding_lines(diagnostic)
    yield f"Error: {error.message}"
    if isinstance(error, StateLocked):
        for name, value in error.holder.items():
            yield f"  {name + ':':<11} {value}"
    if error.hint:
        yield f"  {error.hint}"


def finding_lines(diagnostic: Diagnostic) -> Iterator[str]:
    """`Error: file:line:column: what is wrong [code]`, then detail and hint, indented."""
    where = ""
    if diagnostic.span is not None:
        where = f"{diagnostic.span}: "
    elif diagnostic.source is not None:
        where = f"{diagnostic.source.path}: "
    about = " ".join(str(part) for part in (diagnostic.address, diagnostic.pointer) if part)
    yield f"{diagnostic.severity.value.capitalize()}: {where}{diagnostic.summary} [{diagnostic.code}]"
    if about:
        yield f"  at {about}"
    for text in (diagnostic.detail, diagnostic.hint):
        if text:
            yield from (f"  {line}" for line in text.splitlines())


def crash_text(error: BaseException, facts: Sequence[str]) -> str:
    """What is kept of a bug: `facts`, then frames and types of the error and of those before it; no messages, locals
    or arguments."""
    lines = [*facts]
    link: BaseException | None = error
    while link is not None:
        lines.append(f"\n{type(link).__module__}.{type(link).__qualname__}")
        for frame in extract_tb(link.__traceback__):
            lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
        link = link.__cause__ or link.__context__
    return "\n".join(lines) + "\n"


def lock_text(record: Mapping[str, str]) -> str:
    """Who holds the lock of a state, one fact a line; `record` is empty where nobody does."""
    return "".join(f"{name + ':':11}{text}\n" for name, text in record.items()) or "The state is not locked.\n"


def trust_text(file: str, hosts: Sequence[str], commands: Sequence[str]) -> str:
    """What a project file is trusted with, beyond what is the operator's by itself."""
    rows = [f"  host     {host}\n" for host in hosts] + [f"  command  {command}\n" for command in commands]
    nothing = "  nothing beyond what is the operator's by itself (reconciler trust --help)\n"
    return f"{file} is trusted with:\n" + ("".join(rows) or nothing)


def accepted_text(
    count: int, files: Mapping[str, tuple[str, str]], left: int, *, ignored: int = 0, context: int = 3
) -> str:
    """What `drift --accept` wrote: a unified diff of each file, then how many values, and how many drifted besides.

    `ignored` is how many fields `lifecycle.ignore` leaves to others from now on;
    `files` are their texts before and after; `context` is how many lines around a change are shown: none where
    manifests may hold secrets in clear.
    """
    if not count and not ignored:
        return "Nothing there has drifted; no file was touched."
    lines: list[str] = []
    for name, texts in files.items():
        before, after = (text.splitlines() for text in texts)
        lines += unified_diff(before, after, f"a/{name}", f"b/{name}", n=context, lineterm="")
    where = ", ".join(files) or "no file"
    if count:
        lines.append(f"Accepted {plural(count, 'live value')} into {where}.")
    if ignored:
        lines.append(f"Left {plural(ignored, 'field')} to others: `lifecycle.ignore` in {where} says so.")
    if left:
        lines.append(f"{left} more drifted; `reconciler drift` shows it.")
    return "\n".join(lines)


def baseline_note(path: str, findings: int, migrations: int, gone: int) -> str:
    """What a new baseline holds: `manifests/.baseline.yaml accepts 84 findings and 43 changes of migrate.`"""
    held = f"{plural(findings, 'finding')} and {plural(migrations, 'proposal')} of migrate"
    left = (
        f" {plural(gone, 'line')} of the old one {'is' if gone == 1 else 'are'} not found any more." if gone else ""
    )
    return f"{path} accepts {held}: from now on only new ones are reported.{left}"


def choice_lines(means: Mapping[str, str]) -> Iterator[str]:
    """The answers that a question takes, each with what it does."""
    width = max(map(len, means), default=0)
    yield from (f"  {choice:<{width}} {meaning}" for choice, meaning in means.items())


def why_text(why: Why) -> str:
    """The value, the place that decides it, and what lies below that."""
    first, *below = why.origins
    lines = [f"{why.address} {why.pointer}: {show(why.value, 200)}", f"  said at {_told(first)}"]
    lines += [f"  over    {_told(origin)}" for origin in below]
    return "\n".join(lines)


def why_document(why: Why) -> Object:
    """`{address, path, value, origins: [{place, layer, through}]}`, the one that decides first."""
    return {
        "address": str(why.address),
        "path": why.pointer,
        "value": why.value,
        "origins": [
            {"place": origin.place, "layer": origin.layer, "through": origin.through or None}
            for origin in why.origins
        ],
    }


def _told(origin: Origin) -> str:
    through = f", through {origin.through}" if origin.through else ""
    return f"{origin.place} ({origin.layer}{through})"
