"""What every page is made of: text as HTML, style and script, and how large it may become for a browser."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from reconciler.core.text import visible
from reconciler.reporters.wording import plural


def escape(text: str) -> str:
    """`text` for an element or a quoted attribute."""
    return html.escape(visible(text))


LIMIT = 12_000_000
"""Characters of details, all objects together."""
LARGEST = 3_000_000
"""Characters of details of one object."""
MAX_ITEMS = 12_000
"""Objects that have a line of their own."""
MAX_ROWS = 12_000
"""Findings, steps and requests: so many of each."""
MAX_TRIES = 20
"""After so many objects whose details do not fit, no further details are made."""

Item = TypeVar("Item")


class PageBudget:
    """What is left of the page."""

    def __init__(self) -> None:
        self.left = LIMIT
        self.named = MAX_ITEMS
        self.tries = MAX_TRIES

    def items(self, items: Sequence[Item], make: Callable[[Item, bool], Iterator[str]]) -> Iterator[str]:
        """Each of `items` in full while there is room, then without details, then only how many there are."""
        briefly = 0
        shown = items[: self.named]
        self.named -= len(shown)
        for item in shown:
            text = "".join(make(item, True)) if self.tries else ""
            if text and len(text) <= min(self.left, LARGEST):
                self.left -= len(text)
                yield text
            else:
                self.tries = max(self.tries - 1, 0)
                briefly += 1
                yield from make(item, False)
        if briefly:
            yield f"<p class=soft>No room for the details of {plural(briefly, 'object')}. {EVERYTHING}</p>"
        yield left_out(len(items) - len(shown), "object")


def left_out(count: int, what: str) -> str:
    """A sentence about what the page does not show; nothing where it shows all."""
    return f"<p class=soft>{plural(count, 'more ' + what)} not shown. {EVERYTHING}</p>" if count > 0 else ""


EVERYTHING = "The json report holds everything."


STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --card: #f6f8fa;
  --add: #116329; --add-bg: #dafbe1; --add-word: #aceebb; --del: #a40e26; --del-bg: #ffebe9; --del-word: #ffcecb;
  --move: #0550ae; --move-bg: #ddf4ff; --warn: #7d4e00; --warn-bg: #fff8c5; --focus: #0969da; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d;
  --card: #151b23; --add: #7ee787; --add-bg: #12261e; --add-word: #1f6f37; --del: #ffa198; --del-bg: #2d1416;
  --del-word: #8e1519; --move: #79c0ff; --move-bg: #10233d; --warn: #f2cc60; --warn-bg: #272115; --focus: #4493f8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; } h3 { font-size: 1rem; }
code, pre, .mono { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
.lead { font-size: 1.1rem; margin: .3rem 0 0; } .soft { color: var(--soft); }
.counts { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; padding: 0; list-style: none; }
.counts li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .8rem; }
.counts b { font-size: 1.2rem; display: block; }
.box { border: 1px solid var(--line); border-left: .3rem solid var(--del); border-radius: .4rem; padding: .5rem .9rem;
  margin: .5rem 0; } .box p { margin: .2rem 0; } .box.warning { border-left-color: var(--warn); }
.box.info { border-left-color: var(--move); }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .6rem 0; }
.filter input[type=search] { font: inherit; padding: .3rem .6rem; min-width: 18rem; background: var(--paper);
  color: var(--ink); border: 1px solid var(--line); border-radius: .4rem; }
details.item { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; background: var(--card); }
details.item > summary { cursor: pointer; padding: .5rem .8rem; overflow-wrap: anywhere; }
.inside { padding: .2rem .8rem .8rem; background: var(--paper); border-radius: 0 0 .5rem .5rem; }
.sign { display: inline-block; min-width: 1.6em; font-weight: 700; }
.create .sign { color: var(--add); } .update .sign { color: var(--warn); } .delete .sign { color: var(--del); }
.tag { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .8rem; white-space: nowrap; }
.tag.live, .tag.both, .tag.vendor { background: var(--warn-bg); color: var(--warn); }
.tag.blocked { background: var(--del-bg); color: var(--del); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
td.value { overflow-wrap: anywhere; white-space: pre-wrap; }
del { color: var(--del); background: var(--del-bg); } ins { color: var(--add); background: var(--add-bg); }
del, ins { text-decoration: none; padding: 0 .15em; border-radius: .2em; }
table.diff { table-layout: fixed; } table.diff td { border: 0; padding: .05rem .5rem; white-space: pre-wrap;
  overflow-wrap: anywhere; } table.diff td.no { width: 3.2rem; color: var(--soft); text-align: right; }
td.removed { background: var(--del-bg); } td.added { background: var(--add-bg); }
td.moved { background: var(--move-bg); }
td.removed mark { background: var(--del-word); color: inherit; } td.added mark { background: var(--add-word);
  color: inherit; } tr.gap td { color: var(--soft); background: var(--card); text-align: center; }
[hidden] { display: none !important; }
@media print { .filter, .skip { display: none; } }
"""

SCRIPT = """
(() => {
  const box = document.querySelector('.filter');
  if (!box) return;
  box.hidden = false;
  const items = [...document.querySelectorAll('details.item')];
  const text = box.querySelector('input[type=search]');
  const status = box.querySelector('[role=status]');
  const update = () => {
    const wanted = text.value.trim().toLowerCase();
    const on = new Set([...box.querySelectorAll('input:checked')].map((one) => one.value));
    let shown = 0;
    for (const item of items) {
      const fits = on.has(item.dataset.action) && item.textContent.toLowerCase().includes(wanted);
      item.hidden = !fits;
      if (fits) shown += 1;
    }
    status.textContent = shown + ' of ' + items.length + ' shown';
  };
  box.addEventListener('input', update);
  box.querySelector('button.open').addEventListener('click', () => items.forEach((one) => { one.open = true; }));
  box.querySelector('button.close').addEventListener('click', () => items.forEach((one) => { one.open = false; }));
  update();
})();
"""
