"""When the next round is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.continuous.schedule import due, heal_wait, recovered, remember, seconds_to_next
from reconciler.types.watch import Backoff, Memory, Round, Status, Watch

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WATCH = Watch()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def round_of(status: Status, commit: str | None = "a", *, wrote: bool = False) -> Round:
    return Round("w", status, "because", commit, wrote=wrote)


def test_a_workspace_is_looked_at_first_on_a_new_commit_and_when_its_time_has_come() -> None:
    assert due(WATCH, Memory(), "a", NOW)
    synced = remember(Memory(), round_of(Status.SYNCED), NOW)
    assert not due(WATCH, synced, "a", after(WATCH.drift_interval - 1))
    assert due(WATCH, synced, "b", after(1))
    assert due(WATCH, synced, "a", after(WATCH.drift_interval))


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SYNCED])
def test_what_is_not_synced_is_looked_at_every_time(status: Status) -> None:
    assert due(WATCH, remember(Memory(), round_of(status), NOW), "a", after(1))


@given(st.sampled_from(Status), st.floats(0, 1, exclude_max=True))
def test_the_next_round_comes_within_what_the_file_says(status: Status, random: float) -> None:
    done = round_of(status)
    seconds = seconds_to_next(WATCH, remember(Memory(), done, NOW), done, random)
    if status in (Status.FAILED, Status.LOCKED, Status.FROZEN):
        assert WATCH.retry.first <= seconds <= WATCH.retry.first * 1.2
    else:
        assert WATCH.interval <= seconds <= WATCH.interval * 1.2


def test_failures_in_a_row_are_tried_again_later_each_time() -> None:
    memory, waits = Memory(), []
    for _ in range(10):
        memory = remember(memory, round_of(Status.FAILED), NOW)
        waits.append(seconds_to_next(WATCH, memory, round_of(Status.FAILED), 0.0))
    assert waits[:4] == [30.0, 60.0, 120.0, 240.0]
    assert waits[-1] == WATCH.retry.max
    assert remember(memory, round_of(Status.SYNCED), NOW).failures == 0


def test_the_same_drift_is_put_back_later_each_time() -> None:
    memory, waits = Memory(commit="a"), []
    assert heal_wait(WATCH, memory, "same", NOW) == 0
    for _ in range(8):
        memory = remember(memory, round_of(Status.SYNCED, wrote=True), NOW, healed="same")
        waits.append(heal_wait(WATCH, memory, "same", NOW))
    assert waits[:4] == [60.0, 180.0, 540.0, 1620.0]
    assert waits[-1] == WATCH.heal.max
    assert heal_wait(WATCH, memory, "same", after(WATCH.heal.max)) == 0
    assert heal_wait(WATCH, memory, "another", NOW) == 0


@pytest.mark.parametrize("done", [round_of(Status.SYNCED), round_of(Status.DRIFTED, "b")], ids=["synced", "commit"])
def test_success_and_a_new_commit_forget_what_was_put_back(done: Round) -> None:
    memory = remember(Memory(commit="a"), round_of(Status.SYNCED, wrote=True), NOW, healed="same")
    assert heal_wait(WATCH, remember(memory, done, NOW), "same", NOW) == 0


def test_waiting_for_the_heal_forgets_nothing() -> None:
    memory = remember(Memory(commit="a"), round_of(Status.SYNCED, wrote=True), NOW, healed="same")
    waiting = remember(memory, round_of(Status.PENDING), after(30))
    assert heal_wait(WATCH, waiting, "same", after(30)) == 30.0


def test_since_is_when_it_became_what_it_is() -> None:
    memory = remember(Memory(), round_of(Status.FAILED), NOW)
    memory = remember(memory, round_of(Status.FAILED), after(60))
    assert memory.since == NOW
    assert remember(memory, round_of(Status.SYNCED), after(90)).since == after(90)


def test_a_recovery_is_the_end_of_a_trouble() -> None:
    synced = round_of(Status.SYNCED)
    assert recovered(remember(Memory(), round_of(Status.FAILED), NOW), synced)
    assert not recovered(remember(Memory(), synced, NOW), synced)
    assert not recovered(Memory(), synced)


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6), st.floats(1, 10), st.integers(0, 10_000))
def test_waits_grow_up_to_the_most(first: float, most: float, factor: float, times: int) -> None:
    backoff = Backoff(first, most, factor)
    assert min(first, most) <= backoff.seconds(times) <= backoff.seconds(times + 1) <= max(most, min(first, most))


def test_what_the_round_says_comes_first() -> None:
    done = replace(round_of(Status.PENDING), after=5.0)
    assert seconds_to_next(WATCH, Memory(), done, 0.5) == 5.0
