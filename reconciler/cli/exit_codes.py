"""The exit codes, in one table, and which one wins when a run has several."""

from __future__ import annotations

from collections.abc import Iterable

DONE = 0
ERROR = 1
DIFFERENCES = 2
REFUSED = 3
LOCKED = 4
STALE = 5
USAGE = 64
INTERRUPTED = 130

MEANINGS = {
    DONE: "done, or nothing to do",
    ERROR: "an error: bad input, a refused request, a missing secret, the answer no",
    DIFFERENCES: "differences (plan --detailed-exitcode, drift, migrate --check)",
    REFUSED: "refused by a safety rule or a policy; nothing was sent",
    LOCKED: "the state is locked by somebody else",
    STALE: "the saved plan is stale, edited or was applied before",
    USAGE: "wrong usage",
    INTERRUPTED: "interrupted",
}

GRAVITY = (INTERRUPTED, USAGE, LOCKED, STALE, REFUSED, ERROR, DIFFERENCES, DONE)
"""From worst to best; a code that is not in the table counts as an error."""


def worst(codes: Iterable[int]) -> int:
    """The code that a run with all of these outcomes ends with; 0 for none."""
    ranks = [GRAVITY.index(code if code in GRAVITY else ERROR) for code in codes]
    return GRAVITY[min(ranks)] if ranks else DONE
