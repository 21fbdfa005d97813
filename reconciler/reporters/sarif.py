"""Findings as SARIF 2.1.0, within the limits of GitHub's code scanning."""

from __future__ import annotations

from urllib.parse import quote

from reconciler import __version__
from reconciler.core.visible import visible
from reconciler.reporters.dump import dump
from reconciler.reporters.findings import Finding, collect_findings
from reconciler.reporters.wording import plural
from reconciler.types.diagnostic import Severity
from reconciler.types.json import Json, Object
from reconciler.types.report import Report, Style

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5_000
"""More are uploaded but not shown."""
_LEVELS: dict[Severity, Json] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report, style: Style) -> str:
    """One run; rules are the codes in use; a result without a place stands at the project file."""
    findings = collect_findings(report)
    shown = findings[:MAX_RESULTS]
    codes = list(dict.fromkeys(finding.code for finding in shown))
    invocation: Object = {"executionSuccessful": report.exit_code in (0, 2, 3), "exitCode": report.exit_code}
    if len(findings) > len(shown):
        text = f"{plural(len(findings) - len(shown), 'finding')} left out"
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    driver: Object = {
        "name": "reconciler",
        "semanticVersion": __version__,
        "rules": [{"id": code, "shortDescription": {"text": code.replace("-", " ")}} for code in codes],
    }
    run: Object = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"reconciler/{report.verb}/{quote(visible(report.workspace))}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(finding, codes.index(finding.code)) for finding in shown],
    }
    return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _result(finding: Finding, rule: int) -> Object:
    physical: Object = {
        "artifactLocation": {"uri": quote(finding.path.replace("\\", "/"))},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    place: Object = {"physicalLocation": physical}
    if finding.address:
        name = f"{finding.address}{finding.pointer}"
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.text},
        "locations": [place],
        "partialFingerprints": {"reconciler/v1": finding.fingerprint},
    }
