"""Any finding in any format, by one function."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler import Report, Style, UsageError, render
from reconciler.api.render import MIGRATION_FORMATS, render_migration
from reconciler.core.migrating.migration_result import MigrationResult
from reconciler.core.secrets.redact_text import Redactor
from reconciler.reporters import REPORTERS
from reconciler.types.report import ApplyResult
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


def test_no_findings() -> None:
    assert json.loads(render((), "json"))["diagnostics"] == []


@pytest.mark.parametrize("format", MIGRATION_FORMATS)
def test_a_migration_has_formats_of_its_own(format: str) -> None:
    assert render(MigrationResult(), format) == render_migration(
        MigrationResult(), format, written=False, width=100, quiet=False, redactor=Redactor()
    )


def test_unknown_formats() -> None:
    with pytest.raises(UsageError, match="known"):
        render(PLANS[0], "pdf")
    with pytest.raises(UsageError, match="migrate speaks"):
        render(MigrationResult(), "sarif")
