"""What readers of Terraform's plans insist on, found by running them on our plans.

Tried by hand, as they are too large to be test dependencies, on some of the plans below (mixed, empty and hostile,
for most also blocked): Checkov 3.3.30 (an attribute check of `layers.llm.model`), terraform-compliance 1.16.0,
flatplan 1.3.0, readtheplan 0.4.0, pyrrho 0.2.1, and blastcheck 0.8.0, which exits 1 for a
plan without changes. preapply 1.0.4 skips types without an underscore (`persona`), with a warning.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from reconciler.core.text import UNSEEN
from reconciler.reporters import REPORTERS
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.report import Report, Style
from tests.support import anyreport
from tests.support.hostile_reports import REPORTS
from tests.support.large_reports import many_small
from tests.support.nasty_reports import NASTY

ALL = {**REPORTS, **{name: one for name, one in NASTY.items() if "long" not in name}, "small": many_small(30)}


def rendered(report: Report) -> str:
    return REPORTERS.get("json")(report, Style())


def document(name: str) -> dict[str, Any]:
    found = json.loads(rendered(ALL[name]))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", list(ALL))
def test_the_first_line_is_the_document(name: str) -> None:
    """terraform-compliance takes the second line of a file that has several, else the first."""
    text = rendered(ALL[name])
    assert text.count("\n") == 1
    assert text.splitlines() == [text.rstrip("\n")]


@pytest.mark.parametrize("name", list(ALL))
def test_what_makes_a_plan_for_terraform_compliance(name: str) -> None:
    plan = document(name)
    assert plan["format_version"] in ("0.1", "0.2", "1.0", "1.1", "1.2")
    assert plan["terraform_version"].startswith("1.9.")
    assert plan["planned_values"] and plan["configuration"]
    assert "values" not in plan


@pytest.mark.parametrize("name", [name for name in ALL if name != "nasty-one-word"])
def test_a_plan_is_yaml_too(name: str) -> None:
    """Checkov parses it as YAML, for the numbers of lines."""
    assert yaml.load(rendered(ALL[name]), Loader=yaml.CSafeLoader) == document(name)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(anyreport.REPORTS)
def test_any_plan_is_yaml_and_json_to_strict_readers(report: Report) -> None:
    text = rendered(report)
    json.loads(text.encode("utf-8"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    yaml.compose(text, Loader=yaml.CSafeLoader)


@pytest.mark.parametrize("code", [0xE0041, 0x1BCA0, 0x1D173, 0x1F600, 0x200B, 0x85])
def test_no_character_keeps_a_reader_of_yaml_out(code: int) -> None:
    """JSON escapes what lies beyond U+FFFF as two halves, which YAML refuses; whoever edits a prompt in the account
    could keep a policy check from reading the plan."""
    report = Report("validate", notes=(f"x{chr(code)}y",))
    assert yaml.load(rendered(report), Loader=yaml.CSafeLoader) == json.loads(rendered(report))


@pytest.mark.parametrize("name", list(ALL))
def test_the_three_views_of_a_plan_agree(name: str) -> None:
    plan = document(name)
    stays = [one["address"] for one in plan["resource_changes"] if one["change"]["after"] is not None]
    assert [one["address"] for one in plan["planned_values"]["root_module"]["resources"]] == stays
    declared = plan["configuration"]["root_module"]["resources"]
    assert [one["address"] for one in declared] == stays
    assert {one["provider_config_key"] for one in declared} <= set(plan["configuration"]["provider_config"])
    for one in declared:
        assert one["address"] == f"{one['type']}.{one['name']}"
        assert one["mode"] == "managed" and one["expressions"] == {}


@pytest.mark.parametrize("format", ["json", "ndjson", "sarif", "codequality"])
def test_what_no_screen_shows_is_an_escape(format: str) -> None:
    """`cat`, an editor and a review page show a document as it is; the text itself comes back as it was."""
    told = "".join(map(chr, (0x200B, 0x200D, 0x2060, 0xAD, 0xFE0F, 0x3164, 0x2800, 0xE000, 0x9B, 0x7F)))
    found = Diagnostic("L01", Severity.WARNING, f"x{told}y")
    text = REPORTERS.get(format)(Report("validate", notes=(told,), diagnostics=(found,)), Style())
    assert UNSEEN.search(text) is None
    if format == "json":
        assert json.loads(text)["notes"] == [told]


def test_halves_of_a_character_that_stand_together_are_one() -> None:
    report = Report("validate", notes=("\ud83d\ude00 \ud83d x\u2028y",))
    assert json.loads(rendered(report))["notes"] == ["😀 \ufffd x\u2028y"]
    assert "\u2028" not in rendered(report)
