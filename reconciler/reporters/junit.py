"""The report as JUnit XML: one suite a workspace, one case a resource; drift, blocks and failures fail."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from reconciler.core.text import one_line, visible
from reconciler.reporters.report_findings import DRIFT, SKIPPED, Finding, collect_findings
from reconciler.reporters.wording import flags_of
from reconciler.types.diagnostic import Severity
from reconciler.types.report import Report, Style

WHOLE = "the whole run"


def render(report: Report, style: Style) -> str:
    """Cases stand in the order in which resources appear in the report; findings without a resource are one case, the
    first where the plan was made with flags."""
    flags = flags_of(report.plan)
    cases: dict[str, list[Finding]] = {WHOLE: []} if flags else {}
    seconds: dict[str, float] = {}
    if report.plan:
        cases |= {str(change.address): [] for change in report.plan.differences}
    if report.result:
        cases |= {str(step.address): [] for step in report.result.steps}
        seconds = {str(step.address): step.seconds for step in report.result.steps}
    for finding in collect_findings(report, style.folder):
        cases.setdefault(str(finding.address or WHOLE), []).append(finding)
    cases = cases or {WHOLE: []}
    suite = f"reconciler {report.verb} {report.workspace}".strip()
    whole = f"reconciler, planned with {flags}" if flags else "reconciler"
    body = [_case(suite, name, found, seconds.get(name, 0.0)) for name, found in cases.items()]
    counts, skipped = _counts(list(cases.values()))
    total = f"{sum(seconds.values()):.3f}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        # Jenkins' schema knows `skipped` of a suite, not of all of them together.
        f'<testsuites name={_attribute(whole)} {counts} time="{total}">\n'
        f'  <testsuite name={_attribute(suite)} {counts} skipped="{skipped}" time="{total}">\n'
        f"{''.join(body)}"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def _counts(cases: Sequence[list[Finding]]) -> tuple[str, int]:
    failures = sum(_outcome(found) == "failure" for found in cases)
    skipped = sum(_outcome(found) == "skipped" for found in cases)
    return f'tests="{len(cases)}" failures="{failures}" errors="0"', skipped


def _outcome(found: Sequence[Finding]) -> str | None:
    if any(_fails(finding) for finding in found):
        return "failure"
    return "skipped" if any(finding.code == SKIPPED for finding in found) else None


def _fails(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR or finding.code == DRIFT


def _case(suite: str, name: str, found: Sequence[Finding], seconds: float) -> str:
    head = f'    <testcase classname={_attribute(suite)} name={_attribute(name)} time="{seconds:.3f}"'
    outcome = _outcome(found)
    notes = [finding for finding in found if not _fails(finding) and finding.code != SKIPPED]
    lines = []
    if outcome == "failure":
        failing = [finding for finding in found if _fails(finding)]
        text = "\n".join(f"{finding.path}:{finding.line}:{finding.column}: {finding.text}" for finding in failing)
        kind = _attribute(failing[0].code)
        lines.append(f"      <failure message={_attribute(failing[0].message)} type={kind}>{_text(text)}</failure>\n")
    elif outcome == "skipped":
        message = next(finding.message for finding in found if finding.code == SKIPPED)
        lines.append(f"      <skipped message={_attribute(message)}/>\n")
    if notes:
        text = "\n".join(f"{finding.severity.value}: {finding.text}" for finding in notes)
        lines.append(f"      <system-out>{_text(text)}</system-out>\n")
    return f"{head}>\n{''.join(lines)}    </testcase>\n" if lines else f"{head}/>\n"


def _attribute(text: str) -> str:
    return f'"{escape(one_line(text))}"'


def _text(text: str) -> str:
    return escape(visible(text), quote=False)
