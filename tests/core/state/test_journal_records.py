"""The journal: folding its lines is the same as having recorded them, once or twice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.state.journal_records import (
    AccountNoted,
    DigestKeyNoted,
    IntentDropped,
    IntentNoted,
    Outcome,
    PlanFinished,
    PlanStarted,
    Record,
    binding,
    decode,
    encode,
)
from reconciler.core.state.journal_replay import KEPT_IDS, KEPT_PLANS, Folding, fold
from reconciler.errors import StateUnreadable
from reconciler.types.address import Address
from reconciler.types.state import Entry, Intent, State
from tests.support.strategies import RECORDS, STATES

CLAIMS = Address("persona", "claims")
DESK = Address("persona", "desk")
EMPTY = State("l", 3, "w")
INTENT = Intent(CLAIMS, "persona", "Claims", (), "2026-11-21T05:00:00Z")


def lines(*records: Record, lineage: str = "l", serial: int = 3) -> list[bytes]:
    """The journal with these records."""
    return [encode(record, lineage, serial) for record in records]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES, st.lists(RECORDS, max_size=6))
def test_folding_equals_recording(state: State, records: list[Record]) -> None:
    direct = Folding(state)
    for record in records:
        direct.add(record)
    journal = [encode(record, state.lineage, state.serial) for record in records]
    assert fold(state, journal) == direct.state()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STATES, RECORDS)
def test_a_record_twice_is_once(state: State, record: Record) -> None:
    journal = [encode(record, state.lineage, state.serial)]
    assert fold(state, journal * 2) == fold(state, journal)
    assert fold(fold(state, journal), journal) == fold(state, journal)


@given(RECORDS)
def test_a_line_is_one_line_and_reads_back(record: Record) -> None:
    line = encode(record, "l", 3)
    assert b"\n" not in line
    assert decode(line) == record
    assert binding(line) == ("l", 3)


def test_create_from_intent_to_outcome() -> None:
    begun = fold(EMPTY, lines(IntentNoted(INTENT)))
    assert begun.pending == (INTENT,)
    done = fold(begun, lines(Outcome(CLAIMS, "created", Entry("p1"))))
    assert done.pending == ()
    assert done.resources == {CLAIMS: Entry("p1")}
    assert fold(begun, lines(IntentDropped(CLAIMS))) == EMPTY


def test_delete_move_and_forget() -> None:
    state = fold(EMPTY, lines(Outcome(CLAIMS, "created", Entry("p1"))))
    assert fold(state, lines(Outcome(DESK, "moved", Entry("p1"), CLAIMS))).resources == {DESK: Entry("p1")}
    assert fold(state, lines(Outcome(CLAIMS, "recorded", Entry("p2"), CLAIMS))).resources == {CLAIMS: Entry("p2")}
    assert fold(state, lines(Outcome(CLAIMS, "deleted"))).resources == {}
    assert fold(state, lines(Outcome(DESK, "forgotten"))) == state


def test_what_left_an_address_is_remembered_by_its_id() -> None:
    state = fold(EMPTY, lines(Outcome(CLAIMS, "created", Entry("p2", former=("p1",))), Outcome(CLAIMS, "deleted")))
    assert state.retired == {CLAIMS: ("p1", "p2")}
    again = fold(state, lines(Outcome(CLAIMS, "created", Entry("p3")), Outcome(DESK, "moved", Entry("p3"), CLAIMS)))
    assert again.retired == {CLAIMS: ("p1", "p2")}, "it moved, and did not leave"
    many = [Outcome(CLAIMS, word, Entry(f"p{n}") if word == "created" else None)
            for n in range(3, 20) for word in ("created", "deleted")]  # fmt: skip
    assert fold(state, lines(*many)).retired == {CLAIMS: tuple(f"p{n}" for n in range(20 - KEPT_IDS, 20))}


def test_addresses_that_were_left_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.core.state.journal_replay.KEPT_ADDRESSES", 2)
    left = [Address("tool", f"t{n}") for n in range(5)]
    records = [record for one in left for record in (Outcome(one, "created", Entry("t")), Outcome(one, "deleted"))]
    assert list(fold(EMPTY, lines(*records)).retired) == left[-2:]


def test_account_keys_and_plans() -> None:
    state = fold(
        EMPTY,
        lines(AccountNoted("o", "k1", "u"), AccountNoted(key="k2"), AccountNoted(key="k1"), DigestKeyNoted("d")),
    )
    assert (state.owner, state.keys, state.base_url, state.digest_key) == ("o", ("k1", "k2"), "u", "d")
    many = fold(EMPTY, lines(*[PlanStarted(str(n)) for n in range(KEPT_PLANS + 5)], PlanFinished("5")))
    assert len(many.plans) == KEPT_PLANS
    assert many.plans[-1].digest == str(KEPT_PLANS + 4)


def test_lines_of_another_life_are_passed_over() -> None:
    outcome = Outcome(CLAIMS, "created", Entry("p1"))
    assert fold(EMPTY, lines(outcome, serial=2) + lines(outcome, lineage="other")) == EMPTY


def test_a_torn_last_line_never_happened() -> None:
    journal = lines(Outcome(CLAIMS, "created", Entry("p1")), Outcome(DESK, "created", Entry("p2")))
    for length in range(len(journal[1])):
        assert fold(EMPTY, [journal[0], journal[1][:length]]).resources == {CLAIMS: Entry("p1")}


@pytest.mark.parametrize("damage", [lambda line: line[:-3], lambda line: line.replace(b"p1", b"p9"), lambda _: b""])
def test_a_damaged_line_in_the_middle_stops_everything(damage: object) -> None:
    assert callable(damage)
    journal = lines(Outcome(CLAIMS, "created", Entry("p1")), Outcome(DESK, "created", Entry("p2")))
    with pytest.raises(StateUnreadable, match="line 1 of 2") as caught:
        fold(EMPTY, [damage(journal[0]), journal[1]])
    assert caught.value.hint


def test_a_damaged_line_has_no_binding() -> None:
    assert binding(b"") is None
    assert binding(b"x {}") is None


def test_what_was_handed_out_stays_as_it_was() -> None:
    folding = Folding(EMPTY)
    before = folding.state()
    folding.add(Outcome(CLAIMS, "created", Entry("p1")))
    assert before == EMPTY
    assert folding.entry(CLAIMS) == Entry("p1")
    assert folding.state() is folding.state()
