"""The HTML report in a real browser, opened as a file: nothing fails, the filter works, everybody can read it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler import Report, Style
from reconciler.reporters.html import render
from tests.support import reports
from tests.support.chromium import DARK, find_chromium, probe
from tests.support.hostile_reports import REPORTS
from tests.support.nodepackages import package

BROWSER = find_chromium()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

FILTER = """
const box = document.querySelector('.filter');
const search = box.querySelector('input[type=search]');
const visible = () => [...document.querySelectorAll('details.item')].filter((one) => one.checkVisibility()).length;
const type = (text) => { search.value = text; search.dispatchEvent(new Event('input', {bubbles: true})); };
found.shown = !box.hidden; found.all = visible();
type('LOOKUP_POLICY'); found.named = visible(); found.status = box.querySelector('[role=status]').textContent;
type('nothing has this text'); found.none = visible();
type(''); found.again = visible();
const boxes = [...box.querySelectorAll('input[type=checkbox]')];
found.words = Object.fromEntries(boxes.map((one) => {
  one.click(); const left = visible(); one.click();
  return [one.value, [left, document.querySelectorAll(`details.item[data-action="${one.value}"]`).length]];
}));
box.querySelector('button.open').click();
found.open = document.querySelectorAll('details.item[open]').length;
box.querySelector('button.close').click();
found.closed = document.querySelectorAll('details.item[open]').length;
search.focus(); found.focus = document.activeElement === search;
"""

ACCESS = """
document.querySelectorAll('details').forEach((one) => { one.open = true; });
const channel = (value) => {
  const part = value / 255; return part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
};
const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = numbers(getComputedStyle(one).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
found.pale = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
  if (!element.checkVisibility()) continue;
  const [one, other] = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
  const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  if (ratio < 4.5) found.pale.push([element.className || element.tagName, Math.round(ratio * 100) / 100]);
}
const heads = [...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]));
found.jumps = heads.filter((level, at) => at && level > heads[at - 1] + 1).length;
found.tops = heads.filter((level) => level === 1).length;
found.nameless = [...document.querySelectorAll('input,button,summary,a')].filter(
  (one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label'))).length;
const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
found.twins = ids.length - new Set(ids).size;
found.dark = matchMedia('(prefers-color-scheme: dark)').matches;
found.paper = getComputedStyle(document.body).backgroundColor;
found.wider = document.documentElement.scrollWidth > innerWidth;
"""


def look(report: Report, script: str, *flags: str, body: str = "") -> dict[str, Any]:
    assert BROWSER is not None
    found = probe(BROWSER, render(report, Style()), script, *flags, body=body)
    assert found["problems"] == []
    assert found["console"] == []
    return found


def test_the_filter_finds_by_text_and_by_action() -> None:
    found = look(reports.MIXED, FILTER)
    assert found["shown"]
    assert 0 < found["named"] < found["all"] == found["again"]
    assert found["none"] == 0
    assert found["status"] == f"{found['named']} of {found['all']} shown"
    assert found["words"]
    for word, (left, count) in found["words"].items():
        assert count > 0, word
        assert left == found["all"] - count, word
    assert (found["open"], found["closed"]) == (found["all"], 0)
    assert found["focus"]


@pytest.mark.parametrize("flags", [(), (DARK,)], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["mixed", "blocked", "drift"])
def test_everybody_can_read_it(name: str, flags: tuple[str, ...]) -> None:
    found = look(REPORTS[name], ACCESS, *flags)
    assert found["pale"] == [], "contrast below 4.5:1"
    assert (found["tops"], found["jumps"], found["nameless"], found["twins"]) == (1, 0, 0, 0)
    assert found["dark"] is bool(flags)
    assert (found["paper"] == "rgb(255, 255, 255)") is not found["dark"]


def test_nothing_sticks_out_of_a_telephone() -> None:
    assert not look(reports.MIXED, ACCESS, "--window-size=500,800")["wider"]


@pytest.mark.parametrize("name", ["hostile", "hostile-plan", "secrets"])
def test_hostile_texts_run_nothing_and_fetch_nothing(name: str) -> None:
    """No error, no violated policy, no request; and the texts are there to be read."""
    script = """found.fetched = performance.getEntriesByType('resource').map((one) => one.name);
        found.scripts = document.scripts.length; found.title = document.title;"""
    found = look(REPORTS[name], script)
    assert found["fetched"] == []
    assert found["scripts"] == 3, "the page's own one, and the two of this test"
    assert found["title"].startswith("reconciler ")


def test_axe_finds_nothing() -> None:
    library = (package("axe-core") / "axe.min.js").read_text("utf-8")
    script = """document.querySelectorAll('details').forEach((one) => { one.open = true; });
        found.done = false; const result = await axe.run(document, {resultTypes: ['violations']});
        found.done = true; found.violations = result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`);"""
    for report in (reports.MIXED, reports.BLOCKED):
        found = look(report, script, body=f"<script>{library}</script>")
        assert found["done"]
        assert found["violations"] == []
