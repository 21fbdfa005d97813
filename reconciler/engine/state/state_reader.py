"""The state as it stands in a backend, document and left-over journal, and its history; nothing is written."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from reconciler.core.history.history_chain import changes_of, close_run, verify
from reconciler.core.state.journal_records import binding
from reconciler.core.state.journal_replay import fold
from reconciler.core.state.state_document import KnownEntry, load_state, new_state
from reconciler.errors import StateError, StateUnreadable, UsageError
from reconciler.types.event import Notice
from reconciler.types.history import DEFAULT_RETENTION, Anchor, HistoryEntry
from reconciler.types.ports import Backend, Clock, Emit
from reconciler.types.state import Preimage, State

READ_TRIES = 5


def read_only_state(
    backend: Backend,
    workspace: str,
    project: str | None = None,
    *,
    emit: Emit,
    clock: Clock | None = None,
    lineage_factory: Callable[[], str] = lambda: str(uuid4()),
    known: KnownEntry | None = None,
) -> State:
    """The state as a reader sees it: no lock taken, nothing written, a left-over journal folded in memory.

    A left-over journal of a run that is gone shows with the serial that its compaction will have, so that a plan made
    now still fits then. While a run is at work its journal shows with the document's serial: plans made now are stale
    once it ends. Raises `StateUnreadable`, `StateError`.
    """
    lineage = lineage_factory()
    for _ in range(READ_TRIES):
        held = _holder(backend)
        stored = backend.read()
        lines = journal_lines(backend)
        held = _holder(backend) or held
        if backend.read() == stored:
            break
    else:
        raise StateError(f"{backend.describe()} is being written all the time", hint="try again in a moment")
    if held is not None:
        emit(Notice(f"a run is at work on this state, what is shown may be outdated soon: {held}", "warning"))
    state = base_state(stored, lines, workspace, lineage, backend.describe(), project, known)
    report_neighbours(backend, stored, emit)
    folded = fold(state, lines, where=f"the journal of {backend.describe()}")
    if held is None and (folded != state or folded.running is not None):
        return replace(folded, serial=state.serial + 1)
    return folded


def report_neighbours(backend: Backend, stored: bytes | None, emit: Emit) -> None:
    """Say which other projects keep a state in the store, where this one has none yet: it may have been renamed."""
    if stored is None and (found := backend.neighbours()):
        emit(
            Notice(
                f"there is no state in {backend.describe()} yet; the same store has one of project "
                f"{', '.join(map(repr, found))}. If this project was called so before: "
                f"reconciler state migrate --from-project {shlex.quote(found[0])}",
                "warning",
            )
        )


def journal_lines(backend: Backend) -> list[bytes]:
    """What the journal holds, oldest first; nothing where the store keeps none."""
    return [] if backend.journal is None else list(backend.journal.read())


def base_state(
    stored: bytes | None,
    lines: list[bytes],
    workspace: str,
    lineage: str,
    where: str,
    project: str | None = None,
    known: KnownEntry | None = None,
) -> State:
    """The document as a state; without a document a new one, unless a journal says that there was one."""
    if stored is None:
        bound = next((found for line in lines if (found := binding(line)) is not None), None)
        if bound is not None:
            raise StateUnreadable(
                f"{where} is missing, though a journal that continues it (serial {bound[1]}) is there",
                hint=f"put the document or its backup ({where}.backup) back; or move the journal aside to begin anew",
            )
        return new_state(workspace, lineage, project)
    return load_state(stored, workspace, lineage=lineage, where=where, project=project, known=known)


def _holder(backend: Backend) -> str | None:
    if not backend.shows_holder:
        return None  # A look would lock out a run that starts in this very moment.
    try:
        holder = backend.holder()
    except StateError as error:
        return error.message
    return None if holder is None else f"{holder.operation} by {holder.who} since {holder.since}"


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
    entry = next((entry for entry in found.entries if entry.serial == serial), None)
    if entry is None:
        known = ", ".join(str(entry.serial) for entry in found.entries[-10:]) or "none yet"
        dropped = f"; what came before serial {found.anchor.serial} was dropped" if found.anchor.number else ""
        raise UsageError(
            f"no apply is recorded at serial {serial}",
            hint=f"see reconciler state history (the last ones: {known}){dropped}",
        )
    return entry, changes_of(entry, where=where)
