"""Findings as GitLab's Code Quality report."""

from __future__ import annotations

from reconciler.core.serialization.digest import digest
from reconciler.reporters.json_dump import dump
from reconciler.reporters.report_findings import DRIFT, Finding, collect_findings
from reconciler.types.diagnostic import Severity
from reconciler.types.json import Json
from reconciler.types.report import Report, Style

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, style: Style) -> str:
    """A list of its own."""
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
