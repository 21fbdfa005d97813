"""The report for people: a tree in the manner of Terraform, findings, and one line that sums it up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.reporters.plan_json import accepted_diagnostics, all_diagnostics, plan_requests
from reconciler.reporters.shown_leaves import with_names
from reconciler.reporters.text.changes import block_lines, change_lines, table_lines
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.reporters.text.sections import comparison_lines, diagnostic_lines, drift_lines, result_lines
from reconciler.reporters.wording import (
    count_lines,
    flags_of,
    folded_counts,
    incomplete_lines,
    plural,
    report_summary,
)
from reconciler.types.change import Direction
from reconciler.types.plan import Plan
from reconciler.types.report import Report, Style

MOST_INCOMPLETE = 10
LEGEND = {
    Direction.GIT: "git: the manifest changed since the last apply",
    Direction.LIVE: "live: the account changed since the last apply",
    Direction.BOTH: "both: manifest and account changed",
    Direction.VENDOR: "vendor: the vendor changed it, or has it no more; it is not written, the manifest may follow",
}


def render(report: Report, style: Style) -> str:
    """Sections in this order: drift, actions, findings, notes, summary.

    A report with a result shows what was done; its plan was shown before it was carried out and is repeated only with
    `verbose`. `quiet` leaves errors, blocks and the summary.
    """
    if style.detail == "auto":
        whole = render(report, replace(style, detail="full"))
        return whole if whole.count("\n") <= style.rows else render(report, replace(style, detail="compact"))
    report, paint = with_names(report), Paint(style)
    flags = flags_of(report.plan)
    head = [plain(f"Planned with {flags}"), ""] if flags else []
    lines = [*head, *_sections(report, paint), *_ending(report, paint)]
    return "\n".join(lines).strip("\n") + "\n" if lines else ""


def _sections(report: Report, paint: Paint) -> Iterator[str]:
    plan, style = report.plan, paint.style
    if report.comparison is not None and not style.quiet:
        yield from comparison_lines(report.comparison, paint)
    if plan and not style.quiet and (report.result is None or style.verbose):
        edited = plan.drift if report.verb == "drift" else plan.edited
        changes = plan.differences if report.verb != "drift" else ()
        if style.detail == "summary":
            yield from table_lines(changes, edited, paint)
        else:
            yield from drift_lines(edited, paint)
            yield from change_lines(changes, paint)
            yield from _directions(plan, paint)
            yield from _ways_out(plan, paint) if report.verb == "drift" else ()
        if style.verbose:
            yield from _requests(plan)
    if report.result:
        steps = list(result_lines(report.result, paint))
        yield from [*steps, ""] if steps else []
    yield from diagnostic_lines(all_diagnostics(report), paint, accepted_diagnostics(report))
    if plan and report.result is None:
        yield from _blocks(plan, paint)
        yield from _incomplete(plan, paint)
    if not style.quiet:
        yield from _notes(report, paint)


def _directions(plan: Plan, paint: Paint) -> Iterator[str]:
    """What `(live)` means, where it stands somewhere."""
    used = {change.direction for item in plan.drift for change in item.changes if change.path}
    used |= {field.direction for change in plan.differences for field in change.fields}
    used |= {Direction.VENDOR for change in plan.differences for _ in change.adopt}
    if used & {Direction.LIVE, Direction.BOTH, Direction.VENDOR}:
        for direction, meaning in LEGEND.items():
            if direction in used:
                yield paint(f"  ({meaning})", Tone.DIM)
        yield ""


def _ways_out(plan: Plan, paint: Paint) -> Iterator[str]:
    """What to do about drift."""
    if any(change.direction is not Direction.VENDOR for item in plan.drift for change in item.changes):
        told = (
            "put back: reconciler apply; keep: reconciler drift --accept ADDRESS, or '*' for all; "
            "ask about each: reconciler drift --review"
        )
        yield from paint.wrap(f"({told})", "   ", first="  ", tone=Tone.DIM)
        yield ""


def _requests(plan: Plan) -> Iterator[str]:
    requests = plan_requests(plan)
    if requests:
        yield f"{plural(len(requests), 'request')} to send:"
        for request in requests:
            yield plain(f"  {request.method} {request.path}  ({request.address}, {request.purpose})")
        yield ""


def _blocks(plan: Plan, paint: Paint) -> Iterator[str]:
    if not plan.all_blocks:
        return
    for block in plan.blocked:
        yield from block_lines(block, paint, "")
    if paint.style.quiet:
        for change in plan.changes:
            for block in change.blocked:
                yield plain(str(change.address))
                yield from block_lines(block, paint, "  ")
    count = plural(len(plan.all_blocks), "block")
    told = f"This plan cannot be applied as it stands ({count}): apply would send nothing and exit 3."
    yield from paint.wrap(told, "", tone=Tone.ERROR)
    yield ""


def _incomplete(plan: Plan, paint: Paint) -> Iterator[str]:
    if not plan.incomplete or paint.style.quiet:
        return
    lines = incomplete_lines(plan, whole=paint.style.verbose)
    shown = lines if paint.style.verbose else lines[:MOST_INCOMPLETE]
    folded = shown != incomplete_lines(plan, whole=True)
    yield "Not compared (--verbose shows each):" if folded else "Not compared:"
    for line in shown:
        yield from paint.wrap(line, "      ", first="  - ")
    if left := len(lines) - len(shown):
        yield paint(f"    and {left:,} more", Tone.DIM)
    yield ""


def _notes(report: Report, paint: Paint) -> Iterator[str]:
    notes = list(report.notes)
    folded = list(folded_counts(report)) if report.result is None else []
    for note in notes:
        yield from paint.wrap(note, "  ", first="- ")
    if folded:
        yield paint(f"({', '.join(folded)})", Tone.DIM)
    if notes or folded:
        yield ""


def _ending(report: Report, paint: Paint) -> Iterator[str]:
    diagnostics = all_diagnostics(report)
    errors = any(diagnostic.is_error for diagnostic in diagnostics)
    summary, counts = report_summary(report), f"{count_lines(diagnostics)}."
    if summary:
        yield paint(summary, Tone.BOLD)
    if errors and not report.result and summary != counts:
        yield paint(counts, Tone.BOLD)
