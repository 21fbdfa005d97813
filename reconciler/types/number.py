"""Numbers out of texts that may be anything: `int` refuses some of the digits that `str.isdigit` is true of."""

from __future__ import annotations

import re

MOST_DIGITS = 18
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""Seconds of a unit of time."""


def number_in(text: str) -> int | None:
    """The number that `text` spells with digits 0 to 9; None for all else, and for more than 18 digits.

    `int` also refuses texts of thousands of digits, so those are counted first.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def seconds_in(text: str, units: str = "smhd") -> float | None:
    """The seconds of a duration, a number with one of the `units`: `30s`, `1.5h`; None for all else."""
    match = re.fullmatch(rf"(\d+(?:\.\d+)?)([{units}])", text)
    return None if match is None else float(match[1]) * UNITS[match[2]]
