"""What each record of a journal makes of the state, and what is remembered of what left it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.state import journal_replay
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
    encode,
)
from reconciler.core.state.journal_replay import KEPT_IDS, KEPT_PLANS, Folding, fold
from reconciler.errors import StateUnreadable
from reconciler.types.history import RunHeader
from reconciler.types.state import Entry, Intent, Move, PlanProgress, State
from tests.support.making import at

A, B = at("persona.a"), at("persona.b")
EMPTY = State("l", 3, "w")
HEADER = RunHeader("apply")
INTENT = Intent(A, "persona", "A")


def after(*records: Record, state: State = EMPTY) -> State:
    folding = Folding(state)
    for record in records:
        folding.add(record)
    return folding.state()


def outcome(address=A, entry=None, previous=None) -> Outcome:
    return Outcome(address, "updated", entry, previous)


def test_an_open_create_ends_with_its_outcome_or_when_it_is_dropped() -> None:
    assert after(IntentNoted(INTENT)).pending == (INTENT,)
    assert after(IntentNoted(INTENT), IntentNoted(replace(INTENT, name="B"))).pending == (replace(INTENT, name="B"),)
    assert after(IntentNoted(INTENT), IntentDropped(A)).pending == after(IntentDropped(A)).pending == ()
    assert after(IntentNoted(INTENT), outcome(entry=Entry("p1"))).pending == ()
    assert after(IntentNoted(INTENT), outcome(B, Entry("p1"))).pending == (INTENT,)
    assert after(IntentNoted(INTENT), outcome(B, Entry("p1"), A)).pending == ()


def test_an_outcome_is_what_the_state_holds_from_then_on() -> None:
    held = after(outcome(entry=Entry("p1")))
    assert held.resources == {A: Entry("p1")}
    assert after(outcome(entry=Entry("p2")), state=held).resources == {A: Entry("p2")}
    assert after(outcome(B, Entry("p1"), A), state=held).resources == {B: Entry("p1")}
    assert after(outcome(A, Entry("p1"), A), state=held).resources == {A: Entry("p1")}
    assert after(outcome(), state=held).resources == after(outcome()).resources == {}
    assert after(Renamed((Move(A, B, "p1"),)), state=held).resources == {B: Entry("p1")}
    folding = Folding(held)
    assert (folding.entry(A), folding.entry(B)) == (Entry("p1"), None)


def test_the_ids_of_what_left_are_remembered_newest_last_and_not_for_ever() -> None:
    gone = after(outcome(entry=Entry("p2", former=("p0", "p1"))), outcome())
    assert gone.retired == {A: ("p0", "p1", "p2")}
    assert after(outcome(), state=gone).retired == gone.retired
    again = after(outcome(entry=Entry("p3")), outcome(), outcome(entry=Entry("p3")), outcome(), state=gone)
    assert again.retired == {A: ("p0", "p1", "p2", "p3")}
    many = tuple(f"q{number}" for number in range(KEPT_IDS))
    assert after(outcome(entry=Entry("last", former=many)), outcome()).retired == {A: (*many[1:], "last")}
    moved = after(outcome(B, Entry("p2"), A), state=after(outcome(entry=Entry("p2"))))
    assert moved.retired == {}


def test_the_address_that_was_left_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_replay, "KEPT_ADDRESSES", 2)
    one, two, three = (at(f"persona.{name}") for name in ("one", "two", "three"))
    left = [record for address in (one, two) for record in (outcome(address, Entry(address.name)), outcome(address))]
    assert set(after(*left).retired) == {one, two}
    left += [outcome(one, Entry("one")), outcome(one), outcome(three, Entry("three")), outcome(three)]
    assert list(after(*left).retired) == [one, three]


def test_what_is_known_of_the_account_is_added_to_and_never_emptied() -> None:
    noted = after(AccountNoted("o1", "k1", "https://a.example"))
    assert (noted.owner, noted.keys, noted.base_url) == ("o1", ("k1",), "https://a.example")
    assert after(AccountNoted(None, None, None), state=noted) == noted
    assert after(AccountNoted(None, "k1", None), state=noted) == noted
    assert after(AccountNoted("o2", "k2", "https://b.example"), state=noted).keys == ("k1", "k2")
    assert after(DigestKeyNoted("d1"), DigestKeyNoted("d2")).digest_key == "d2"


def test_how_far_a_saved_plan_came() -> None:
    begun = after(PlanStarted("x"), PlanStep("x", A), PlanStarted("y"), PlanStarted("x"))
    assert begun.plans == (PlanProgress("x", frozenset({A})), PlanProgress("y"))
    done = after(PlanStep("x", B), PlanFinished("x"), state=begun)
    assert done.plans == (PlanProgress("x", finished=True), PlanProgress("y"))
    assert after(PlanFinished("z")).plans == (PlanProgress("z", finished=True),)
    known = replace(
        EMPTY, plans=(PlanProgress("x", frozenset({A}), serial=7), PlanProgress("y", finished=True, serial=8))
    )
    assert after(PlanStarted("z"), state=known).plans == (*known.plans, PlanProgress("z"))
    many = after(*(PlanStarted(str(number)) for number in range(KEPT_PLANS + 2)))
    assert [plan.digest for plan in many.plans] == [str(number) for number in range(2, KEPT_PLANS + 2)]


def test_a_run_tells_what_it_began_and_what_of_it_is_done() -> None:
    began = after(RunBegan(HEADER), ChangeBegan(A, "a"), ChangeBegan(B, "b"))
    assert began.running is not None
    assert (dict(began.running.items), began.running.done, began.running.ended) == (
        {A: "a", B: "b"},
        frozenset(),
        None,
    )
    done = after(outcome(entry=Entry("p1")), outcome(at("persona.c"), Entry("p3")), state=began)
    assert done.running is not None and done.running.done == {A}
    once_more = after(ChangeBegan(A, "a again"), state=done)
    assert once_more.running is not None
    assert (dict(once_more.running.items), once_more.running.done) == ({A: "a again", B: "b"}, frozenset())
    moved = after(outcome(entry=Entry("p1")), ChangeBegan(B, "b"), Renamed((Move(A, B, "p1"),)), state=began)
    assert moved.running is not None and moved.running.done == {A, B}
    ended = after(RunEnded("failed", frozenset({A}), frozenset({B})), state=done)
    assert ended.running is not None
    assert (ended.running.ended, ended.running.failed, ended.running.skipped) == ("failed", {A}, {B})
    assert after(RunEnded("failed", frozenset({A}), frozenset({B}))).running is None
    fresh = after(RunBegan(HEADER), state=done)
    assert fresh.running is not None and (dict(fresh.running.items), fresh.running.done) == ({}, frozenset())


def test_a_state_that_was_given_out_does_not_change_any_more() -> None:
    folding = Folding(EMPTY)
    assert folding.state() is EMPTY
    folding.add(outcome(entry=Entry("p1")))
    one = folding.state()
    assert folding.state() is one
    folding.add(outcome(B, Entry("p2")))
    assert (set(one.resources), set(folding.state().resources)) == ({A}, {A, B})


def test_only_a_damaged_last_line_is_left_out() -> None:
    line = encode(outcome(entry=Entry("p1")), "l", 3)
    other = encode(outcome(B, Entry("p2")), "l", 4)
    assert fold(EMPTY, [line, other, line[:-5]]).resources == {A: Entry("p1")}
    assert fold(EMPTY, [line[:-5]]) == EMPTY
    with pytest.raises(StateUnreadable, match="journal x is damaged in line 1 of 2") as caught:
        fold(EMPTY, [line[:-5], line], where="journal x")
    assert "aside" in str(caught.value.hint)
