"""The three numbers of GitLab's merge request widget (`artifacts:reports:terraform`), and the findings."""

from __future__ import annotations

from reconciler.core.serialization.digest import digest
from reconciler.reporters.plan_json import dump
from reconciler.reporters.report_findings import DRIFT, Finding, collect_findings
from reconciler.types.diagnostic import Severity
from reconciler.types.json import Json
from reconciler.types.plan import Summary
from reconciler.types.report import Report, Style

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render_quality(report: Report, style: Style) -> str:
    """Findings as GitLab's Code Quality report."""
    return dump(quality(report, style)) + "\n"


def quality(report: Report, style: Style) -> list[Json]:
    """An entry for each finding; fingerprints are unique and do not change when lines move."""
    used: set[str] = set()
    entries: list[Json] = []
    for finding in collect_findings(report, style.folder):
        fingerprint = finding.fingerprint
        while fingerprint in used:
            fingerprint = digest(["again", fingerprint])
        used.add(fingerprint)
        entries.append(_entry(finding, fingerprint))
    return entries


def _entry(finding: Finding, fingerprint: str) -> Json:
    severity = "major" if finding.code == DRIFT else _SEVERITIES[finding.severity]
    return {
        "description": finding.text,
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": finding.path, "lines": {"begin": finding.line}},
    }


def render(report: Report, style: Style) -> str:
    """An empty plan still gives zeros: the widget needs them, and no other key disturbs it (`has_required_keys?` in
    GitLab's `Tfplan` parser). Imports, moves and forgets have no place there. Findings are as in Code Quality."""
    summary = report.plan.summary if report.plan else Summary()
    counts = {"create": summary.added, "update": summary.changed, "delete": summary.destroyed}
    findings = quality(report, style)
    return dump({**counts, **({"findings": findings} if findings else {})}, indent=None) + "\n"
