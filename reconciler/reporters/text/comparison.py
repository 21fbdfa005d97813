"""Two workspaces side by side: one line an address, and below it what the manifests want differently."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.reporters.comparison import SIGNS, counts, leaves, remark, words
from reconciler.reporters.shown_leaves import Leaf
from reconciler.reporters.text.field_lines import leaf_lines
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.types.comparison import Comparison, Side, Standing

MOST_SAME = 20
"""So many addresses in sync are listed without --verbose; more are only counted."""


def comparison_lines(comparison: Comparison, paint: Paint) -> Iterator[str]:
    """The heading, the addresses, the counts, and what the plan below is."""
    here, there = plain(comparison.here), plain(comparison.there)
    yield paint(f"{here} beside {there}, as the manifests want them:", Tone.BOLD)
    yield ""
    same = sum(side.standing is Standing.SAME for side in comparison.sides)
    listed = [
        side
        for side in comparison.sides
        if side.standing is not Standing.SAME or same <= MOST_SAME or paint.style.verbose
    ]
    widest = max((len(plain(str(side.address))) for side in listed), default=0)
    for side in listed:
        yield from _side(side, comparison, paint, widest)
    if listed:
        yield ""
    yield paint(counts(comparison), Tone.BOLD)
    yield f"What promoting to {there} would change (its own plan, with its overlays and its account):"
    yield ""


def _side(side: Side, comparison: Comparison, paint: Paint, widest: int) -> Iterator[str]:
    more = remark(side, comparison)
    said = plain(words(side.standing, comparison)) + (f"  ({plain(more)})" if more else "")
    yield f"  {paint.symbol(SIGNS[side.standing])} {plain(str(side.address)):<{widest}}  {said}"
    found = [Leaf(one.path, one.here, one.there) for one in leaves(side)]
    yield from leaf_lines(found, paint, "      ")
