"""A state whose place has a new name: read where it was until it is written once, then moved under both locks.

Readers write nothing. The first write, under the locks of both places:

1. at the old place the document is given to its project, in today's format: no other project and no older version
   takes it any more
2. at the new place the document is written
3. at the old place a note is left that says where the state is now, in a format that older versions refuse

A run that is killed in between leaves one place that is whole and that the next run goes on with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from reconciler.core.state.state_document import dump_state, is_moved, orphaned_state, parse_state
from reconciler.errors import StateError
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.state import LockInfo


@dataclass(frozen=True, slots=True)
class BothLeases:
    """Two locks that are held as one."""

    new: Lease
    old: Lease

    def check(self) -> None:
        """Raise `StateLocked` when either was lost."""
        self.new.check()
        self.old.check()

    def confirm(self, seconds: float) -> None:
        """Make sure that both stay ours for `seconds`."""
        self.new.confirm(seconds)
        self.old.confirm(seconds)


class Relocated:
    """The port over the new place and the old one; `plain` is the old one without a seal."""

    def __init__(self, new: Backend, old: Backend, plain: Backend, project: str) -> None:
        self._new = new
        self._old = old
        self._plain = plain
        self._project = project
        self._at_old = False
        """Whether the document that was read last stands at the old place."""
        self.seal = new.seal
        self.shows_holder = new.shows_holder
        both = new.journal is not None and old.journal is not None
        self.journal = MovingJournal(self) if both else None

    def read(self) -> bytes | None:
        """The document at the new place; where there is none, that at the old one if it may be ours."""
        data = self._new.read()
        inherited = self._inherited() if data is None else None
        self._at_old = inherited is not None
        return inherited if data is None else data

    def write(self, data: bytes) -> None:
        """Replace the document; the first time it is moved."""
        if self._at_old:
            self._move(data)
        else:
            self._new.write(data)

    def lock(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[Lease]:
        """Hold the lock of the new place, and that of the old one while the document is still there."""
        return self._hold(info, timeout, clock, emit)

    @contextmanager
    def _hold(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> Iterator[Lease]:
        with self._new.lock(info, timeout=timeout, clock=clock, emit=emit) as lease:
            self.read()
            if not self._at_old:
                yield lease
                return
            with self._old.lock(info, timeout=timeout, clock=clock, emit=emit) as other:
                yield BothLeases(lease, other)

    def holder(self) -> LockInfo | None:
        """Who holds the lock, wherever the document is."""
        held = self._new.holder()
        return self._old.holder() if held is None and self._stands_at_old() else held

    def break_lock(self, id: str) -> None:
        """Remove the lock with this id. Raises `StateError`."""
        try:
            self._new.break_lock(id)
        except StateError:
            if not self._stands_at_old():
                raise
            self._old.break_lock(id)

    def describe(self) -> str:
        """The new place."""
        return self._new.describe()

    def neighbours(self) -> Sequence[str]:
        """Those of the new place."""
        return self._new.neighbours()

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """At both places."""
        for place in (self._new, self._old, self._plain):
            place.stop_when(stop)

    def close(self) -> None:
        """Give the connections of both places back."""
        for place in (self._new, self._old, self._plain):
            place.close()

    def lines(self) -> Iterable[bytes]:
        """The journal that continues the document which was read last."""
        journal = self._old.journal if self._at_old else self._new.journal
        return journal.read() if journal is not None else ()

    def append(self, *lines: bytes) -> None:
        """Lines behind the document, which is moved first where it was not."""
        if self._at_old and (data := self._inherited()) is not None:
            self._move(data)
        if self._new.journal is not None:
            self._new.journal.append(*lines)

    def clear(self) -> None:
        """Empty the journal."""
        journal = self._old.journal if self._at_old else self._new.journal
        if journal is not None:
            journal.clear()

    def _stands_at_old(self) -> bool:
        self.read()
        return self._at_old

    def _inherited(self) -> bytes | None:
        raw = self._plain.read()
        if raw is None or is_moved(raw):
            return None
        data = self._old.read()
        state = parse_state(data, where=self._old.describe()) if data is not None else None
        return data if state is not None and state.project in (None, self._project) else None

    def _move(self, data: bytes) -> None:
        before = self._inherited()
        if before is not None:
            state = replace(parse_state(before, where=self._old.describe()), project=self._project)
            self._old.write(dump_state(state))
        self._new.write(data)
        self._at_old = False
        if before is not None:
            self._plain.read()
            self._plain.write(orphaned_state(parse_state(data), self._project, self._new.describe()))
            if self._old.journal is not None:
                self._old.journal.clear()


class MovingJournal:
    """The port over the journals of both places."""

    def __init__(self, place: Relocated) -> None:
        self._place = place

    def read(self) -> Iterable[bytes]:
        """Lines that continue the document which was read last."""
        return self._place.lines()

    def append(self, *lines: bytes) -> None:
        """Append lines; what is read from now on stands at the new place."""
        self._place.append(*lines)

    def clear(self) -> None:
        """As the journal of the place that the document stands at."""
        self._place.clear()
