"""Reports that are too large: comments stay below every limit, pages can be opened, and both say what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.reporters import html, markdown
from reconciler.reporters.html.page_parts import LARGEST, MAX_ITEMS
from reconciler.reporters.html.page_parts import LIMIT as PAGE
from reconciler.reporters.markdown.comment_text import FULL, Detail, Entry, fit, size
from reconciler.types.change import Action, Block
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.report import ApplyResult, Report, StepResult, Style
from tests.support.large_reports import (
    SCRIPTS,
    many_fields,
    many_prompts,
    many_small,
    named,
    one_line,
    scripted,
)

COMMENT = 65_536
LARGE: dict[str, Callable[[], Report]] = {
    "prompts": lambda: many_prompts(300),
    "small": lambda: many_small(3_000),
    "one-line": lambda: one_line(200_000),
    "fields": lambda: many_fields(3_000),
    **{script: partial(scripted, script, 60_000) for script in SCRIPTS},
}


@cache
def commented(name: str) -> str:
    """The comment of a large report; to write one takes a second, and no test changes it."""
    return markdown.render(LARGE[name](), Style())


@pytest.fixture(scope="module", params=list(LARGE))
def comment(request: pytest.FixtureRequest) -> str:
    return commented(request.param)


def test_a_comment_is_below_the_limit_by_every_measure(comment: str) -> None:
    assert len(comment) < COMMENT
    assert len(comment.encode("utf-8")) < COMMENT
    assert len(comment.encode("utf-16-le")) // 2 < COMMENT


def test_a_comment_uses_the_room_it_has() -> None:
    assert len(commented("prompts")) > 0.9 * COMMENT
    assert len(commented("small")) > 0.9 * COMMENT


def test_what_is_folded_is_closed_again(comment: str) -> None:
    for tag in ("details", "summary", "pre", "ins", "del", "b", "code"):
        assert len(re.findall(rf"<{tag}[ >]", comment)) == comment.count(f"</{tag}>"), tag


def counted(comment: str, sentence: str) -> int:
    found = re.search(rf"([\d,]+) {sentence}", comment)
    return int(found[1].replace(",", "")) if found else 0


@pytest.mark.parametrize(("name", "total"), [("prompts", 300), ("small", 3_000)])
def test_every_object_is_shown_named_or_counted(name: str, total: int) -> None:
    comment = commented(name)
    shown = set(re.findall(r"persona\.desk-\d+", unescape(comment)))
    detailed = comment.count("<details")
    assert detailed > 0
    assert len(shown) - detailed == counted(comment, r"objects? shown on one line")
    assert len(shown) + counted(comment, r"more objects? did not fit at all") == total


def test_the_most_dangerous_come_first() -> None:
    comment = commented("prompts")
    order = list(dict.fromkeys(re.findall(r"persona\.desk-\d+", comment)))
    blocked = {str(named(number)) for number in range(9, 299, 10)}
    assert set(order[: len(blocked)]) == blocked
    assert order[len(blocked)] == str(named(299)), "the delete follows what is blocked"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_long_prompt_is_shown_in_part_and_never_not_at_all(script: str) -> None:
    comment = markdown.render(scripted(script, 60_000), Style())
    assert "<pre>" in comment
    assert re.search(r"… [\d,]+ more lines? of this section", comment)


def test_one_line_of_a_whole_prompt_shows_its_first_edits() -> None:
    comment = commented("one-line")
    assert "<ins>new0</ins>" in comment
    assert re.search(r"…[\d,]+ characters", comment)


@pytest.mark.parametrize("name", list(LARGE))
def test_a_page_can_be_opened(name: str) -> None:
    assert len(html.render(LARGE[name](), Style())) < PAGE + 2_000_000


def test_a_page_says_what_it_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.reporters.html.page_parts.LIMIT", 100_000)
    page = html.render(many_prompts(60), Style())
    detailed = page.count("<table")
    assert detailed > 0
    assert page.count("<details class=") == 60
    assert counted(page, r"objects?\. The json report") > 0
    monkeypatch.setattr("reconciler.reporters.html.page_parts.MAX_ITEMS", 25)
    page = html.render(many_prompts(60), Style())
    assert page.count("<details class=") == 25
    assert counted(page, r"more objects? not shown") == 35


def test_a_page_bounds_one_text_too() -> None:
    page = html.render(scripted("cjk", 400_000), Style())
    assert re.search(r"[\d,]+ more lines? of this section", page)
    assert len(page) < 2 * LARGEST
    assert MAX_ITEMS >= 10_000


TEXTS = st.text(alphabet="aé日👍", max_size=40)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=60), st.integers(-10, 3_000))
def test_fitting_never_takes_more_than_there_is(texts: list[tuple[str, str, str]], room: int) -> None:
    def entry(full: str, short: str, brief: str) -> Entry:
        return Entry(lambda detail: "!" + (full if detail is FULL else short) * 10, brief + "\n")

    entries = [entry(*one) for one in texts]
    shown, sentences = fit(entries, room)
    assert len(shown) == len(entries)
    assert size("".join(shown)) <= max(room, 0)
    missing = sum(text == "" for text in shown)
    assert any(f"{missing} more object" in sentence for sentence in sentences) is bool(missing)
    # What is missing is at the end: the order is that of danger.
    assert "" not in shown[: len(shown) - missing]


def test_details_are_not_made_when_there_is_no_hope() -> None:
    made: list[Detail] = []

    def make(detail: Detail) -> str:
        made.append(detail)
        return "x" * 10_000

    fit([Entry(make, "brief\n")] * 500, 5_000)
    assert len(made) <= 50


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_many_blocks_findings_and_steps_are_bounded(name: str) -> None:
    text = "<&`|日" * 300
    findings = tuple(Diagnostic("L01", Severity.ERROR, f"{number} {text}", text, text) for number in range(400))
    steps = tuple(StepResult(named(n), Action.UPDATE, "failed", message=text, hint=text) for n in range(400))
    blocks = tuple(Block("r", text, text) for _ in range(400))
    changes = many_small(500).plan
    assert changes is not None
    plan = replace(changes, blocked=blocks)
    for result in (None, ApplyResult(steps)):
        report = Report("apply", text, plan, result, findings, 1, tuple(f"{n} {text}" for n in range(400)))
        out = {"markdown": markdown, "html": html}[name].render(report, Style())
        assert len(out.encode()) < (COMMENT if name == "markdown" else PAGE + 4_000_000)
