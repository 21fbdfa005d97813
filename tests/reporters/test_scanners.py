"""The formats that code scanners and pipelines read: sarif, codequality, gitlab, github."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.reporters import github, gitlab, sarif
from reconciler.types.diagnostic import Diagnostic, Severity, Span
from reconciler.types.report import Report, Style
from tests.support import reports
from tests.support.hostile_reports import REPORTS

MANY = Report(
    "validate",
    "sandbox",
    diagnostics=tuple(
        Diagnostic("L01", severity, f"finding {number}", span=Span("a b/ü.yaml", number + 1, 1))
        for severity in Severity
        for number in range(30)
    ),
    exit_code=1,
)


def run_of(report: Report) -> dict[str, Any]:
    document = json.loads(sarif.render(report, Style()))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


@pytest.mark.parametrize("name", list(REPORTS))
def test_sarif_has_what_github_asks_for(name: str) -> None:
    run = run_of(REPORTS[name])
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert result["partialFingerprints"]


def test_sarif_places() -> None:
    place = run_of(reports.INVALID)["results"][0]["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "claims.yaml"}, "region": {"startLine": 20, "startColumn": 14},
    }  # fmt: skip
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "persona.claims-desk/layers/llm/api_key"
    assert run_of(MANY)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "a%20b/%C3%BC.yaml"
    )


def test_sarif_says_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 40)
    run = run_of(MANY)
    assert len(run["results"]) == 40
    assert {result["level"] for result in run["results"][:30]} == {"error"}
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "50 findings left out"


def test_sarif_tells_a_failed_run_from_one_with_findings() -> None:
    assert run_of(reports.DRIFT)["invocations"][0]["executionSuccessful"] is True
    assert run_of(reports.INVALID)["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("name", list(REPORTS))
def test_codequality_entries(name: str) -> None:
    entries = json.loads(gitlab.render_quality(REPORTS[name], Style()))
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"]["lines"]["begin"] >= 1


def test_codequality_tells_equal_findings_apart() -> None:
    twin = Diagnostic("L01", Severity.WARNING, "same", span=Span("a.yaml", 1, 1))
    other = Diagnostic("L01", Severity.WARNING, "same", span=Span("a.yaml", 2, 1))
    entries = json.loads(gitlab.render_quality(Report("validate", diagnostics=(twin, other)), Style()))
    assert len({entry["fingerprint"] for entry in entries}) == 2


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        (reports.MIXED, {"create": 1, "update": 2, "delete": 0}),
        (reports.BLOCKED, {"create": 0, "update": 0, "delete": 1}),
        (reports.EMPTY, {"create": 0, "update": 0, "delete": 0}),
        (Report("validate"), {"create": 0, "update": 0, "delete": 0}),
    ],
)
def test_gitlab_counts(report: Report, counts: dict[str, int]) -> None:
    shown = json.loads(gitlab.render(report, Style()))
    assert shown.pop("findings", []) == json.loads(gitlab.render_quality(report, Style()))
    assert shown == counts


def test_github_annotations() -> None:
    lines = github.render(reports.INVALID, Style()).splitlines()
    assert lines[0] == (
        "::error file=claims.yaml,line=20,col=14,title=L03 persona.claims-desk::a secret stands in the manifest: "
        "Anyone who reads the repository can read it. Write {env: NAME}"
    )
    assert lines[1].startswith("::warning file=claims.yaml,line=12,col=3,")


def test_github_stays_within_its_limits_and_says_so() -> None:
    lines = github.render(MANY, Style()).splitlines()
    kinds = [line.split(" ")[0] for line in lines]
    assert {kind: kinds.count(kind) for kind in kinds} == {"::error": 10, "::warning": 10, "::notice": 10}
    assert lines[-1] == "::notice title=reconciler validate::30 errors, 30 warnings. 61 findings not shown here."


def test_github_ends_with_the_summary() -> None:
    assert github.render(reports.EMPTY, Style()) == (
        "::notice title=reconciler plan::No changes. The account matches the manifests.\n"
    )


@pytest.mark.parametrize("name", list(REPORTS))
def test_a_finding_cannot_become_a_workflow_command(name: str) -> None:
    for line in github.render(REPORTS[name], Style()).splitlines():
        assert line.startswith(("::error file=", "::warning file=", "::notice file=", "::notice title="))


def test_github_escapes() -> None:
    finding = Diagnostic("X", Severity.ERROR, "50%\n::error::x", span=Span("a,b:c.yaml", 1, 1))
    line = github.render(Report("validate", diagnostics=(finding,)), Style()).splitlines()[0]
    assert line == "::error file=a%2Cb%3Ac.yaml,line=1,col=1,title=X::50%25%0A::error::x"
