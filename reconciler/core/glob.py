"""Patterns with `*` and `?`, and nothing else: square brackets stand for themselves, as in an IPv6 host."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def matches(text: str, pattern: str) -> bool:
    """Whether the whole of `text` is like `pattern`; `*` stands for any run of characters, dots included."""
    return _compiled(pattern).fullmatch(text) is not None


def any_matches(text: str, patterns: Iterable[str]) -> str | None:
    """The first of `patterns` that `text` is like, None where there is none."""
    return next((pattern for pattern in patterns if matches(text, pattern)), None)


def has_wildcard(pattern: str) -> bool:
    """Whether `pattern` stands for more than itself."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Runs of stars count as one: each further star would multiply the ways to match.
    parts = re.split(r"(\*+|\?)", pattern)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(part[:1], re.escape(part)) for part in parts), re.DOTALL)
