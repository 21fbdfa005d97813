"""Text of others: made safe to look at, and held against globs.

A name, a prompt or an error text of a server may hold terminal sequences that repaint the screen, characters that
reverse the reading direction, or whole sentences in characters that no font draws. A person who reviews a change
must see them, so they are shown as `«\\u202e»`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

# Letters by category, blank on every screen: Hangul fillers and the Braille blank.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
# A cheap first test: most texts hold none of these, so the characters need not be looked at one by one.
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ue000-\uf8ff]+"
)
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_TAGS = range(0xE0020, 0xE007F)
_JOINERS = "\u200c\u200d"
_LONGEST_RUN = 8
WRITTEN_OUT = r"«(?:\d+ invisible tag characters: [^»]{0,400}|[^»]{0,120}?(?: and \d+ more)?)»"
"""A pattern of what `visible` writes in the place of hidden characters."""


def visible(text: str) -> str:
    """`text` with what a screen would hide or obey written out: `«\\u001b»[31m`. Tabs and line ends stay.

    Joiners and variation selectors stay where they are ordinary spelling: inside emoji, and between letters of the
    scripts that need them.
    """
    return UNSEEN.sub(lambda match: _shown(match, text), text)


def one_line(text: str) -> str:
    """The same on one line: line ends and tabs are written out too. For names, identifiers and messages."""
    shown = visible(text)
    return shown.replace("\n", "\\n").replace("\t", "\\t")


def visible_spaces(text: str) -> str:
    """Also the blanks that are not U+0020: for the changed part of a line, where they may be the whole change."""
    shown = _SPACES.sub(lambda match: _escapes(match.group()), visible(text))
    if shown and not shown.strip(" \t"):
        return shown.replace(" ", "·").replace("\t", "→")
    return shown


def has_hidden(text: str) -> bool:
    """Whether `visible` would change anything."""
    return visible(text) != text


def _shown(match: re.Match[str], text: str) -> str:
    run = match.group()
    before = text[match.start() - 1] if match.start() else ""
    after = text[match.end()] if match.end() < len(text) else ""
    return run if _ordinary(run, before, after) else _escapes(run)


def _ordinary(run: str, before: str, after: str) -> bool:
    if run in ("\ufe0f", "\ufe0e"):
        return _is_pictogram(before)
    if run in ("\u200d", "\ufe0f\u200d"):
        return (_is_pictogram(before) and _is_pictogram(after)) or _is_complex_letter(before)
    return run in _JOINERS and _is_complex_letter(before)


def _is_pictogram(character: str) -> bool:
    # "#", "*" and digits start keycaps; U+1F3FB-1F3FF are skin tones, category Sk.
    return character != "" and (
        unicodedata.category(character) in ("So", "Sk", "Sm") or character in "#*0123456789‼⁉"
    )


def _is_complex_letter(character: str) -> bool:
    return character >= "\u0590" and unicodedata.category(character)[0] in "LM" and character not in _BLANK_LETTERS


def _escapes(run: str) -> str:
    if all(ord(character) in _TAGS for character in run):
        plain = "".join(chr(ord(character) - 0xE0000) for character in run)
        return f"«{len(run)} invisible tag characters: {plain}»"
    shown = "".join(_escape(character) for character in run[:_LONGEST_RUN])
    more = len(run) - _LONGEST_RUN
    return f"«{shown}»" if more <= 0 else f"«{shown} and {more} more»"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


LONGEST_CIRCLE = 12
"""So many steps of a circle are named; the others are counted."""


def circle_text(steps: Sequence[object], start: int = 0) -> str:
    """`a -> b -> a`, for the steps a and b; those before `start` only lead into the circle."""
    left = len(steps) - start - LONGEST_CIRCLE
    named = [str(step) for step in steps[start : start + LONGEST_CIRCLE]] + ([f"({left} more)"] if left > 0 else [])
    return " -> ".join([*named, str(steps[start])])


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


CHARACTERS_PER_TOKEN = 4
BEST_TOKENS = 5_000
DEGRADED_TOKENS = 15_000
LIMIT_TOKENS = 20_000


def count_tokens(text: str) -> int:
    """The vendor's rule of thumb: a token is four characters, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def budget_band(tokens: int) -> str:
    """Where a prompt of that size stands against the vendor's advice: best up to 5,000 tokens, worse answers from
    15,000 to 20,000."""
    if tokens <= BEST_TOKENS:
        return "best"
    if tokens < DEGRADED_TOKENS:
        return "long"
    return "degraded" if tokens <= LIMIT_TOKENS else "too long"
