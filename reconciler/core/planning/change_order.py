"""The order of changes: creates and updates from the bottom of the dependencies up, deletes from the top down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from reconciler.types.change import Action, Change


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Writes by level then address, then deletes by falling level, then what only leaves state."""
    return tuple(sorted(changes, key=_key))


def stages(changes: Sequence[Change]) -> list[list[Change]]:
    """Groups that may run side by side; a group starts when the one before it is done."""
    return [list(group) for _, group in groupby(changes, key=lambda change: _key(change)[:2])]


def _key(change: Change) -> tuple[int, int, str, str]:
    if change.action is Action.DELETE:
        phase, level = 1, -change.level
    elif change.action is Action.FORGET:
        phase, level = 2, 0
    else:
        phase, level = 0, change.level
    return phase, level, change.address.kind, change.address.name
