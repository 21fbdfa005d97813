"""A refused key: nobody asks for ten minutes, then one finds out for all."""

from __future__ import annotations

import pytest

from reconciler.errors import AuthRefused, Unavailable
from reconciler.platforms.circuit import SECONDS, Circuit


class Hands:
    """A clock that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> str:
        return "2026-01-01T00:00:00+00:00"

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def circuit(clock: Hands) -> Circuit:
    return Circuit(clock)


def refused(circuit: Circuit, status: int | None = 401) -> AuthRefused:
    """What a run gets whose key is refused, if it may ask at all."""
    with pytest.raises(AuthRefused) as caught, circuit.closed():
        raise AuthRefused("no such key", status=status, hint="renew it")
    return caught.value


def asks(circuit: Circuit) -> bool:
    """Whether a run may ask; it is answered well."""
    try:
        with circuit.closed():
            return True
    except AuthRefused as error:
        assert error.retry_after is not None
        assert 0 < error.retry_after <= SECONDS
        assert (error.hint, error.status, "no such key" in error.message) == ("renew it", 401, True)
        return False


def test_nobody_asks_again_until_its_time_has_come(circuit: Circuit, clock: Hands) -> None:
    assert asks(circuit)
    assert refused(circuit).retry_after is None
    for _ in range(3):
        assert not asks(circuit)
        clock.sleep(SECONDS / 4)
    clock.sleep(SECONDS / 4)
    assert asks(circuit)
    assert asks(circuit), "what was answered well counts for all"


def test_one_finds_out_for_all(circuit: Circuit, clock: Hands) -> None:
    refused(circuit)
    clock.sleep(SECONDS)
    with pytest.raises(AuthRefused), circuit.closed():
        assert not asks(circuit), "while one asks, the others wait"
        raise AuthRefused("no such key", status=401, hint="renew it")
    clock.sleep(SECONDS - 1)
    assert not asks(circuit)
    clock.sleep(1)
    assert asks(circuit)


@pytest.mark.parametrize("status", [403, None])
def test_a_right_that_is_wanting_and_a_key_that_is_not_set_keep_nobody_away(
    circuit: Circuit, status: int | None
) -> None:
    refused(circuit, status)
    assert asks(circuit)


def test_other_trouble_says_nothing_of_the_key(circuit: Circuit, clock: Hands) -> None:
    for known in (False, True):
        if known:
            refused(circuit)
            clock.sleep(SECONDS)
        with pytest.raises(Unavailable), circuit.closed():
            raise Unavailable("away")
        assert asks(circuit) is not known
