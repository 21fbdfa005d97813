"""Managed objects that somebody changed in the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.reporters.shown_leaves import drift_leaves
from reconciler.reporters.text.field_lines import leaf_lines
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.types.plan import DriftItem


def drift_lines(items: Sequence[DriftItem], paint: Paint) -> Iterator[str]:
    """One block per object; before is what was applied, after is what the account shows."""
    if not items:
        return
    yield paint("Objects changed outside of manifests:", Tone.BOLD)
    yield ""
    for item in items:
        yield from _item(item, paint)
        yield ""


def _item(item: DriftItem, paint: Paint) -> Iterator[str]:
    gone = any(change.path == "" for change in item.changes)
    fate = "has been deleted" if gone else "has been changed"
    extra = {"observe": " (observed only)", "vendor": " by the vendor"}.get(item.reason or "", "")
    yield paint(f"  # {plain(str(item.address))} {fate}{extra}", Tone.BOLD)
    sign = "-" if gone else "~"
    yield f"  {paint.symbol(sign)} {plain(str(item.address))} ({plain(item.id)})"
    yield from leaf_lines(drift_leaves(item), paint, "      ")
