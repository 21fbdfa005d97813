"""Findings as annotations of GitHub Actions, within what a step may show: ten errors, ten warnings, ten notices."""

from __future__ import annotations

from reconciler.reporters.report_findings import Finding, collect_findings
from reconciler.reporters.wording import plural, report_summary
from reconciler.types.diagnostic import Severity
from reconciler.types.report import Report, Style

MAX_EACH = 10
LONGEST = 4_000
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, style: Style) -> str:
    """One workflow command a line; the last one is the summary and says how many findings had no room."""
    findings = collect_findings(report, style.folder)
    # One notice is kept for the summary.
    room = {Severity.ERROR: MAX_EACH, Severity.WARNING: MAX_EACH, Severity.INFO: MAX_EACH - 1}
    lines: list[str] = []
    for finding in findings:
        if room[finding.severity]:
            room[finding.severity] -= 1
            lines.append(_annotation(finding))
    left_out = len(findings) - len(lines)
    more = f"{plural(left_out, 'finding')} not shown here." if left_out else ""
    summary = " ".join(part for part in (report_summary(report), more) if part)
    if summary:
        lines.append(f"::notice title=reconciler {_property(report.verb)}::{_data(summary)}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding) -> str:
    place = f"file={_property(finding.path)},line={finding.line},col={finding.column}"
    title = _property(f"{finding.code} {finding.address or ''}".strip())
    return f"::{_COMMANDS[finding.severity]} {place},title={title}::{_data(finding.text[:LONGEST])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
