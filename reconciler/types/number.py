"""Numbers out of texts that may be anything: `int` refuses some of the digits that `str.isdigit` is true of."""

from __future__ import annotations

MOST_DIGITS = 18


def number_in(text: str) -> int | None:
    """The number that `text` spells with digits 0 to 9; None for all else, and for more than 18 digits.

    `int` also refuses texts of thousands of digits, so those are counted first.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
