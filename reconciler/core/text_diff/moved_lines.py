"""Lines that only changed their place, told from lines that were removed and added."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.text_diff.text_diff import Fate, Mark

MIN_MOVED_CHARACTERS = 40
MAX_CANDIDATES = 20


@dataclass(slots=True)
class Row:
    """A line before words are compared; `mark` may still become a move."""

    mark: Mark
    text: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A section whose lines are still rows."""

    heading: str | None
    fate: Fate
    rows: list[Row]
    was: str | None = None


def mark_moves(drafts: list[Draft]) -> None:
    """A run of lines removed in one place and added in another, unchanged, moved. Short ones may be chance."""
    gone = {row.before: row for draft in drafts for row in draft.rows if row.mark is Mark.REMOVED}
    places: dict[str, list[int]] = {}
    for number, row in gone.items():
        if number is not None and row.text.strip():
            places.setdefault(row.text, []).append(number)
    for draft in drafts:
        index = 0
        while index < len(draft.rows):
            run = _longest_run(draft.rows, index, places, gone)
            if sum(len(row.text.strip()) for row, _ in run) >= MIN_MOVED_CHARACTERS:
                for here, away in run:
                    here.mark, away.mark = Mark.MOVED_HERE, Mark.MOVED_AWAY
            index += max(1, len(run))


def _longest_run(
    rows: list[Row], index: int, places: dict[str, list[int]], gone: dict[int | None, Row]
) -> list[tuple[Row, Row]]:
    best: list[tuple[Row, Row]] = []
    if rows[index].mark is not Mark.ADDED:
        return best
    for start in places.get(rows[index].text, [])[:MAX_CANDIDATES]:
        run: list[tuple[Row, Row]] = []
        for offset, here in enumerate(rows[index:]):
            away = gone.get(start + offset)
            if here.mark is not Mark.ADDED or away is None or away.mark is not Mark.REMOVED or away.text != here.text:
                break
            run.append((here, away))
        best = max(best, run, key=len)
    return best
