"""The pace of an account: turns for threads, pauses that hold everybody, limits that are not everybody's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Interrupted
from reconciler.platforms.rate_limiter import (
    FORGOTTEN,
    OTHERS,
    OWN_LIMIT,
    ROUNDS,
    Budget,
    RateLimiter,
    RateLimiters,
    account_name,
)
from reconciler.types.ports import Turns
from reconciler.waits import Waits


class JumpingClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self._lock = threading.Lock()

    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def turn(clock: JumpingClock) -> Callable[[RateLimiter], float]:
    """Sends one request that passes; when it left, in seconds from the beginning."""
    waits = Waits(clock, "to send")

    def take(pace: RateLimiter) -> float:
        sent = pace.wait(waits)
        pace.passed(sent)
        return sent.at - 1000.0

    return take


def test_without_a_limit_nobody_waits(clock: Any, turn: Any) -> None:
    pace = RateLimiter(clock)
    assert [turn(pace) for _ in range(5)] == [0.0] * 5
    assert pace.rate is None


def test_a_ceiling_spreads_requests(clock: Any, turn: Any) -> None:
    pace = RateLimiter(clock, ceiling=4)
    assert [turn(pace) for _ in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_time_that_passed_is_not_saved_up(clock: Any, turn: Any) -> None:
    pace = RateLimiter(clock, ceiling=2)
    turn(pace)
    clock.seconds += 100
    before = turn(pace)
    assert turn(pace) - before == 0.5


def test_a_pause_that_was_asked_for_holds_everybody(clock: Any, turn: Any) -> None:
    pace = RateLimiter(clock)
    assert not pace.turned_away(pace.wait(Waits(clock, "to send")), 9.0)
    assert turn(pace) == 9.0


def test_the_longer_pause_counts(clock: Any, turn: Any) -> None:
    pace = RateLimiter(clock, start=100)
    sent = [pace.wait(Waits(clock, "to send")) for _ in range(3)]
    for asked, one in zip((3.0, 7.0, 1.0), sent, strict=True):
        pace.turned_away(one, asked)
    assert turn(pace) >= 7.0


def test_threads_take_turns(clock: Any, turn: Any) -> None:
    pace = RateLimiter(clock, ceiling=10)
    threads = [threading.Thread(target=turn, args=(pace,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert clock.seconds - 1000.0 >= 0.7 - 1e-9


def test_who_waits_for_something_else_first_is_let_through(clock: Any) -> None:
    """In the beginning one request is under way at a time: what it has to ask first must not wait for it."""
    pace = RateLimiter(clock)
    waits = Waits(clock, "to send")
    outer = pace.wait(waits)
    others: list[float] = []
    other = threading.Thread(target=lambda: others.append(pace.wait(waits).at))
    other.start()
    inner = pace.wait(waits)
    pace.passed(inner)
    clock.seconds += 5
    outer, slept = pace.leaves(outer, waits)
    assert (outer.at, slept) == (1005.0, False)
    pace.passed(outer)
    other.join(10)
    assert others == [1005.0]


def test_what_has_to_be_asked_first_leaves_in_the_place_of_who_asks(clock: Any) -> None:
    pace, waits = RateLimiter(clock, start=10), Waits(clock, "to send")
    outer = pace.wait(waits)
    asked = [pace.wait(waits)]
    assert asked[0].at == outer.at, "its turn is there, and it cannot use it yet"
    pace.passed(asked[0])
    asked.append(pace.wait(waits))
    pace.passed(asked[1])
    assert asked[1].at == pytest.approx(outer.at + 0.1, rel=0.05), "one turn is one request"
    outer, slept = pace.leaves(outer, waits)
    assert (slept, outer.at) == (True, pytest.approx(asked[1].at + 0.1, rel=0.05))
    assert pace.leaves(outer, waits) == (outer, False), "nobody left meanwhile"


def test_requests_that_waited_for_one_answer_do_not_leave_together(clock: Any) -> None:
    """Each had its turn, and then all wait for what one of them asks: a small bucket would turn all but one away."""
    pace, waits = RateLimiter(clock, start=10), Waits(clock, "to send")
    turns, left, read = threading.Barrier(4), [], threading.Event()

    def one(number: int) -> None:
        sent = pace.wait(waits)
        turns.wait(10)
        if number == 0:
            clock.seconds += 3
            pace.passed(pace.wait(waits))
            read.set()
        read.wait(10)
        slept = True
        while slept:
            sent, slept = pace.leaves(sent, waits)
        left.append(sent.at)
        pace.passed(sent)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(left) == 4
    assert all(after - before >= 0.09 for before, after in pairwise(sorted(left)))


def test_whoever_queues_lets_by_what_a_request_has_to_ask_first(clock: Any) -> None:
    pace, waits = RateLimiter(clock, start=10), Waits(clock, "to send")
    outer = pace.wait(waits)
    pace.passed(pace.wait(waits))
    others: list[Any] = []
    pace._before_all += 1
    other = threading.Thread(target=lambda: others.append(pace.wait(waits)))
    other.start()
    clock.seconds += 100
    other.join(0.3)
    assert others == [], "though its time has come"
    pace._before_all -= 1
    other.join(10)
    assert len(others) == 1
    pace.dropped(outer)


def test_a_request_that_was_dropped_makes_room(clock: Any, turn: Any) -> None:
    pace = RateLimiter(clock)
    for _ in range(30):
        pace.dropped(pace.wait(Waits(clock, "to send")))
    assert turn(pace) == 0.0


def test_a_limit_of_one_kind_slows_down_no_other(clock: Any) -> None:
    pace = RateLimiter(clock, start=50)
    waits = Waits(clock, "to send")
    own = []
    for _ in range(10):
        own.append(pace.turned_away(pace.wait(waits), 30.0, "POST documents"))
        for _ in range(OTHERS):
            pace.passed(pace.wait(waits), "POST pals")
    assert own == [False] * (OWN_LIMIT - 1) + [True] * (10 - OWN_LIMIT + 1)
    rate = pace.rate
    before = clock.seconds
    assert pace.turned_away(pace.wait(waits), 30.0, "POST documents")
    pace.passed(pace.wait(waits), "POST pals")
    assert pace.rate >= rate
    assert clock.seconds - before < 1.0


def test_what_passes_again_is_held_to_the_common_limit(clock: Any) -> None:
    pace = RateLimiter(clock, start=50)
    waits = Waits(clock, "to send")
    for _ in range(OWN_LIMIT):
        pace.turned_away(pace.wait(waits), None, "POST documents")
        for _ in range(OTHERS):
            pace.passed(pace.wait(waits), "POST pals")
    pace.passed(pace.wait(waits), "POST documents")
    assert not pace.turned_away(pace.wait(waits), None, "POST documents")


def test_a_wish_to_stop_ends_a_long_wait(clock: Any) -> None:
    pace = RateLimiter(clock)
    waits = Waits(clock, "to send")
    pace.turned_away(pace.wait(waits), 60.0)
    waits.stop_when(lambda: True)
    with pytest.raises(Interrupted):
        pace.wait(waits)
    assert clock.seconds < 1060


def test_a_wish_to_stop_ends_the_wait_for_a_turn_and_for_an_answer(clock: Any) -> None:
    pace = RateLimiter(clock)
    pace.wait(Waits(clock, "to send"))  # never answered
    ended: list[type[BaseException]] = []
    waits = Waits(clock, "to send")
    waits.stop_when(lambda: True)

    def send() -> None:
        try:
            pace.wait(waits)
        except Interrupted as error:
            ended.append(type(error))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert ended == [Interrupted] * 3


def test_providers_of_one_account_share_a_pace(clock: Any) -> None:
    paces = RateLimiters({"a": 5.0, "b": 7.0})
    assert paces.of("a", clock) is paces.of("a", clock)
    assert paces.of("a", clock) is not paces.of("c", clock)
    assert paces.rates() == {"a": pytest.approx(5.0, rel=0.1)}


def test_the_lowest_ceiling_of_an_account_holds(clock: Any, turn: Any) -> None:
    paces = RateLimiters()
    pace = paces.of("a", clock, 10)
    paces.of("a", clock, 2)
    paces.of("a", clock, None)
    assert [turn(pace) for _ in range(3)] == [0.0, 0.5, 1.0]


def test_the_name_of_an_account_tells_nothing_of_its_key() -> None:
    one = account_name("https://a.example", "key")
    assert "key" not in one
    assert len({one, account_name("https://b.example", "key"), account_name("https://a.example", "other")}) == 3


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(1, 7200)), min_size=1, max_size=30),
    st.none() | st.floats(0.1, 100),
)
def test_rounds_whose_pauses_are_stretched_need_no_more_than_their_share(
    needs: list[tuple[int, float]], rate: float | None
) -> None:
    pace = RateLimiter(JumpingClock(), ceiling=rate)
    for _ in range(2):
        times = [pace.stretch(number, *need) for number, need in enumerate(needs)]
    wanted = sum(requests / seconds for requests, seconds in needs)
    assert times == pytest.approx([times[0]] * len(needs)), "all of them are treated alike"
    if rate is None or wanted <= ROUNDS * rate:
        assert times[0] == 1.0
    else:
        assert wanted / times[0] == pytest.approx(ROUNDS * rate)


def test_what_all_processes_found_together_counts_where_pauses_are_stretched(clock: Any) -> None:
    class Shared:
        def take(self, most: int) -> Turns:
            return Turns(0.0, most, 0.5)  # it turned out to take two a second

        def pause(self, seconds: float) -> None: ...

        def close(self) -> None: ...

    limiter = RateLimiters().of("a", clock, budget=Budget("main", 20, share=Shared))
    assert limiter.stretch("a", 16, 1.0) == 1.0
    limiter.passed(limiter.wait(Waits(clock, "to send")))
    assert limiter.stretch("a", 16, 1.0) == pytest.approx(10)


def test_a_workspace_that_is_not_heard_of_is_not_reckoned_with_for_ever(clock: Any) -> None:
    pace = RateLimiter(clock, ceiling=1)
    assert pace.stretch("a", 8, 1.0) == pytest.approx(10)
    assert pace.stretch("b", 8, 1.0) == pytest.approx(20)
    clock.sleep(20 * FORGOTTEN + 1)
    assert pace.stretch("b", 8, 1.0) == pytest.approx(10)
