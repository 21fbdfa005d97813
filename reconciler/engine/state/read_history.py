"""The history of a state, its chain checked: what was applied, run by run."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.history.history_chain import changes_of, close_run, verify
from reconciler.errors import UsageError
from reconciler.types.history import DEFAULT_RETENTION, Anchor, HistoryEntry
from reconciler.types.preimage import Preimage
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Recorded:
    """The history of one state, its chain checked."""

    entries: tuple[HistoryEntry, ...]
    """Oldest first; a run that was killed and that no later one has taken up yet stands last, as interrupted."""
    anchor: Anchor


def read_history(state: State, *, where: str = "the state") -> Recorded:
    """The history of `state`. Raises `StateUnreadable` where its chain is broken, naming the place."""
    closed, _ = close_run(state, state.serial, DEFAULT_RETENTION)
    verify(closed, where=where)
    return Recorded(closed.history.entries, closed.history.anchor)


def show_run(state: State, serial: int, *, where: str = "the state") -> tuple[HistoryEntry, tuple[Preimage, ...]]:
    """One entry and what its run changed. Raises `UsageError` for a serial without an entry."""
    found = read_history(state, where=where)
    entry = next((one for one in found.entries if one.serial == serial), None)
    if entry is None:
        known = ", ".join(str(one.serial) for one in found.entries[-10:]) or "none yet"
        dropped = f"; what came before serial {found.anchor.serial} was dropped" if found.anchor.number else ""
        raise UsageError(
            f"no apply is recorded at serial {serial}",
            hint=f"see reconciler state history (the last ones: {known}){dropped}",
        )
    return entry, changes_of(entry, where=where)
