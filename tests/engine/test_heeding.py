"""A wait that hears the wish to stop."""

from __future__ import annotations

import pytest

from reconciler.engine.heeding import HeedingClock
from reconciler.errors import Interrupted
from tests.support.lab import JumpingClock


def test_a_wait_that_nobody_stops_lasts_as_long_as_it_is_told():
    clock = JumpingClock()
    HeedingClock(clock, lambda: False, "the lock").sleep(1.5)
    assert clock.monotonic() == pytest.approx(1.5)


def test_a_wait_ends_when_somebody_asks_to_stop():
    clock = JumpingClock()
    waiting = HeedingClock(clock, lambda: clock.monotonic() >= 3, "the lock")
    with pytest.raises(Interrupted, match="the lock"):
        waiting.sleep(60)
    assert 3 <= clock.monotonic() < 4
