"""The state of a writing run in memory: the document that it began with, what was recorded since, what comes next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.core.history.history_chain import close_run
from reconciler.core.state.journal_records import PlanStarted, Record
from reconciler.core.state.journal_replay import Folding
from reconciler.types.address import Address
from reconciler.types.history import HistoryEntry, Retention
from reconciler.types.state import Entry, State


class RecordedState:
    """A document and the records that came after it. Every method may be called from several threads."""

    def __init__(self, document: State) -> None:
        self.lock = threading.RLock()
        """Held while nothing may be recorded."""
        self.document = document
        """What the store holds, or is about to hold where it has no document yet."""
        self._folding = Folding(document)

    @property
    def state(self) -> State:
        """The state with everything recorded so far; a later record does not change what was handed out."""
        with self.lock:
            return self._folding.state()

    def entry(self, address: Address) -> Entry | None:
        """What state holds at `address` now; cheaper than `state` while much is being recorded."""
        with self.lock:
            return self._folding.entry(address)

    def add(self, records: Sequence[Record]) -> None:
        with self.lock:
            for record in records:
                self._folding.add(record)

    def with_records(self, records: Sequence[Record]) -> State:
        """The state as it would be with `records`, which are not recorded by this."""
        folding = Folding(self.state)
        for record in records:
            folding.add(record)
        return folding.state()

    def restart(self, document: State) -> None:
        """`document` is what the store holds now, and all that was recorded is in it."""
        with self.lock:
            self.document = document
            self._folding = Folding(document)

    def stored(self, document: State, records: Sequence[Record], follow: Callable[[State], State]) -> None:
        """`document` was stored, with `records`, which count from here on. What others recorded meanwhile stays on
        top of it: `follow` makes of such a state the one that continues the document."""
        with self.lock:
            self.add(records)
            self.document = document
            self._folding = Folding(follow(self._folding.state()))

    def replace(self, state: State) -> None:
        """From here on `state` is what was recorded: that of a run that ended before it could save."""
        with self.lock:
            self._folding = Folding(state)


class Succession:
    """What the next document of a state says besides what was recorded."""

    def __init__(self, retention: Retention, project: str | None) -> None:
        self._retention = retention
        self._project = project
        self._claimed = False
        self._plans: set[str] = set()
        """Digests of the saved plans that are carried out: by this run, or the killed one that it takes over from."""

    def claim(self, project: str | None) -> None:
        """From here on the state is this run's project's (or `project`'s, as it is called now), also where there
        is nothing else to record."""
        self._project = project or self._project
        self._claimed = True

    def note(self, records: Sequence[Record]) -> None:
        """Remember the plans that `records` begin."""
        self._plans |= {record.digest for record in records if isinstance(record, PlanStarted)}

    def note_left_behind(self, folded: State, document: State) -> None:
        """Remember the plans that a killed run was at: `folded` is what it recorded on top of `document`."""
        if folded.running is not None and folded.running.header.plan is not None:
            self._plans.add(folded.running.header.plan)
        self._plans |= {plan.digest for plan in folded.plans if plan != document.plan(plan.digest)}

    def forget_plans(self) -> None:
        self._plans.clear()

    def following(self, state: State, serial: int) -> State:
        """`state` as the document `serial` holds it: whose it is, and of which plans it is the last word."""
        plans = tuple(replace(plan, serial=serial) if plan.digest in self._plans else plan for plan in state.plans)
        project = self._project if self._claimed else state.project or self._project
        return replace(state, serial=serial, project=project, plans=plans)

    def closing(self, state: State, serial: int, *, stored: bool) -> tuple[State, Sequence[HistoryEntry]]:
        """`state` with the run closed as an entry of the history, and the entries that are kept no longer; `stored`:
        there is a document that may be claimed."""
        closed, dropped = close_run(state, serial, self._retention)
        return (replace(closed, project=self._project) if self._claimed and stored else closed), dropped
