"""Laws that hold for every format and every report: one document, the same each time, nothing that a screen obeys."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.reporters import REPORTERS
from reconciler.types.report import Report, Style
from tests.support import anyreport
from tests.support.hostile_reports import REPORTS
from tests.support.large_reports import many_small
from tests.support.nasty_reports import NASTY
from tests.support.reports import PLAIN_REPORTS

ALL = {**REPORTS, **NASTY, "small": many_small(300)}
LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
PROSE = ("text", "markdown", "html", "junit", "github")
JSON = ("json", "sarif", "codequality", "gitlab")
# What screens and readers obey: control characters, directions of writing, ends of lines that only some know.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def render(name: str, report: Report, style: Style | None = None) -> str:
    return REPORTERS.get(name)(report, style or Style())


def check_one_document(name: str, text: str) -> None:
    assert text.encode("utf-8").decode("utf-8") == text
    assert not OBEYED.search(text)
    if text:
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
    if name in JSON:
        json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    if name == "ndjson":
        assert text.splitlines() == text.split("\n")[:-1]
        for line in text.splitlines():
            assert {"@level", "@message", "@module", "type"} <= set(json.loads(line))


@pytest.mark.parametrize("name", list(REPORTERS))
@pytest.mark.parametrize("report", list(ALL))
def test_every_report_is_one_document(name: str, report: str) -> None:
    check_one_document(name, render(name, ALL[report]))


@pytest.mark.parametrize("name", list(REPORTERS))
@LAW
@given(report=anyreport.REPORTS, style=anyreport.STYLES)
def test_any_report_is_one_document_and_the_same_each_time(name: str, report: Report, style: Style) -> None:
    plain = Style(False, style.width, style.verbose, style.quiet)
    text = render(name, report, plain)
    check_one_document(name, text)
    assert render(name, report, plain) == text


@LAW
@given(report=anyreport.REPORTS, style=anyreport.STYLES)
def test_text_without_colours_is_text_with_colours_less_the_colours(report: Report, style: Style) -> None:
    coloured = render("text", report, Style(True, style.width, style.verbose, style.quiet))
    plain = render("text", report, Style(False, style.width, style.verbose, style.quiet))
    assert "\x1b" not in plain
    # Signs that stand for a colour may take its place; the words are the same.
    assert plain.count("\n") == re.sub("\x1b\\[[0-9;]*m", "", coloured).count("\n")


@pytest.mark.parametrize("report", list(PLAIN_REPORTS))
@pytest.mark.parametrize("name", ["text", "markdown", "junit"])
def test_no_line_ends_in_blanks(report: str, name: str) -> None:
    for verbose in (False, True):
        text = render(name, PLAIN_REPORTS[report], Style(verbose=verbose))
        # An empty line in a block of a diff is its sign and a blank.
        ended = [line for line in text.split("\n") if line != line.rstrip(" ") and line not in ("+ ", "- ")]
        assert not ended


@LAW
@given(texts=st.lists(anyreport.TEXTS, max_size=3))
def test_formats_for_machines_ignore_the_style(texts: list[str]) -> None:
    report = Report("plan", "sandbox", REPORTS["mixed"].plan, notes=tuple(texts))
    for name in REPORTERS:
        if name not in PROSE:
            assert render(name, report, Style(True, 20, True, True)) == render(name, report)
