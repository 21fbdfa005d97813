"""The marks of a run: what stands in the state before a request, after it, and at its end."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

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
from reconciler.engine.apply.step_recorder import StepRecorder
from reconciler.errors import StateError
from reconciler.types.history import RunHeader
from reconciler.types.report import ApplyResult
from reconciler.types.state import Entry, Intent, Move, Preimage
from tests.support.making import at

A, B = at("persona.a"), at("persona.b")
INTENTS = [Intent(A, "persona", "Ada"), Intent(B, "persona", "Bob")]
BEFORE = [Preimage(A, "create"), Preimage(B, "update", "p2", {"greeting": "hi"})]
HEADER = RunHeader("apply", "ann@host")
BEGAN = RunBegan(HEADER)


class Session:
    """Keeps what is recorded, a list for each write to the store."""

    def __init__(self, *, journals: bool) -> None:
        self.journals = journals
        self.writes: list[list[Record]] = []
        self.broken = False

    def record_all(self, records: Sequence[Record]) -> None:
        if self.broken:
            raise StateError("no way")
        if records:
            self.writes.append(list(records))

    def record(self, record: Record) -> None:
        self.record_all([record])

    @property
    def records(self) -> list[Record]:
        return [record for write in self.writes for record in write]


def ledger(*, journals: bool = True, digest: str | None = None) -> tuple[Session, StepRecorder]:
    session = Session(journals=journals)
    return session, StepRecorder(cast(Any, session), lambda: HEADER, digest)


def began(preimage: Preimage) -> ChangeBegan:
    return ChangeBegan(preimage.address, pack(write_item(preimage)))


def test_where_marks_are_cheap_each_is_made_right_before_its_request() -> None:
    session, marks = ledger()
    marks.announce(INTENTS, BEFORE)
    assert session.writes == []
    marks.begin(BEFORE[0])
    marks.intend(INTENTS[0])
    assert session.records == [BEGAN, began(BEFORE[0]), IntentNoted(INTENTS[0])]


def test_where_they_are_dear_all_are_made_at_once_and_none_twice() -> None:
    session, marks = ledger(journals=False)
    marks.announce(INTENTS, BEFORE)
    assert session.writes[1:] == [[*map(IntentNoted, INTENTS), *map(began, BEFORE)]]
    marks.intend(INTENTS[0])
    assert len(session.writes) == 2
    marks.intend(INTENTS[0])
    assert session.records[-1] == IntentNoted(INTENTS[0]), "a second try is a create of its own"


def test_announced_creates_that_were_never_sent_are_open_no_longer() -> None:
    session, marks = ledger(journals=False)
    marks.announce(INTENTS)
    marks.intend(INTENTS[0])
    marks.retract()
    assert session.writes[-1] == [IntentDropped(B)]
    count = len(session.records)
    marks.retract()
    assert len(session.records) == count


def test_a_run_begins_once_and_one_that_changed_nothing_has_no_end() -> None:
    session, marks = ledger()
    result = cast(ApplyResult, SimpleNamespace(steps=(), interrupted=False))
    marks.end(result)
    assert session.writes == []
    for preimage in BEFORE:
        marks.begin(preimage)
    marks.rename([], BEFORE)
    assert session.records.count(BEGAN) == 1
    marks.end(result)
    assert session.records[-1] == RunEnded("done", frozenset(), frozenset())


@pytest.mark.parametrize(
    ("outcomes", "interrupted", "ended"),
    [
        (("done", "done"), False, "done"),
        (("done", "failed"), False, "failed"),
        (("skipped", "done"), False, "failed"),
        (("done", "done"), True, "interrupted"),
        (("failed", "skipped"), True, "interrupted"),
    ],
)
def test_how_a_run_ended(outcomes: tuple[str, str], interrupted: bool, ended: str) -> None:
    session, marks = ledger()
    marks.begin(BEFORE[0])
    steps = tuple(SimpleNamespace(address=one, outcome=how) for one, how in zip((A, B), outcomes, strict=True))
    marks.end(cast(ApplyResult, SimpleNamespace(steps=steps, interrupted=interrupted)))
    which = dict(zip((A, B), outcomes, strict=True))
    assert session.records[-1] == RunEnded(
        ended,
        frozenset(one for one, how in which.items() if how == "failed"),
        frozenset(one for one, how in which.items() if how == "skipped"),
    )


def test_what_came_of_a_request() -> None:
    session, marks = ledger(digest="d")
    marks.drop(A)
    marks.keep(B, Entry("p2"), previous=A)
    marks.forget(B)
    marks.finish(B)
    assert session.records == [
        IntentDropped(A),
        Outcome(B, "recorded", Entry("p2"), A),
        Outcome(B, "forgotten"),
        PlanStep("d", B),
    ]
    session, marks = ledger()
    marks.finish(B)
    assert session.records == [], "no saved plan, no steps of one"


def test_moves_and_what_they_change_are_one_write() -> None:
    session, marks = ledger()
    marks.rename([Move(A, B, "p1")], [BEFORE[1]])
    assert session.writes == [[BEGAN], [began(BEFORE[1]), Renamed((Move(A, B, "p1"),))]]


def test_a_batch_is_one_write_at_its_end_and_then_marks_are_single_again() -> None:
    session, marks = ledger()
    with marks.batch():
        marks.keep(A, Entry("p1"))
        marks.forget(B)
        assert session.writes == []
    assert session.writes == [[Outcome(A, "recorded", Entry("p1")), Outcome(B, "forgotten")]]
    marks.forget(A)
    assert session.writes[1:] == [[Outcome(A, "forgotten")]]


def test_of_a_batch_that_cannot_be_written_or_that_broke_off_nothing_counts() -> None:
    session, marks = ledger()
    with pytest.raises(KeyError), marks.batch():
        marks.keep(A, Entry("p1"))
        raise KeyError
    assert session.writes == []
    session.broken = True
    with pytest.raises(StateError), marks.batch():
        marks.keep(A, Entry("p1"))
    session.broken = False
    marks.forget(B)
    assert session.records == [Outcome(B, "forgotten")]
