"""How much of one object a comment shows."""

from __future__ import annotations

from dataclasses import dataclass


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
