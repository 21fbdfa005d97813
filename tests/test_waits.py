"""Waits: as long as told, cut short by the wish to stop, short ones seen through where something has to be noted."""

from __future__ import annotations

import pytest

from reconciler.errors import Interrupted
from reconciler.waits import SHORT, TURN, StoppableClock, Waits
from tests.support.lab import JumpingClock


def made(clock: JumpingClock, **options: float) -> Waits:
    return Waits(clock, "for a bus", **options)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.1, 1.0, 7.5])
@pytest.mark.parametrize("heeding", [False, True])
def test_a_wait_that_nobody_stops_lasts_as_long_as_it_is_told(seconds: float, heeding: bool) -> None:
    clock = JumpingClock()
    waits = made(clock)
    if heeding:
        waits.stop_when(lambda: False)
    waits.sleep(seconds)
    assert clock.monotonic() == pytest.approx(max(0.0, seconds))


def test_a_long_wait_ends_within_a_turn_of_the_wish_to_stop() -> None:
    clock = JumpingClock()
    waits = made(clock)
    waits.stop_when(lambda: clock.monotonic() >= 3)
    with pytest.raises(Interrupted, match="for a bus"):
        waits.sleep(60)
    assert 3 <= clock.monotonic() <= 3 + TURN


def test_a_short_wait_is_seen_through_unless_there_is_nothing_to_note() -> None:
    clock = JumpingClock()
    waits, strict = made(clock), made(clock, short=0.0)
    for one in (waits, strict):
        one.stop_when(lambda: True)
    waits.sleep(SHORT)
    assert clock.monotonic() == SHORT
    with pytest.raises(Interrupted):
        strict.sleep(0.1)
    assert clock.monotonic() == SHORT


def test_a_clock_that_nobody_stops_sleeps_as_long_as_it_is_told() -> None:
    clock = JumpingClock()
    StoppableClock(clock, lambda: False, "the lock").sleep(1.5)
    assert clock.monotonic() == pytest.approx(1.5)


def test_a_clock_wakes_when_somebody_asks_to_stop() -> None:
    clock = JumpingClock()
    waiting = StoppableClock(clock, lambda: clock.monotonic() >= 3, "the lock")
    with pytest.raises(Interrupted, match="the lock"):
        waiting.sleep(60)
    assert 3 <= clock.monotonic() < 4
