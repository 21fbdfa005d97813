"""The report as one comment for a pull or merge request: most dangerous first, folded, and never above the limit.

What does not fit is shown in fewer lines, then on one line each, from the harmless end, and the comment says how much
was left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from reconciler.core.markdown_text import code, prose
from reconciler.reporters.grouping import (
    Group,
    first_of,
    group_changes,
    group_drift,
    group_findings,
    names_of,
    opens_single,
    place_of,
    places_of,
    rank_changes,
    size_of,
)
from reconciler.reporters.markdown.changes import (
    block_line,
    change_block,
    change_line,
    comparison_lines,
    drift_block,
    drift_group_block,
    drift_group_line,
    drift_line,
    group_block,
    group_line,
    heading,
)
from reconciler.reporters.markdown.comment_text import Entry, fit, size
from reconciler.reporters.plan_json import accepted_diagnostics, all_diagnostics
from reconciler.reporters.shown_leaves import with_names
from reconciler.reporters.wording import (
    accepted_line,
    flags_of,
    folded_counts,
    incomplete_lines,
    outcomes_of,
    plural,
    provenance,
    report_summary,
)
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.report import ApplyResult, Report, Style

LIMIT = 65_535
"""Bytes of UTF-8. GitHub was seen to refuse bodies above 65,536 characters in some places and above 262,144 bytes in
others; other forges take more. So many bytes are never more characters, by whatever unit they are counted."""
RESERVE = 600
"""For the sentence about what was left out."""
SHARE = 11_000
"""At most so much for findings, for failed steps, and for blocks of the whole plan."""
LONGEST_NAME = 200
FOLDED = 10
"""Lines of warnings from which on they are folded."""
LONGEST_FLAGS = 500
_ICONS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.INFO: "ℹ️"}


def render(report: Report, style: Style) -> str:
    """Title and summary, blocks, findings, the changes, drift, notes."""
    report = with_names(report)
    plan = report.plan
    head = "\n".join(_head(report))
    findings = "\n".join(_findings(all_diagnostics(report), whole=style.detail == "full"))
    changes: list[Entry] = []
    drift: list[Entry] = []
    if plan and report.verb != "drift":
        became = outcomes_of(report)
        ranked = rank_changes(plan.differences)
        told = ranked if style.detail == "full" or report.result else group_changes(ranked)
        opened = opens_single(told)
        for one in told:
            if isinstance(one, Group):
                changes.append(Entry(partial(group_block, one), f"- {group_line(one)}\n"))
                continue
            outcome = became.get(one.address)
            line = f"- {change_line(one, outcome)}\n"
            changes.append(Entry(partial(change_block, one, outcome=outcome, opened=opened), line))
    if plan:
        items = plan.drift if report.verb == "drift" else plan.edited
        for item in items if style.detail == "full" else group_drift(items):
            if isinstance(item, Group):
                drift.append(Entry(partial(drift_group_block, item), f"- {drift_group_line(item)}\n"))
            else:
                drift.append(Entry(partial(drift_block, item), f"- {drift_line(item)}\n"))
    tail = "\n".join(_tail(report, style))
    room = LIMIT - RESERVE - size(head) - size(findings) - size(tail)
    shown, left_out = fit([*changes, *drift], room)
    parts = [head]
    if changes:
        parts += ["\n\n#### Changes\n\n", *shown[: len(changes)]]
    if drift:
        parts += ["\n\n#### Changed outside of manifests\n\n", *shown[len(changes) :]]
    parts += [f"\n> {line}\n" for line in left_out]
    return "".join([*parts, f"\n{findings}\n" if findings else "", "\n", tail]).strip("\n") + "\n"


def _head(report: Report) -> Iterable[str]:
    workspace = (report.workspace or (report.plan.workspace if report.plan else ""))[:LONGEST_NAME]
    flags = flags_of(report.plan)[:LONGEST_FLAGS]
    where = f": {code(workspace)}" if workspace else ""
    yield f"### reconciler {report.verb}{where}" + (f", planned with {code(flags)}" if flags else "")
    yield ""
    yield f"**{report_summary(report) or 'Done.'}**"
    if told := provenance(report):
        yield ""
        yield f"<sub>{prose(' · '.join(told))}</sub>"
    if report.comparison is not None:
        yield ""
        yield heading(report.comparison)
        yield ""
        yield from _capped(comparison_lines(report.comparison))
    if report.plan and report.plan.all_blocks and not report.result:
        yield ""
        yield f"⛔ {plural(len(report.plan.all_blocks), 'block')}: this plan cannot be applied as it stands."
        yield ""
        yield from _capped(block_line(found) for found in report.plan.blocked)
    if report.result:
        yield from _steps(report.result)


def _steps(result: ApplyResult) -> Iterable[str]:
    yield ""
    yield from _capped(
        f"- {code(str(step.address))} **{step.outcome}**: {prose((step.message or '')[:1_000])}"
        + (f" ({prose(step.hint[:1_000])})" if step.hint else "")
        for step in result.steps
        if step.outcome != "done"
    )


def _findings(diagnostics: Sequence[Diagnostic], *, whole: bool) -> Iterable[str]:
    """Like ones together, as on a terminal; many warnings are folded, errors never are."""
    shown = [diagnostic for diagnostic in diagnostics if diagnostic.severity is not Severity.INFO]
    if not shown:
        return
    yield "\n#### Findings\n"
    found = [*shown] if whole else group_findings(shown)
    errors = [one for one in found if first_of(one).is_error]
    others = [one for one in found if not first_of(one).is_error]
    yield from _capped(map(_finding, errors))
    folded = len(others) > FOLDED and not whole
    if folded:
        yield f"\n<details><summary>{plural(len(shown) - sum(map(size_of, errors)), 'warning')}</summary>\n"
    yield from _capped(map(_finding, others))
    if folded:
        yield "\n</details>"


def _finding(found: Diagnostic | Group[Diagnostic]) -> str:
    diagnostic = first_of(found)
    where = ""
    if isinstance(found, Group):
        count, places = places_of(found.members)
        named = names_of([code(place[:300]) for place in places])
        where = f"{count.removeprefix('in ')}: {named} " if places else f"{count}: "
    elif place := place_of(diagnostic):
        where = f"{code(place[:300])} "
    hint = f" ({prose(diagnostic.hint[:500])})" if diagnostic.hint else ""
    head = f"- {_ICONS[diagnostic.severity]} {where}{code(diagnostic.code)} "
    return head + prose(diagnostic.summary[:500]) + hint


def _capped(lines: Iterable[str]) -> Iterable[str]:
    """Lines up to the share of room of one part, then how many are missing."""
    spent = missing = 0
    for line in lines:
        spent += size(line) + 1
        if spent <= SHARE:
            yield line
        else:
            missing += 1
    if missing:
        yield f"- … {missing:,} more"


def _tail(report: Report, style: Style) -> Iterable[str]:
    if report.plan:
        lines = incomplete_lines(report.plan, whole=style.detail == "full")
        yield from _capped(f"- Not compared: {prose(line[:1_000])}" for line in lines)
    yield from _capped(f"- {prose(note[:1_000])}" for note in report.notes)
    if accepted := accepted_diagnostics(report):
        yield f"- {prose(accepted_line(accepted))}"
    folded = list(folded_counts(report)) if not report.result else []
    if folded:
        yield f"\n<sub>{', '.join(folded)}</sub>"
