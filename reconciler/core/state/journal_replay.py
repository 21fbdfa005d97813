"""Records of the journal folded into a state: what the state is after each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.state.entry_records import renamed_entries, renamed_intents
from reconciler.core.state.journal_records import (
    AccountNoted,
    ChangeBegan,
    DigestKeyNoted,
    IntentDropped,
    IntentNoted,
    Outcome,
    PlanFinished,
    PlanStarted,
    PlanStep,
    Record,
    Renamed,
    RunBegan,
    RunEnded,
    decode_for,
)
from reconciler.errors import StateUnreadable
from reconciler.types.address import Address
from reconciler.types.history import Running
from reconciler.types.state import Entry, PlanProgress, State

KEPT_PLANS = 50
KEPT_IDS = 5
"""Ids remembered of what left one address."""
KEPT_ADDRESSES = 20_000


class Folding:
    """A state under construction: records in, a `State` out. Not thread-safe by itself."""

    def __init__(self, state: State) -> None:
        self._base = state
        self._resources = dict(state.resources)
        self._pending = {intent.address: intent for intent in state.pending}
        self._running = state.running
        self._items = dict(state.running.items) if state.running is not None else {}
        self._done = set(state.running.done) if state.running is not None else set()
        self._retired = dict(state.retired)
        self._plans = {plan.digest: set(plan.done) for plan in state.plans}
        self._finished = {plan.digest for plan in state.plans if plan.finished}
        self._serials = {plan.digest: plan.serial for plan in state.plans}
        self._made: State | None = state

    def entry(self, address: Address) -> Entry | None:
        """What state holds at `address` now."""
        return self._resources.get(address)

    def add(self, record: Record) -> None:
        """Take one record in; the same record twice is the same as once."""
        self._made = None
        match record:
            case IntentNoted(intent):
                self._pending[intent.address] = intent
            case IntentDropped(address):
                self._pending.pop(address, None)
            case Outcome(address, _, entry, previous):
                self._pending.pop(address, None)
                if address in self._items:
                    self._done.add(address)
                if previous is not None and previous != address:
                    self._resources.pop(previous, None)
                    self._pending.pop(previous, None)
                if entry is None:
                    self._retire(address, self._resources.pop(address, None))
                else:
                    self._resources[address] = entry
            case Renamed(moves):
                self._resources = renamed_entries(self._resources, moves)
                self._pending = renamed_intents(self._pending, moves)
                self._done |= {move.after for move in moves if move.after in self._items}
            case AccountNoted(owner, key, base_url):
                base = self._base
                keys = base.keys if key is None or key in base.keys else (*base.keys, key)
                self._base = replace(base, owner=owner or base.owner, keys=keys, base_url=base_url or base.base_url)
            case DigestKeyNoted(id):
                self._base = replace(self._base, digest_key=id)
            case PlanStarted(digest):
                self._plan(digest)
            case PlanStep(digest, address):
                self._plan(digest).add(address)
            case PlanFinished(digest):
                self._plan(digest)
                self._finished.add(digest)
            case RunBegan(header):
                self._running, self._items, self._done = Running(header), {}, set()
            case ChangeBegan(address, text):
                self._items[address] = text
                self._done.discard(address)
            case RunEnded(result, failed, skipped):
                if self._running is not None:
                    self._running = replace(self._running, ended=result, failed=failed, skipped=skipped)

    def _plan(self, digest: str) -> set[Address]:
        """What is done of a saved plan; the one begun longest ago is forgotten where there are many."""
        done = self._plans.setdefault(digest, set())
        while len(self._plans) > KEPT_PLANS:
            del self._plans[next(iter(self._plans))]
        return done

    def _progress(self) -> tuple[PlanProgress, ...]:
        return tuple(
            PlanProgress(digest, frozenset(), True, self._serials.get(digest, 0))
            if digest in self._finished
            else PlanProgress(digest, frozenset(done), False, self._serials.get(digest, 0))
            for digest, done in self._plans.items()
        )

    def _retire(self, address: Address, entry: Entry | None) -> None:
        """Remember which object this was: manifests may go on naming it."""
        if entry is None:
            return
        ids = dict.fromkeys((*self._retired.pop(address, ()), *entry.former, entry.id))
        self._retired[address] = tuple(ids)[-KEPT_IDS:]
        if len(self._retired) > KEPT_ADDRESSES:
            del self._retired[next(iter(self._retired))]

    def state(self) -> State:
        """The state as of now; later records do not change it."""
        if self._made is None:
            running = self._running
            if running is not None:
                running = replace(running, items=dict(self._items), done=frozenset(self._done))
            self._made = replace(
                self._base,
                resources=dict(self._resources),
                pending=tuple(self._pending.values()),
                running=running,
                retired=dict(self._retired),
                plans=self._progress(),
            )
        return self._made


def fold(state: State, lines: Iterable[bytes], *, where: str = "the journal") -> State:
    """`state` with every line that continues it taken in; lines of another lineage or serial are passed over.

    A damaged last line is a write that never finished and is left out. Raises `StateUnreadable` for a damaged line
    before the last.
    """
    folding = Folding(state)
    all_lines = list(lines)
    for index, line in enumerate(all_lines):
        try:
            record = decode_for(line, state.lineage, state.serial)
            if record is not None:
                folding.add(record)
        except Malformed as error:
            if index == len(all_lines) - 1:
                break
            raise StateUnreadable(
                f"{where} is damaged in line {index + 1} of {len(all_lines)}: {error}",
                hint="move the journal aside; the next plan then finds what its run created in the account, by name",
            ) from None
    return folding.state()
