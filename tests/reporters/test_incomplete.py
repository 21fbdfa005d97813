"""An incomplete comparison in every format: the summary line never says that all is well."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.reporters import REPORTERS
from reconciler.reporters.openmetrics import render as metrics
from reconciler.reporters.plan_json import report_object
from reconciler.reporters.text import render as text
from reconciler.reporters.wording import report_summary
from reconciler.types.address import Address
from reconciler.types.plan import Incomplete, Obstacle
from reconciler.types.report import Report, Style
from tests.support import reports

COULD_NOT = "3 could not be (2 secrets whose values are not here, 1 object that could not be read)"


def beside(report: Report) -> Report:
    assert report.plan is not None and reports.INCOMPLETE.plan is not None
    return replace(report, plan=replace(report.plan, incomplete=reports.INCOMPLETE.plan.incomplete))


@pytest.mark.parametrize(
    ("report", "begins"),
    [
        (reports.EMPTY, "No changes in what could be compared; "),
        (reports.NO_DRIFT, "No drift in what could be compared; "),
        (reports.DRIFT, "Drift: 2 objects"),
        (reports.MIXED, "Plan: 1 to add, 2 to change, 0 to destroy."),
        (reports.APPLIED, "Apply complete!"),
    ],
)
def test_the_summary_line(report: Report, begins: str) -> None:
    line = report_summary(beside(report))
    assert line.startswith(begins)
    assert COULD_NOT in line
    assert COULD_NOT not in report_summary(report)


@pytest.mark.parametrize("name", ["text", "markdown", "html", "ndjson", "github"])
def test_every_format_for_people_has_the_same_line(name: str) -> None:
    assert report_summary(reports.INCOMPLETE) in REPORTERS.get(name)(reports.INCOMPLETE, Style(width=1000))


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", ["junit", "sarif", "github", "gitlab", "codequality"])
def test_every_format_of_scanners_holds_each_of_them(name: str, strict: bool) -> None:
    """A run that ends with 1 for them (`--strict-complete`) says so in its report, too."""
    plan = reports.INCOMPLETE.plan
    assert plan is not None
    report = replace(reports.INCOMPLETE, plan=replace(plan, options=replace(plan.options, strict_complete=strict)))
    shown = REPORTERS.get(name)(report, Style())
    assert shown.count("could not be compared: ") >= 3
    assert "/layers/llm/api_key: its value is not here" in shown
    if name == "junit":
        assert (shown.count("<failure") > 0) is strict


def test_the_places_in_text() -> None:
    shown = text(reports.INCOMPLETE, Style())
    assert "persona.claims-desk /layers/llm/api_key: its value is not here (env LLM_KEY)" in shown
    assert "tool objects cannot be listed" in shown
    many = replace(
        reports.INCOMPLETE, plan=replace(reports.INCOMPLETE.plan, incomplete=reports.INCOMPLETE.plan.incomplete * 9)
    )
    assert text(many, Style(verbose=True)).count("its value is not here (env LLM_KEY)") == 18
    assert "Not compared" not in text(many, Style(quiet=True))


def test_more_than_a_few_are_a_line_for_each_reason() -> None:
    """A plan on a pull request has few of the secrets: what it cannot compare takes no screen at every run."""
    assert reports.INCOMPLETE.plan is not None
    thirty = tuple(
        Incomplete(Obstacle.SECRET_MISSING, Address("persona", f"p{n}"), "/layers/llm/api_key", f"env KEY_{n}")
        for n in range(30)
    )
    every = (*thirty, *reports.INCOMPLETE.plan.incomplete)
    report = replace(reports.INCOMPLETE, plan=replace(reports.INCOMPLETE.plan, incomplete=every))
    shown = text(report, Style(width=200))
    (start,) = [at for at, line in enumerate(shown.splitlines()) if line.startswith("Not compared")]
    assert shown.splitlines()[start : start + 4] == [
        "Not compared (--verbose shows each):",
        "  - tool objects cannot be listed: GET /tools answered 500",
        "  - 32 secrets whose values are not here: env KEY_0, env KEY_1, env KEY_2 and 28 more",
        "",
    ]
    for name in ("markdown", "html"):
        folded, whole = (REPORTERS.get(name)(report, Style(detail=detail)) for detail in ("compact", "full"))
        assert "32 secrets whose values are not here: env KEY" in folded.replace("\\", "")
        assert "its value is not here" not in folded
        assert whole.count("its value is not here") == 32


def test_json_lists_them() -> None:
    found = json.loads(json.dumps(report_object(reports.INCOMPLETE)))
    assert found["summary"]["incomplete"] == len(found["incomplete"]) == 3
    assert found["incomplete"][1] == {
        "address": "persona.claims-desk", "path": "/layers/llm/api_key", "reason": "secret_missing",
        "detail": "env LLM_KEY",
    }  # fmt: skip
    assert found["incomplete"][0]["address"] is None


def test_metrics_count_them_by_reason() -> None:
    shown = metrics(reports.INCOMPLETE, Style())
    assert 'reconciler_incomplete{workspace="sandbox",reason="secret_missing"} 2' in shown
    assert 'reconciler_incomplete{workspace="sandbox",reason="digest_key"} 0' in shown
    assert 'reconciler_up{workspace="sandbox"} 1' in shown
    assert 'reconciler_up{workspace=""} 0' in metrics(Report("drift", exit_code=1, reached=False), Style())


@pytest.mark.parametrize("name", ["text", "markdown", "html", "ndjson", "github"])
def test_no_format_says_success_where_the_exit_code_does_not(name: str) -> None:
    for code in (1, 3, 64):
        assert "Success" not in REPORTERS.get(name)(Report("validate", "sandbox", exit_code=code), Style())
