"""Patterns with `*` and `?`, and nothing else: square brackets stand for themselves, as in an IPv6 host."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


def matches(text: str, pattern: str) -> bool:
    """Whether the whole of `text` is like `pattern`; `*` stands for any run of characters, dots included.

    What stands between two stars is taken at the first place where it fits, so nothing is tried a second time: the
    time grows with the length of the text times that of the pattern at most, whatever they hold.
    """
    first, *others = _pieces(pattern)
    if not others:
        return len(text) == len(first) and _fits(text, 0, first)
    *middle, last = others
    place, end = len(first), len(text) - len(last)
    if end < place or not _fits(text, 0, first) or not _fits(text, end, last):
        return False
    for piece in middle:
        found = _find(text, piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def any_matches(text: str, patterns: Iterable[str]) -> str | None:
    """The first of `patterns` that `text` is like, None where there is none."""
    return next((pattern for pattern in patterns if matches(text, pattern)), None)


def has_wildcard(pattern: str) -> bool:
    """Whether `pattern` stands for more than itself."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=512)
def _pieces(pattern: str) -> tuple[str, ...]:
    """What stands before, between and after the stars; runs of stars count as one."""
    first, *others = pattern.split("*")
    if not others:
        return (first,)
    *middle, last = others
    return (first, *(piece for piece in middle if piece), last)


def _fits(text: str, place: int, piece: str) -> bool:
    if "?" not in piece:
        return text.startswith(piece, place)
    here = text[place : place + len(piece)]
    return len(here) == len(piece) and all(sign in ("?", char) for char, sign in zip(here, piece, strict=True))


def _find(text: str, piece: str, start: int, end: int) -> int:
    """The first place in `text[start:end]` where `piece` fits, -1 for none."""
    if "?" not in piece:
        return text.find(piece, start, end)
    return next((place for place in range(start, end - len(piece) + 1) if _fits(text, place, piece)), -1)
