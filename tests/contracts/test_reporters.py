"""Every reporter renders every report: deterministic, without secrets, without anything a terminal would obey."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reconciler.reporters import REPORTERS
from reconciler.types.address import Address
from reconciler.types.options import PlanOptions
from reconciler.types.report import Report, Style
from tests.support.hostile_reports import PLANTED, REPORTS

STYLES = (
    Style(),
    Style(color=True, width=60),
    Style(verbose=True, width=20),
    Style(quiet=True),
)
ANSI = re.compile("\x1b\\[[0-9;]*m")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")


FOR_PEOPLE = ("text",)
MACHINES = tuple(name for name in REPORTERS if name not in FOR_PEOPLE)


@pytest.fixture(params=list(REPORTERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(REPORTS))
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[str(request.param)]


def test_renders_every_report_in_every_style(name: str, report: Report) -> None:
    for style in STYLES:
        text = REPORTERS.get(name)(report, style)
        assert isinstance(text, str)
        assert text == "" or text.endswith("\n")


def test_the_same_report_gives_the_same_bytes(name: str, report: Report) -> None:
    render = REPORTERS.get(name)
    assert render(report, Style()) == render(report, Style())


NO_PLACE = ("gitlab",)
"""Formats that hold three numbers."""


@pytest.mark.parametrize("told", [name for name in REPORTERS if name not in NO_PLACE])
@pytest.mark.parametrize("which", ["mixed", "blocked", "drift", "applied", "failed", "hostile", "hostile-plan"])
def test_what_a_plan_was_made_with_comes_before_what_it_changes(told: str, which: str) -> None:
    report = REPORTS[which]
    assert report.plan is not None
    options = PlanOptions(allow_deletes=True, targets=(Address("persona", "named-by-a-flag"),))
    text = REPORTERS.get(told)(replace(report, plan=replace(report.plan, options=options)), Style())
    changed = [text.find(str(change.address)) for change in report.plan.changes]
    for flag in ("--allow-deletes", "--target persona.named-by-a-flag"):
        place = text.find(flag)
        assert place >= 0
        if told != "json":  # members of an object have no order
            assert all(place < one for one in changed if one >= 0)


def test_no_secret_passes(name: str) -> None:
    for style in STYLES:
        assert PLANTED not in REPORTERS.get(name)(REPORTS["secrets"], style)


def test_output_can_be_written_as_utf8(name: str, report: Report) -> None:
    text = REPORTERS.get(name)(report, Style(verbose=True))
    assert text.encode("utf-8").decode("utf-8") == text


def test_nothing_from_outside_steers_the_terminal(report: Report) -> None:
    for style in STYLES:
        text = REPORTERS.get("text")(report, style)
        if not style.color:
            assert not CONTROL.search(text)
        assert not CONTROL.search(ANSI.sub("", text))


def test_colour_changes_nothing_but_the_colour(report: Report) -> None:
    render = REPORTERS.get("text")
    plain = [line for line in render(report, Style()).splitlines() if not re.fullmatch(r"[ ^]*\^[ ^]*", line)]
    coloured = [line.rstrip() for line in ANSI.sub("", render(report, Style(color=True))).splitlines()]
    assert coloured == [line.rstrip() for line in plain]


@pytest.mark.parametrize("machine", MACHINES)
def test_machine_formats_ignore_the_style(machine: str, report: Report) -> None:
    render = REPORTERS.get(machine)
    assert len({render(report, style) for style in STYLES}) == 1
