"""The report as one page: no server, no network, light and dark, usable by keyboard and without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from reconciler.reporters.change_json import plan_word
from reconciler.reporters.grouping import (
    Group,
    first_of,
    group_changes,
    group_drift,
    group_findings,
    opens_single,
    place_of,
    places_of,
    rank_changes,
    size_of,
)
from reconciler.reporters.html.change_items import (
    block_box,
    change_item,
    drift_group_item,
    drift_item,
    either,
    group_item,
    text,
)
from reconciler.reporters.html.page_parts import MAX_ROWS, SCRIPT, STYLE, PageBudget, left_out
from reconciler.reporters.plan_json import accepted_diagnostics, all_diagnostics, plan_requests
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
from reconciler.types.change import Change
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.plan import DriftItem, Plan
from reconciler.types.report import ApplyResult, Report, Style
from reconciler.version import __version__

# The page needs nothing from anywhere: whatever a text in it tries, nothing is fetched or sent.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def render(report: Report, style: Style) -> str:
    """Summary, blocks, findings, steps, changes (most dangerous first), drift, requests, notes."""
    return "\n".join(line for line in _page(with_names(report), style) if line) + "\n"


def _page(report: Report, style: Style) -> Iterator[str]:
    workspace = report.workspace or (report.plan.workspace if report.plan else "")
    title = text(f"{report.verb} {workspace}".strip())
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>reconciler {title}</title><style>{STYLE}</style></head><body>"
    yield '<a class="skip" href="#main">Skip to the changes</a>'
    flags = flags_of(report.plan)
    planned = f", planned with {text(flags)}" if flags else ""
    yield f"<header><h1>reconciler {title}{planned}</h1><p class=lead>{text(report_summary(report))}</p>"
    told = provenance(report)
    yield f"<p class=soft>{' · '.join(map(text, told))}</p>" if told else ""
    yield from _counts(report)
    yield "</header><main id=main>"
    yield from _body(report, style)
    yield f"</main><footer class=soft><p>reconciler {text(__version__)}{_provenance(report.plan)}</p></footer>"
    yield f"<script>{SCRIPT}</script></body></html>"


def _provenance(plan: Plan | None) -> str:
    if plan is None:
        return ""
    parts = [
        f"state serial {plan.serial}",
        plan.account.base_url,
    ]
    return "".join(f" · {text(part)}" for part in parts)


def _counts(report: Report) -> Iterator[str]:
    summary = report.result.summary if report.result else report.plan.summary if report.plan else None
    if summary is None:
        return
    counts = (
        ("imported", summary.imported),
        ("added", summary.added),
        ("changed", summary.changed),
        ("destroyed", summary.destroyed),
        ("moved", summary.moved),
        ("forgotten", summary.forgotten),
        ("adopted", summary.adopted),
        ("drifted", len(report.plan.drift) if report.plan else 0),
        ("blocked", len(report.plan.all_blocks) if report.plan else 0),
        ("unchanged", summary.unchanged),
        ("not compared", len(report.plan.incomplete) if report.plan else 0),
    )
    yield "<ul class=counts>"
    yield from (f"<li><b>{count:,}</b>{word}</li>" for word, count in counts if count)
    yield "</ul>"


def _body(report: Report, style: Style) -> Iterator[str]:
    plan, room = report.plan, PageBudget()
    if plan and not report.result:
        yield from (block_box(block) for block in plan.blocked)
    if report.result:
        yield from _steps(report.result)
    if plan:
        changes = rank_changes(plan.differences) if report.verb != "drift" else []
        drift = plan.edited if changes else plan.drift
        if changes or drift:
            yield from _filter(changes, drift)
        if changes:
            yield "<h2>Changes</h2>"
            whole = style.detail == "full" or report.result is not None
            listed = changes if whole else group_changes(changes)
            make = partial(change_item, outcomes=outcomes_of(report), opened=opens_single(listed))
            yield from room.items(listed, either(make, group_item))
        if drift:
            yield "<h2>Changed outside of manifests</h2>"
            edits = drift if style.detail == "full" else group_drift(drift)
            yield from room.items(edits, either(drift_item, drift_group_item))
        yield from _requests(plan)
    yield from _findings(all_diagnostics(report), whole=style.detail == "full")
    if plan and plan.incomplete:
        lines = incomplete_lines(plan, whole=style.detail == "full")
        yield "<h2>Not compared</h2><ul>" + "".join(f"<li>{text(line)}</li>" for line in lines[:MAX_ROWS])
        yield f"</ul>{left_out(len(lines) - MAX_ROWS, 'place')}"
    accepted = accepted_diagnostics(report)
    told = [accepted_line(accepted)] if accepted else []
    notes = [*report.notes, *told, *(folded_counts(report) if not report.result else ())]
    if notes:
        yield "<h2>Notes</h2><ul>" + "".join(f"<li>{text(note)}</li>" for note in notes) + "</ul>"


def _findings(diagnostics: Sequence[Diagnostic], *, whole: bool) -> Iterator[str]:
    """Like ones together, with their places folded; remarks of little weight are folded as a whole."""
    if diagnostics:
        yield "<h2>Findings</h2>"
    shown = [*diagnostics] if whole else group_findings(diagnostics)
    remarks = [one for one in shown if first_of(one).severity is Severity.INFO and not whole]
    listed = [one for one in shown if whole or first_of(one).severity is not Severity.INFO]
    for remark in listed[:MAX_ROWS]:
        yield from _finding(remark)
    yield left_out(sum(map(size_of, listed[MAX_ROWS:])), "finding")
    if remarks:
        yield f"<details><summary>{plural(sum(map(size_of, remarks)), 'remark')}</summary>"
        for remark in remarks[:MAX_ROWS]:
            yield from _finding(remark)
        yield f"{left_out(sum(map(size_of, remarks[MAX_ROWS:])), 'remark')}</details>"


def _finding(found: Diagnostic | Group[Diagnostic]) -> Iterator[str]:
    diagnostic = first_of(found)
    level = diagnostic.severity.value
    yield f"<div class='box {level}'><p><b>{level} {text(diagnostic.code)}:</b> {text(diagnostic.summary)}</p>"
    if isinstance(found, Group):
        yield f"<details><summary>{places_of(found.members)[0]}</summary><ul>"
        yield from (f"<li><code>{_about(member)}</code></li>" for member in found.members[:MAX_ROWS])
        yield f"</ul>{left_out(len(found.members) - MAX_ROWS, 'place')}</details>"
    elif about := _about(diagnostic):
        yield f"<p><code>{about}</code></p>"
    yield f"<p>{text(diagnostic.detail)}</p>" if diagnostic.detail else ""
    yield f"<p>{text(diagnostic.hint)}</p>" if diagnostic.hint else ""
    yield "</div>"


def _about(diagnostic: Diagnostic) -> str:
    return " ".join(
        text(str(part)) for part in (place_of(diagnostic), diagnostic.address, diagnostic.pointer) if part
    )


def _steps(result: ApplyResult) -> Iterator[str]:
    yield "<h2>Steps</h2><div class=scroll><table><thead><tr><th scope=col>Resource</th><th scope=col>Outcome</th>"
    yield "<th scope=col>Details</th></tr></thead><tbody>"
    order = {"failed": 0, "skipped": 1, "done": 2}
    for step in sorted(result.steps, key=lambda step: order.get(step.outcome, 3))[:MAX_ROWS]:
        details = " ".join(part for part in (step.message, step.hint, *step.notes) if part)
        tag = "blocked" if step.outcome == "failed" else "live" if step.outcome == "skipped" else ""
        yield f"<tr><td><code>{text(str(step.address))}</code></td>"
        yield f"<td><span class='tag {tag}'>{step.outcome}</span></td><td>{text(details)}</td></tr>"
    yield "</tbody></table></div>"
    yield left_out(len(result.steps) - MAX_ROWS, "step")


def _filter(changes: Sequence[Change], drift: Sequence[DriftItem]) -> Iterator[str]:
    yield "<div class=filter hidden role=search>"
    yield "<label>Filter <input type=search placeholder='name, field or text'></label>"
    for word in dict.fromkeys((*map(plan_word, changes), *(("drift",) if drift else ()))):
        yield f"<label><input type=checkbox value={word} checked> {word}</label>"
    yield "<button type=button class=open>Open all</button><button type=button class=close>Close all</button>"
    yield "<span role=status class=soft></span></div>"


def _requests(plan: Plan) -> Iterator[str]:
    requests = plan_requests(plan)
    if not requests:
        return
    yield f"<h2>Requests</h2><details><summary>{plural(len(requests), 'write')}, in this order</summary>"
    yield "<ol class=mono>"
    for request in requests[:MAX_ROWS]:
        line = text(f"{request.method} {request.path}")
        yield f"<li>{line} <span class=soft>{text(str(request.address))}</span></li>"
    yield "</ol></details>"
    yield left_out(len(requests) - MAX_ROWS, "request")
