"""Two workspaces side by side: a list of what is not the same, and the counts."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.reporters.comparison import SIGNS, counts, leaves, remark, words
from reconciler.reporters.markdown.markdown_escape import code, prose
from reconciler.reporters.values import show
from reconciler.types.report import Comparison, Side, Standing

MOST = 20
"""Leaves of one address that are shown; of the others only the number."""


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Addresses that are not the same, each with the leaves that its manifests want differently."""
    for side in comparison.sides:
        if side.standing is not Standing.SAME:
            yield _side(side, comparison)


def heading(comparison: Comparison) -> str:
    """What is compared, and how it stands."""
    return f"{code(comparison.here)} beside {code(comparison.there)}: {prose(counts(comparison))}"


def _side(side: Side, comparison: Comparison) -> str:
    more = remark(side, comparison)
    line = f"- {code(f'{SIGNS[side.standing]} {side.address}')} {prose(words(side.standing, comparison))}"
    line += f" ({prose(more)})" if more else ""
    found = list(leaves(side))
    shown = [f"{code(one.path)}: {code(show(one.here))} → {code(show(one.there))}" for one in found[:MOST]]
    if len(found) > MOST:
        shown.append(f"… {len(found) - MOST:,} more")
    return "\n".join([line, *(f"  - {piece}" for piece in shown)])
