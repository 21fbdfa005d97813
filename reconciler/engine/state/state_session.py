"""The bracket around every writing run: lock, read, journal as it goes, save at the end.

1. take the lock
2. read the document, fold in a journal that a killed run left behind, write the sum of both
3. every record: to the journal, durably, then into the state in memory; a store without a journal gets the whole
   document instead, before each request that may not be repeated and every few seconds (see `checkpoints`)
4. at the end, however it comes: the run becomes an entry of the history, one atomic write with the next serial, the
   journal cleared, the lock given back
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from reconciler.core.state.journal_records import Record, encode
from reconciler.core.state.journal_replay import fold
from reconciler.core.state.state_document import dump_state, peek
from reconciler.engine.state.checkpoints import Checkpoints, is_urgent
from reconciler.engine.state.lock_owner import Rescue, describe_run
from reconciler.engine.state.recorded_state import RecordedState, Succession
from reconciler.engine.state.state_reader import base_state, journal_lines, report_neighbours
from reconciler.errors import Interrupted, StateError, StateLocked, StateMoved
from reconciler.types.address import Address
from reconciler.types.event import Notice, StateSaved
from reconciler.types.history import DEFAULT_RETENTION, HistoryEntry, Retention
from reconciler.types.ports import Backend, Clock, Emit, Journal, Lease
from reconciler.types.state import Entry, State
from reconciler.waits import StoppableClock

HERE = Rescue()


class StoredDocument:
    """The document of the state in its store, as this run read or wrote it last."""

    def __init__(self, backend: Backend, lease: Lease, data: bytes | None, rescue: Rescue) -> None:
        """`data` was just read, None where there is no document; `rescue` keeps one that cannot be stored."""
        self._backend = backend
        self._lease = lease
        self._rescue = rescue
        self._tried = data
        self.data = data

    def write(self, data: bytes) -> None:
        """Store the document, unless the lock was lost or somebody else wrote meanwhile: `StateLocked`, `StateMoved`.

        Raises `StateError` where the store refuses it.
        """
        self._lease.check()
        there = self._backend.read()
        # A write whose answer was lost may have arrived all the same.
        if peek(there) != peek(self.data) and (there is None or there != self._tried):
            raise StateMoved(
                f"{self._backend.describe()} was written by somebody else during this run",
                hint="compare both with `reconciler plan`; the next plan finds what this run did in the account",
            )
        self._tried = data
        self._backend.write(data)
        self.data = data

    def write_last(self, data: bytes) -> None:
        """The same at the end of a run: what cannot be stored is kept by `rescue`, and the error says where."""
        try:
            self.write(data)
        except (StateError, Interrupted) as error:
            seal = self._backend.seal
            kept = self._rescue.keep(data if seal is None else seal.close(data))
            hint = f"{kept} What this run did is found again by the next one. {error.hint or ''}".rstrip()
            if isinstance(error, StateLocked):
                raise StateLocked(error.message, holder=error.holder, hint=hint) from error
            raise type(error)(f"the state could not be saved: {error.message}", hint=hint) from error

    def write_first(self, data: bytes) -> None:
        """Make the document where there is none: a journal continues one. Raises `ReconcilerError`."""
        if self.data is None:
            self._backend.write(data)
            self.data = data


class StateSession:
    """A writing run's hold on the state. Every method may be called from several threads."""

    def __init__(
        self,
        state: State,
        document: StoredDocument,
        journal: Journal | None,
        lease: Lease,
        emit: Emit,
        clock: Clock,
        *,
        retention: Retention = DEFAULT_RETENTION,
        project: str | None = None,
    ) -> None:
        """`journal`: that of the store, None where it keeps none."""
        self._recorded = RecordedState(state)
        self._next = Succession(retention, project)
        self._lease = lease
        self._emit = emit
        self._document = document
        self._journalled = False
        self.sent: Callable[[], str] = lambda: ""
        """What this run sent to the account, in words, for when its lock or its store is lost."""
        self._storing = threading.Lock()
        self._journal = journal
        self._checkpoints = Checkpoints(self._checkpoint, clock) if journal is None else None

    @property
    def journals(self) -> bool:
        """Whether a record costs one line; otherwise it costs the whole document."""
        return self._checkpoints is None

    @property
    def state(self) -> State:
        """The state with everything recorded so far; a later record does not change what was handed out."""
        return self._recorded.state

    def entry(self, address: Address) -> Entry | None:
        """What state holds at `address` now; cheaper than `state` while much is being recorded."""
        return self._recorded.entry(address)

    def claim(self, project: str | None = None) -> None:
        """From here on the state is this run's project's (or `project`'s, as it is called now), also where there
        is nothing else to record."""
        self._next.claim(project)

    def check(self) -> None:
        """Raise `StateLocked` when the lock was lost: nothing more may be sent."""
        self._lease.check()

    def confirm(self, seconds: float) -> None:
        """Make sure that the lock stays ours for `seconds`. Raises `StateLocked`, `StateError`."""
        self._lease.confirm(seconds)

    def record(self, record: Record) -> None:
        """Keep one record: durable when this returns. Raises `StateError`, and then it counts as not recorded.

        Where the store keeps no journal, only what must be there before a request is durable at once.
        """
        self.record_all((record,))

    def record_all(self, records: Sequence[Record]) -> None:
        """Keep several records with as few writes as the store allows."""
        if not records:
            return
        self._next.note(records)
        if self._checkpoints is not None:
            urgent = [record for record in records if is_urgent(record)]
            self._recorded.add([record for record in records if not is_urgent(record)])
            if urgent:
                self._checkpoints.put(urgent)
            else:
                self._checkpoints.note()
        elif self._journal is not None:
            self._append(self._journal, records)

    def close(self) -> None:
        """No more writes but `save`."""
        if self._checkpoints is not None:
            self._checkpoints.close()

    def _append(self, journal: Journal, records: Sequence[Record]) -> None:
        document = self._recorded.document
        with self._recorded.lock:
            if self._document.data is None:
                # The journal continues a document; without one, a killed first run would leave lines of no lineage.
                self._document.write_first(dump_state(document))
        journal.append(*(encode(record, document.lineage, document.serial) for record in records))
        with self._recorded.lock:
            self._journalled = True
            self._recorded.add(records)

    def _checkpoint(self, records: Sequence[Record]) -> None:
        """Write the document with everything recorded so far and `records`; these count only if that succeeds."""
        with self._storing:
            state = self._recorded.with_records(records)
            if state == self._recorded.document:
                return
            serial = self._recorded.document.serial + 1
            document = self._next.following(state, serial)
            self._document.write(dump_state(document))
            self._recorded.stored(document, records, lambda state: self._next.following(state, serial))

    def take_over(self, folded: State) -> None:
        """Make what a killed run left behind part of the document, and clear its journal."""
        document = self._recorded.document
        self._recorded.replace(folded)
        self._journalled = True
        self._next.note_left_behind(folded, document)
        if folded != document or folded.running is not None:
            self._emit(Notice("an earlier run ended before it could save; what it recorded was taken up"))
        self.save()
        self._next.forget_plans()

    def save(self) -> State:
        """Write the document with the next serial and clear the journal; nothing, when nothing changed.

        Raises `StateError` when that fails; the state is then kept by `rescue`, and the journal still stands.
        """
        with self._storing, self._recorded.lock:
            document = self._recorded.document
            serial, stored = document.serial + 1, self._document.data is not None
            state, dropped = self._next.closing(self._recorded.state, serial, stored=stored)
            if state != document:
                state = self._next.following(state, serial)
                self._write(state)
                self._tell_dropped(dropped)
            elif self._journalled and self._journal is not None:
                self._journal.clear()
            self._journalled = False
            return state

    def _tell_dropped(self, dropped: Sequence[HistoryEntry]) -> None:
        if dropped:
            noun = "entry" if len(dropped) == 1 else "entries"
            self._emit(
                Notice(
                    f"history: {len(dropped)} old {noun} dropped (history.keep, history.max_bytes); the earliest "
                    f"moment to roll back to is now serial {dropped[-1].serial}"
                )
            )

    def _write(self, state: State) -> None:
        self._document.write_last(dump_state(state))
        self._recorded.restart(state)
        # From here on the lines are of an older serial, so a journal that cannot be removed does no harm.
        if self._journal is not None:
            try:
                self._journal.clear()
            except StateError as error:
                self._emit(Notice(f"{error.message}; its lines are in the state already", "warning"))
        self._emit(StateSaved(state.serial))


