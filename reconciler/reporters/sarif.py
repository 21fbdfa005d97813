"""Findings as SARIF 2.1.0, within the limits of GitHub's code scanning."""

from __future__ import annotations

from urllib.parse import quote

from reconciler.core.text import visible
from reconciler.reporters.plan_json import dump
from reconciler.reporters.report_findings import DRIFT, FAILED, PLANNED, SKIPPED, Finding, collect_findings
from reconciler.reporters.wording import plural
from reconciler.types.diagnostic import Severity
from reconciler.types.json import Json, Object
from reconciler.types.report import Report, RuleText, Style
from reconciler.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5_000
"""More are uploaded but not shown."""
LONGEST_ID = 255
LONGEST_TEXT = 1_024
"""Characters of a rule's id and of its descriptions that GitHub takes."""
_TITLES = {
    PLANNED: "The plan was made with flags that change what it does or lift a rule",
    DRIFT: "A managed object was changed or deleted outside of the manifests",
    FAILED: "A change could not be applied",
    SKIPPED: "A change was not applied because of another one",
}
_LEVELS: dict[Severity, Json] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report, style: Style) -> str:
    """One run; rules are the codes in use; a result without a place stands at the project file."""
    findings = collect_findings(report, style.folder)
    shown = findings[:MAX_RESULTS]
    codes = {code: index for index, code in enumerate(dict.fromkeys(finding.code for finding in shown))}
    invocation: Object = {"executionSuccessful": report.exit_code in (0, 2, 3), "exitCode": report.exit_code}
    if report.plan and report.plan.options.flags:
        invocation["arguments"] = [*report.plan.options.flags]
    if len(findings) > len(shown):
        text = f"{plural(len(findings) - len(shown), 'finding')} left out"
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    driver: Object = {
        "name": "reconciler",
        "semanticVersion": __version__,
        "rules": [_rule(code, report.rules(code)) for code in codes],
    }
    run: Object = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"reconciler/{report.verb}/{quote(visible(report.workspace))}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(finding, codes[finding.code]) for finding in shown],
    }
    return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(code: str, rule: RuleText | None) -> Object:
    """What GitHub shows beside an alert: a title, the reason, and for our lint rules an example of each side."""
    if rule is None:
        title = _TITLES.get(code) or f"{code.replace('-', ' ')}"
        return {"id": code[:LONGEST_ID], "shortDescription": {"text": title[:LONGEST_TEXT]}}
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.what[:LONGEST_TEXT]},
        "fullDescription": {"text": rule.why[:LONGEST_TEXT]},
        "help": {"text": rule.page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, rule: int) -> Object:
    physical: Object = {
        "artifactLocation": {"uri": quote(finding.path)},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    place: Object = {"physicalLocation": physical}
    if finding.address:
        name = f"{finding.address}{finding.pointer}"
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    return {
        "ruleId": finding.code[:LONGEST_ID],
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.text},
        "locations": [place],
        "partialFingerprints": {"reconciler/v1": finding.fingerprint},
    }
