"""The shortest report of a plan: one line an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.reporters.grouping import leaves_word
from reconciler.reporters.shown_leaves import Leaf, change_leaves, drift_leaves
from reconciler.reporters.text.changes import sign_of
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.reporters.wording import directions_of, plural
from reconciler.types.change import Action, Change
from reconciler.types.plan import DriftItem

DRIFTED = "!"


def table_lines(changes: Sequence[Change], drift: Sequence[DriftItem], paint: Paint) -> Iterator[str]:
    """Sign, address, who moved, and what of it, cut at the width; an edit of the account has an exclamation mark."""
    rows = [(DRIFTED, str(one.address), "live", _fields(drift_leaves(one))) for one in drift]
    for change in changes:
        leaves = change_leaves(change, mixed=True) if change.action is Action.UPDATE else []
        said = "blocked" if change.blocked else ",".join(directions_of(change))
        rows.append((sign_of(change), str(change.address), said, _fields(leaves)))
    if not rows:
        return
    widths = [max(len(plain(row[at])) for row in rows) for at in range(3)]
    for sign, address, said, fields in rows:
        head = f"{plain(sign):<{widths[0]}} {plain(address):<{widths[1]}}  {said:<{widths[2]}}"
        line = f"{head}  {plain(fields)}".rstrip()
        yield paint(_cut(line, paint.width), Tone.ERROR if said == "blocked" else Tone.PLAIN)
    yield ""


def _fields(leaves: Sequence[Leaf]) -> str:
    if len(leaves) == 1:
        return leaves_word(leaves)
    return f"{plural(len(leaves), 'field')}: {', '.join(leaf.path for leaf in leaves)}" if leaves else ""


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
