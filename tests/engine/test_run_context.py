"""A wait that hears the wish to stop."""

from __future__ import annotations

import pytest

from reconciler.engine.run_context import StoppableClock
from reconciler.engine.state.state_session import open_session
from reconciler.errors import Interrupted
from tests.support.lab import JumpingClock
from tests.support.state import open_local


def test_a_wait_that_nobody_stops_lasts_as_long_as_it_is_told():
    clock = JumpingClock()
    StoppableClock(clock, lambda: False, "the lock").sleep(1.5)
    assert clock.monotonic() == pytest.approx(1.5)


def test_a_wait_ends_when_somebody_asks_to_stop():
    clock = JumpingClock()
    waiting = StoppableClock(clock, lambda: clock.monotonic() >= 3, "the lock")
    with pytest.raises(Interrupted, match="the lock"):
        waiting.sleep(60)
    assert 3 <= clock.monotonic() < 4


def test_the_wait_for_the_lock_ends_when_somebody_asks_to_stop(tmp_path):
    backend, clock = open_local(tmp_path), JumpingClock()
    with open_session(backend, workspace="w", operation="apply", clock=clock, emit=lambda event: None):
        asked = []

        def stop():
            asked.append(clock.monotonic())
            return len(asked) > 3

        with (
            pytest.raises(Interrupted, match="the lock"),
            open_session(
                backend, workspace="w", operation="apply", clock=clock, emit=lambda event: None, lock_timeout=600,
                stop=stop,
            ),
        ):  # fmt: skip
            pass
    assert clock.monotonic() < 600
