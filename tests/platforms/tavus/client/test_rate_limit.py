"""The token bucket and the pause."""

from __future__ import annotations

import threading
from typing import Any

from reconciler.platforms.tavus.client.rate_limit import Pace


def test_without_a_rate_nobody_waits(clock: Any) -> None:
    pace = Pace(clock)
    for _ in range(5):
        pace.wait()
    assert clock.slept == []


def test_a_rate_spreads_requests(clock: Any) -> None:
    pace = Pace(clock, 4)
    times = []
    for _ in range(5):
        pace.wait()
        times.append(clock.monotonic() - 1000.0)
    assert times == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_time_that_passed_is_not_saved_up(clock: Any) -> None:
    pace = Pace(clock, 2)
    pace.wait()
    clock.seconds += 100
    before = clock.monotonic()
    pace.wait()
    pace.wait()
    assert clock.monotonic() - before == 0.5


def test_a_pause_holds_everybody(clock: Any) -> None:
    pace = Pace(clock)
    pace.pause(3)
    pace.wait()
    assert clock.slept == [3.0]
    pace.wait()
    assert clock.slept == [3.0]


def test_the_longer_pause_counts(clock: Any) -> None:
    pace = Pace(clock)
    pace.pause(3)
    pace.pause(1)
    pace.wait()
    assert clock.monotonic() == 1003.0


def test_a_pause_moves_the_turns_behind_it(clock: Any) -> None:
    pace = Pace(clock, 1)
    pace.pause(5)
    pace.wait()
    pace.wait()
    assert clock.monotonic() == 1006.0


def test_a_pause_that_grows_during_the_sleep(clock: Any) -> None:
    pace = Pace(clock)
    pace.pause(1)
    original = clock.sleep

    def sleep(seconds: float) -> None:
        original(seconds)
        if len(clock.slept) == 1:
            pace.pause(2)

    clock.sleep = sleep
    pace.wait()
    assert clock.slept == [1.0, 2.0]


def test_threads_get_a_turn_each(clock: Any) -> None:
    pace = Pace(clock, 10)
    threads = [threading.Thread(target=pace.wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic() - 1000.0 >= 0.7 - 1e-9
