"""Any finding in any format, by one function."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import Report, Style, UsageError, render
from reconciler.api.render import MIGRATION_FORMATS, render_migration, with_provenance
from reconciler.core.migration_result import MigrationResult
from reconciler.core.secrets.redact_text import Redactor
from reconciler.platforms.tavus.kinds import tool
from reconciler.reporters import REPORTERS
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, Reason
from reconciler.types.diagnostic import Diagnostic, Severity, Span
from reconciler.types.report import ApplyResult, Provenance
from tests.support.gittrees import repository
from tests.support.reports import PLAIN_REPORTS as REPORTS

PLANS = [report.plan for report in REPORTS.values() if report.plan is not None]


@pytest.mark.parametrize("format", REPORTERS)
def test_a_plan_renders_as_the_report_of_its_verb(format: str) -> None:
    for plan in PLANS:
        verb = "drift" if plan.mode == "drift" else "plan"
        assert render(plan, format) == render(Report(verb, plan.workspace, plan), format)


def test_a_result_makes_it_an_apply() -> None:
    text = render(replace(PLANS[0], mode="normal"), "json", result=ApplyResult())
    assert json.loads(text) != json.loads(render(replace(PLANS[0], mode="normal"), "json"))


def test_text_ends_with_a_line_end_or_is_empty() -> None:
    for report in REPORTS.values():
        text = render(report, "text", style=Style(width=80))
        assert not text or text.endswith("\n")


@pytest.mark.parametrize("folder", ["", "agents"])
@pytest.mark.parametrize("format", ["text", "markdown", "html", "json"])
def test_people_find_every_file_that_a_report_names(format: str, folder: str) -> None:
    """Sources are relative to the manifests, places to the folder of the run: a page names both from `Style.folder`
    on. Documents for machines stay as they are."""
    span = Span("manifests/desk.yaml", 7, 3)
    found = Diagnostic("L18", Severity.WARNING, "unknown", span=span)
    change = Change(
        Address("tool", "find"), tool.KIND, Action.DELETE, Reason.NOT_IN_MANIFESTS, "t1", source="find.yaml",
        blocked=(Block("deletes", "no", "a way", pointer="/x", span=span),),
    )  # fmt: skip
    plan = replace(PLANS[0], mode="normal", changes=(change,), drift=(), diagnostics=(found,))
    report = Report("plan", "w", plan, diagnostics=(found,), home="manifests")
    text = render(report, format, style=Style(folder=folder))
    top = "agents/" if folder and format in {"markdown", "html"} else ""
    assert f"{top}manifests/desk.yaml:7:3" in text or format == "json"
    assert ("agents/" in text) is bool(top)
    if format in {"text", "html"}:
        assert f"{top}manifests/find.yaml" in text


def test_no_findings() -> None:
    assert json.loads(render((), "json"))["diagnostics"] == []


@pytest.mark.parametrize("format", MIGRATION_FORMATS)
def test_a_migration_has_formats_of_its_own(format: str) -> None:
    assert render(MigrationResult(), format) == render_migration(
        MigrationResult(), format, Style(), written=False, redactor=Redactor()
    )


def test_unknown_formats() -> None:
    with pytest.raises(UsageError, match="known"):
        render(PLANS[0], "pdf")
    with pytest.raises(UsageError, match="migrate speaks"):
        render(MigrationResult(), "sarif")


@pytest.mark.parametrize(
    ("environ", "commit", "who"),
    [
        ({"GITHUB_SHA": "a" * 40, "GITHUB_ACTOR": "octocat"}, "a" * 40, "octocat"),
        ({"CI_COMMIT_SHA": "b" * 40, "GITLAB_USER_LOGIN": "ann"}, "b" * 40, "ann"),
        ({"BUILD_SOURCEVERSION": "c" * 40, "BUILD_REQUESTEDFOR": "Ann"}, "c" * 40, "Ann"),
        ({"BITBUCKET_COMMIT": "d" * 40}, "d" * 40, ""),
        ({}, "", ""),
    ],
)
def test_the_heading_is_made_of_what_the_ci_says(
    environ: dict[str, str], commit: str, who: str, tmp_path: Path
) -> None:
    made = with_provenance(Report("plan"), environ, "2026-11-30T17:05:00Z", str(tmp_path)).made
    assert made == Provenance(commit, "", "2026-11-30 17:05 UTC", who)


def test_the_heading_is_made_of_what_git_says(tmp_path: Path) -> None:
    tree = repository(tmp_path)
    tree.write("a.yaml", "a: 1\n")
    first = tree.commit()
    for text, commit in (("a: 1\n", first), ("a: 2\n", f"{first}-dirty")):
        tree.write("a.yaml", text)
        made = with_provenance(Report("plan"), {"GITHUB_SHA": "a" * 40}, "2026-11-30T17:05:00Z", str(tmp_path)).made
        assert made is not None
        assert (made.commit, made.author) == (commit, tree.git("log", "-1", "--format=%an")), (
            "what is checked out wins over what the CI says"
        )
