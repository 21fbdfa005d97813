"""What a step needs of the state while it runs: durable marks before and after each request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from reconciler.core.history.preimage import pack, write_item
from reconciler.core.state.journal_records import (
    ChangeBegan,
    IntentDropped,
    IntentNoted,
    Outcome,
    PlanStep,
    Record,
    Renamed,
    RunBegan,
    RunEnded,
)
from reconciler.engine.state.state_session import StateSession
from reconciler.types.address import Address
from reconciler.types.history import RunHeader
from reconciler.types.report import ApplyResult
from reconciler.types.state import Entry, Intent, Move, Preimage, State


class Ledger(Protocol):
    """Every method is durable when it returns, and safe to call from several threads."""

    @property
    def state(self) -> State:
        """The state with everything recorded so far."""
        ...

    def confirm(self, seconds: float) -> None:
        """Make sure that the lock stays ours for `seconds`. Raises `StateLocked` when it was lost, `StateError` when
        the store does not say: nothing more may be sent."""
        ...

    @property
    def together(self) -> bool:
        """Whether single marks are dear: then those of all that may start are made at once, by `announce`."""
        ...

    def announce(self, intents: Sequence[Intent], preimages: Sequence[Preimage] = ()) -> None:
        """These creates and changes come next: marks them all, where marks are made together. Raises `StateError`."""
        ...

    def retract(self) -> None:
        """Of the announced creates, those that were not sent after all are not open."""
        ...

    def begin(self, preimage: Preimage) -> None:
        """This change comes next, and this is what it changes."""
        ...

    def intend(self, intent: Intent) -> None:
        """A create is about to be sent."""
        ...

    def drop(self, address: Address) -> None:
        """The create of `address` was refused: nothing is open any more."""
        ...

    def rename(self, moves: Sequence[Move], preimages: Sequence[Preimage]) -> None:
        """What is at these addresses is at others from now on, all at once; `preimages` say what that changes."""
        ...

    def keep(self, address: Address, entry: Entry, *, previous: Address | None = None) -> None:
        """The object is ours and this is what is known of it; closes an open create; `previous` was its address."""
        ...

    def forget(self, address: Address) -> None:
        """The object is deleted or no longer ours."""
        ...

    def finish(self, address: Address) -> None:
        """The change of `address` was carried out whole; what a saved plan that is cut short need not do again."""
        ...

    def batch(self) -> AbstractContextManager[None]:
        """What this thread says meanwhile is written together at the end of the block: for what sends nothing, so
        that none of it need be durable before. Raises `StateError` there, and then none of it counts."""
        ...


class StepRecorder:
    """The ledger of the steps on top of the session's journal."""

    def __init__(
        self,
        session: StateSession,
        header: Callable[[], RunHeader] = lambda: RunHeader("apply"),
        digest: str | None = None,
    ) -> None:
        self._session = session
        self._header = header
        self._digest = digest
        """Of the saved plan that is carried out."""
        self._announced: set[Address] = set()
        self._began = threading.Lock()
        self._begun = False
        """Whether anything was marked as about to change: a run that changes nothing leaves no entry."""
        self._held = threading.local()

    @property
    def state(self) -> State:
        return self._session.state

    def confirm(self, seconds: float) -> None:
        self._session.confirm(seconds)

    @property
    def together(self) -> bool:
        return not self._session.journals

    def announce(self, intents: Sequence[Intent], preimages: Sequence[Preimage] = ()) -> None:
        if not self.together:
            return  # One line each, right before its request, is cheap.
        self._note_begin()
        marks: list[Record] = [IntentNoted(intent) for intent in intents]
        marks += [ChangeBegan(preimage.address, pack(write_item(preimage))) for preimage in preimages]
        self._session.record_all(marks)
        self._announced = {intent.address for intent in intents}

    @contextmanager
    def batch(self) -> Iterator[None]:
        held: list[Record] = []
        self._held.records = held
        try:
            yield
        finally:
            self._held.records = None
        self._session.record_all(held)

    def _record(self, *records: Record) -> None:
        held: list[Record] | None = getattr(self._held, "records", None)
        if held is None:
            self._session.record_all(records)
        else:
            held += records

    def retract(self) -> None:
        left, self._announced = sorted(self._announced), set()
        self._session.record_all([IntentDropped(address) for address in left])

    def begin(self, preimage: Preimage) -> None:
        self._note_begin()
        self._record(ChangeBegan(preimage.address, pack(write_item(preimage))))

    def _note_begin(self) -> None:
        with self._began:
            if not self._begun:
                self._session.record(RunBegan(self._header()))
                self._begun = True

    def end(self, result: ApplyResult) -> None:
        """The run came to its end: close its entry of the history, where it began to change anything."""
        if not self._begun:
            return
        failed = frozenset(step.address for step in result.steps if step.outcome == "failed")
        skipped = frozenset(step.address for step in result.steps if step.outcome == "skipped")
        worst = "interrupted" if result.interrupted else "failed" if failed or skipped else "done"
        self._session.record(RunEnded(worst, failed, skipped))

    def intend(self, intent: Intent) -> None:
        if intent.address in self._announced:
            self._announced.discard(intent.address)
            return
        self._session.record(IntentNoted(intent))

    def drop(self, address: Address) -> None:
        self._session.record(IntentDropped(address))

    def rename(self, moves: Sequence[Move], preimages: Sequence[Preimage]) -> None:
        self._note_begin()
        marks: list[Record] = [ChangeBegan(preimage.address, pack(write_item(preimage))) for preimage in preimages]
        self._session.record_all([*marks, Renamed(tuple(moves))])

    def keep(self, address: Address, entry: Entry, *, previous: Address | None = None) -> None:
        self._record(Outcome(address, "recorded", entry, previous))

    def forget(self, address: Address) -> None:
        self._record(Outcome(address, "forgotten"))

    def finish(self, address: Address) -> None:
        if self._digest is not None:
            self._record(PlanStep(self._digest, address))
