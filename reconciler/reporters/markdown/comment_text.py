"""What goes into a comment of a long list: as much as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.reporters.wording import plural


@dataclass(frozen=True, slots=True)
class Detail:
    """Bounds of what is shown of one text or list."""

    lines: int
    line: int
    """Characters of one line."""
    items: int
    """Differences inside one object or list."""
    fields: int
    """Short fields of one object."""


FULL = Detail(lines=120, line=600, items=40, fields=200)
SHORT = Detail(lines=16, line=200, items=8, fields=30)


MAX_TRIES = 20
"""After so many objects whose details do not fit, no further details are made."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that is shown in full, in fewer lines, on one line, or only counted."""

    made: Callable[[Detail], str]
    """Called only while there is room: a diff of a long prompt takes time."""
    brief: str


def size(text: str) -> int:
    """What `text` takes of a comment: bytes of UTF-8."""
    return len(text.encode("utf-8", "replace"))


def fit(entries: Sequence[Entry], room: int) -> tuple[list[str], list[str]]:
    """A text for each entry, empty for those that are only counted, and sentences about what was left out.

    Names of objects get half of the room, details of the first ones all that is left, further names the rest:
    of ten thousand changes the worst are still shown in full. The texts are `room` bytes together at most.
    """
    shown: list[str] = []
    left = _name(entries, shown, room // 2) + room - room // 2
    shortened = briefly = 0
    for index in range(len(shown)):
        for detail in (FULL, SHORT) if briefly < MAX_TRIES else ():
            made = entries[index].made(detail)
            more = size(made) - size(entries[index].brief)
            if more <= left:
                left -= more
                shown[index] = made
                shortened += detail is not FULL
                break
        else:
            briefly += 1
    detailed = len(shown)
    _name(entries, shown, left)
    missing = len(entries) - len(shown)
    return shown + [""] * missing, _left_out(shortened, briefly + len(shown) - detailed, missing)


def _name(entries: Sequence[Entry], shown: list[str], room: int) -> int:
    """Add the next entries on one line each while there is room; how much of it is left."""
    while len(shown) < len(entries) and size(entries[len(shown)].brief) <= room:
        room -= size(entries[len(shown)].brief)
        shown.append(entries[len(shown)].brief)
    return max(room, 0)


def _left_out(shortened: int, briefly: int, missing: int) -> list[str]:
    found = []
    if shortened:
        found.append(f"Long texts of {plural(shortened, 'object')} are shown in fewer lines than there is to see.")
    if briefly:
        found.append(f"No room for the details of {plural(briefly, 'object')} shown on one line.")
    if missing:
        found.append(f"{plural(missing, 'more object')} did not fit at all.")
    if found:
        found.append("The json report holds everything, and a saved plan can be shown again in any format.")
    return found
