"""Most dangerous first: the order in which people should look at changes."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.types.change import Action, Change, Direction
from reconciler.types.json import within


def rank_change(change: Change) -> int:
    """0 is the most dangerous: blocked, deletes, forgets, updates by what they touch, creates, imports and moves."""
    if change.blocked:
        return 0
    match change.action:
        case Action.DELETE:
            return 1
        case Action.FORGET:
            return 2
        case Action.UPDATE:
            return _rank_update(change)
        case Action.CREATE:
            return 6
        case Action.NOOP:
            return 7


def _rank_update(change: Change) -> int:
    if any(field.direction is Direction.BOTH for field in change.fields):
        return 3
    touched = any(within(field.path, place) for field in change.fields for place in change.kind.decisive)
    return 4 if touched else 5


def rank_changes(changes: Iterable[Change]) -> list[Change]:
    """Most dangerous first; equals by the number of changed fields, then by address."""
    return sorted(changes, key=lambda change: (rank_change(change), -len(change.fields), change.address))
