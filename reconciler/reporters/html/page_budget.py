"""How large the page may become, so that a browser still opens it: then objects without details, then a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from reconciler.reporters.wording import plural

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