@contextmanager
def open_session(
    backend: Backend,
    *,
    workspace: str,
    operation: str,
    clock: Clock,
    emit: Emit,
    lock_timeout: float = 0.0,
    stop: Callable[[], bool] = lambda: False,
    lineage: str | None = None,
    lineage_factory: Callable[[], str] = lambda: str(uuid4()),
    rescue: Rescue = HERE,
    retention: Retention = DEFAULT_RETENTION,
    project: str | None = None,
) -> Iterator[StateSession]:
    """Hold the state for one writing run; saved when the block ends, also by an exception.

    `project`: whose state it is, None where no project file says so. `lineage`: for a workspace without state, the
    one that a saved plan was minted with. `rescue` keeps a document that cannot be stored at the end; `stop` ends the
    wait for the lock and for a store that fails (`Interrupted`). Raises `StateLocked` with the holder,
    `StateUnreadable`, `StateError`.
    """
    info = describe_run(operation, clock.now())
    waiting = StoppableClock(clock, stop, "the lock")
    backend.stop_when(stop)
    with backend.lock(info, timeout=lock_timeout, clock=waiting, emit=emit) as lease:
        stored = backend.read()
        lines = journal_lines(backend)
        state = base_state(stored, lines, workspace, lineage or lineage_factory(), backend.describe(), project)
        report_neighbours(backend, stored, emit)
        folded = fold(state, lines, where=f"the journal of {backend.describe()}")
        session = StateSession(
            state,
            StoredDocument(backend, lease, stored, rescue),
            backend.journal,
            lease,
            emit,
            clock,
            retention=retention,
            project=project,
        )
        if lines or folded.running is not None:
            session.take_over(folded)
        lost: StateError | Interrupted | None = None
        try:
            yield session
        except (StateError, Interrupted) as error:
            lost = error
            raise
        finally:
            session.close()
            try:
                session.save()
            except (StateError, Interrupted) as error:
                if lost is None:
                    error.hint = "\n".join(text for text in (error.hint, session.sent()) if text)
                    raise
                lost.hint = "\n".join(text for text in (lost.hint, error.hint) if text)
