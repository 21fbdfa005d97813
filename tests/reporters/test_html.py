from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from reconciler.reporters.html import render
from reconciler.types.address import Address
from reconciler.types.change import Action, Direction, FieldChange
from reconciler.types.report import Report, Style
from tests.support import reports
from tests.support.hostile_reports import REPORTS
from tests.support.records import change_of

VOID = {"meta", "input", "col", "br"}
OPTIONAL = {"li", "p"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps what tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.problems: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(report: Report) -> Page:
    return Page(render(report, Style()))


@pytest.mark.parametrize("name", list(REPORTS))
def test_every_page_nests(name: str) -> None:
    found = page(REPORTS[name])
    assert found.problems == []
    assert found.open == []
    assert len(found.all("h1")) == len(found.all("main")) == len(found.all("title")) == 1


@pytest.mark.parametrize("name", list(REPORTS))
def test_a_page_stands_alone(name: str) -> None:
    text = render(REPORTS[name], Style())
    assert "default-src 'none'" in text
    found = Page(text)
    assert not found.all("link") and not found.all("img") and not found.all("iframe")
    assert all("src" not in attributes for _, attributes in found.tags)
    assert all((attributes.get("href") or "#").startswith("#") for _, attributes in found.tags)


@pytest.mark.parametrize("name", list(REPORTS))
def test_texts_from_outside_bring_no_tags_of_their_own(name: str) -> None:
    known = {
        "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p", "b", "ul", "li", "ol",
        "main", "footer", "script", "div", "label", "input", "button", "span", "details", "summary", "table", "thead",
        "tbody", "tr", "th", "td", "code", "del", "ins", "mark", "colgroup", "col",
    }  # fmt: skip
    found = page(REPORTS[name])
    assert {tag for tag, _ in found.tags} <= known
    assert len(found.all("script")) == 1


def test_markup_in_any_text_stays_text() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    change = reports.update(
        Address("persona", "x"),
        FieldChange(f"/layers/{evil}", Direction.LIVE, evil, f"{evil}\n{evil}", note=evil),
        FieldChange("/greeting", Direction.LIVE, "a", evil),
        notes=(evil,),
        source=evil,
    )
    found = page(Report(evil, evil, reports.make_plan(change), notes=(evil,)))
    assert len(found.all("script")) == 1
    assert not found.all("img")
    assert found.problems == []
    assert "onerror=alert(1)" in found.text


def test_the_summary_and_the_counts() -> None:
    found = page(reports.MIXED).text
    assert "Plan: 1 to add, 2 to change, 0 to destroy. Also: 1 to move, 1 to forget." in found
    assert "2changed" in found


def test_most_dangerous_first() -> None:
    changes = (
        change_of(Address("persona", "created"), Action.CREATE),
        change_of(Address("persona", "deleted"), Action.DELETE),
    )
    found = page(Report("plan", plan=reports.make_plan(*changes))).text
    assert found.index("persona.deleted will be destroyed") < found.index("persona.created will be created")


def test_a_prompt_stands_side_by_side() -> None:
    text = render(reports.MIXED, Style())
    row = next(line for line in text.splitlines() if "open and closed" in line or "and closed" in line)
    assert re.search(
        r"<td class=removed>.*Answer questions about open claims\..*<td class=added>.*<mark>and closed </mark>", row
    )
    assert "83 → 90 tokens (+7; best up to 5,000)" in text


def test_every_item_can_be_filtered_by_its_action() -> None:
    for name in ("mixed", "blocked", "drift", "import-only"):
        found = page(REPORTS[name])
        offered = {box["value"] for box in found.all("input") if box.get("type") == "checkbox"}
        used = {item["data-action"] for item in found.all("details") if "data-action" in item}
        assert used
        assert used == offered, "what is not on the page is not offered"


def test_inputs_and_cells_are_labelled() -> None:
    found = page(reports.MIXED)
    assert len(found.all("label")) == len(found.all("input"))
    assert all(header.get("scope") == "col" for header in found.all("th"))
    assert found.all("html")[0]["lang"] == "en"


def test_blocks_findings_steps_and_requests() -> None:
    assert "Blocked (deletes): deleting is not allowed in this workspace" in page(reports.BLOCKED).text
    assert "error L03: a secret stands in the manifest" in page(reports.INVALID).text
    assert "claims.yaml:20:14 persona.claims-desk /layers/llm/api_key" in page(reports.INVALID).text
    assert "POST /tools: 422: description is too long shorten it" in page(reports.FAILED).text
    assert "3 writes, in this order" in page(reports.MIXED).text


def test_a_page_without_changes_offers_no_filter() -> None:
    assert not page(reports.EMPTY).all("input")
    assert "No changes. The account matches the manifests." in page(reports.EMPTY).text
