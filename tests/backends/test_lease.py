"""All tries of one request end together, and a store that says nothing is waited for once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from reconciler.backends.lease import SHARE, Patience
from reconciler.waits import Waits

WHOLE = 100.0


@pytest.fixture
def time() -> SimpleNamespace:
    """A clock that moves by what is slept, and by hand."""
    clock = SimpleNamespace(at=0.0)
    clock.monotonic = lambda: clock.at
    clock.sleep = lambda seconds: setattr(clock, "at", clock.at + seconds)
    return clock


@pytest.fixture
def patience(time: SimpleNamespace) -> Patience:
    return Patience(WHOLE, Waits(time, "here"))


def silence(
    patience: Patience, time: SimpleNamespace, each: float, pause: float, since: float | None = None
) -> float:
    """Seconds that a request took whose tries of at most `each` seconds got no answer."""
    start = time.at
    with patience.request() as tries:
        while True:
            time.at += min(each, tries.left())
            if not tries.again(pause):
                return float(time.at - start)


@pytest.mark.parametrize("each", [0.5, 30.0, 99.0, 1000.0])
@pytest.mark.parametrize("pause", [0.0, 8.0, 60.0, 1000.0])
def test_tries_and_pauses_together_take_no_longer_than_one_request_may(
    patience: Patience, time: SimpleNamespace, each: float, pause: float
) -> None:
    assert silence(patience, time, each, pause) <= WHOLE + 1
    assert silence(patience, time, each, pause) <= WHOLE * SHARE + 1


def test_an_answer_makes_it_patient_again(patience: Patience, time: SimpleNamespace) -> None:
    silence(patience, time, 30, 1)
    assert patience.silent
    with patience.request() as tries:
        assert tries.left() == WHOLE * SHARE
        tries.answered = True
    assert not patience.silent
    with patience.request() as tries:
        assert tries.left() == WHOLE


def test_who_waited_for_others_in_vain_waits_no_second_time(patience: Patience, time: SimpleNamespace) -> None:
    wanted = patience.now()
    silence(patience, time, 30, 1)
    with patience.request(wanted) as tries:
        assert tries.left() == 1
        assert not tries.again(0)


def test_who_waited_while_others_were_answered_has_all_the_time(patience: Patience, time: SimpleNamespace) -> None:
    wanted = patience.now()
    time.at += 500
    with patience.request() as tries:
        tries.answered = True
    with patience.request(wanted) as tries:
        assert tries.left() == WHOLE
