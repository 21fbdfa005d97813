"""A learned rate against limits of every make, in virtual time: what is used, and what is turned away."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.platforms.learned_rate import LONE, LearnedRate, Stage
from tests.support.limited_account import (
    Account,
    Changing,
    Concurrency,
    LeakyBucket,
    Limit,
    Outcome,
    Simulation,
    SlidingWindow,
)
from tests.support.nightly import tried

HEADERS = ("none", "fraction", "seconds", "date")


def play(limit: Limit, *, start: float | None = None, ceiling: float | None = None, **options: float) -> Outcome:
    return Simulation(limit, LearnedRate(start, ceiling), **{"width": 20, **options}).run()  # type: ignore[arg-type]


limits = st.builds(
    Limit,
    rate=st.floats(0.5, 60),
    burst=st.sampled_from([1, 2, 3, 5, 10, 20, 50]),
    header=st.sampled_from(HEADERS),
    window=st.sampled_from([None, None, None, 1.0, 10.0]),
    rival=st.just(0.0),
)


@settings(max_examples=tried(40, 1000))
@given(limit=limits, width=st.sampled_from([1, 10, 50]), latency=st.floats(0.001, 0.3), seed=st.integers(0, 10**6))
def test_whatever_the_limit_everything_passes_and_no_pause_is_broken(
    limit: Limit, width: int, latency: float, seed: int
) -> None:
    outcome = play(limit, width=width, latency=latency, seed=seed, requests=150)
    assert outcome.passed == 150
    assert outcome.too_early == 0
    assert outcome.share_refused <= 0.35
    possible = max(150 / limit.rate, 150 * latency / width)
    assert outcome.seconds <= 12 * possible + 60


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("width", [10, 50])
@pytest.mark.parametrize("rate", [2, 5, 10])
def test_a_bucket_that_holds_some_is_used_up(rate: float, width: int, header: str) -> None:
    for seed in range(3):
        limit = Limit(rate, 10, header)
        outcome = play(limit, width=width, requests=int(60 * rate), seed=seed)
        assert outcome.used(limit) >= 0.9
        assert outcome.share_refused <= 0.05


@pytest.mark.parametrize(
    ("header", "rate", "least"),
    [
        *[(header, 2, 0.9) for header in HEADERS],
        *[(header, 10, 0.9) for header in ("none", "fraction")],
        # A refusal that costs a whole second costs ten requests; there are three while the rate is not known.
        *[(header, 10, 0.89) for header in ("seconds", "date")],
    ],
)
def test_a_bucket_of_one_is_nearly_used_up(header: str, rate: float, least: float) -> None:
    for seed in range(3):
        limit = Limit(rate, 1, header)
        outcome = play(limit, requests=int(60 * rate), seed=seed)
        assert outcome.used(limit) >= least
        assert outcome.share_refused <= 0.06


@pytest.mark.parametrize(("burst", "least"), [(1, 0.77), (3, 0.83), (10, 0.9)])
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("rate", [2, 5, 10, 20])
def test_a_short_first_run_uses_most_of_it_too(rate: float, header: str, burst: int, least: float) -> None:
    """Where a refusal costs a whole second, the three that it takes to learn the rate are 7 % of 40 seconds."""
    for seed in range(5):
        limit = Limit(rate, burst, header)
        outcome = play(limit, seconds=40, seed=seed)
        outcome.seconds = 40.0
        assert outcome.used(limit) >= (least if header in {"seconds", "date"} else 0.9)
        assert outcome.share_refused <= 0.07


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("rate", [2, 10])
def test_what_somebody_else_uses_is_left_to_them(rate: float, header: str) -> None:
    limit = Limit(rate, 10, header, rival=0.3 * rate)
    outcome = play(limit, seconds=120)
    assert outcome.used(limit) >= 0.88
    assert outcome.share_refused <= 0.08
    assert outcome.passed >= 0.5 * rate * 120


@pytest.mark.parametrize("header", HEADERS)
def test_a_remembered_rate_needs_no_learning(header: str) -> None:
    limit = Limit(10, 1, header)
    outcome = play(limit, start=10, requests=300)
    assert outcome.used(limit) >= 0.9
    assert outcome.share_refused <= 0.04


@pytest.mark.parametrize("start", [0.1, 3, 1000])
@pytest.mark.parametrize("burst", [1, 10])
def test_a_remembered_rate_that_is_wrong_is_left_behind(start: float, burst: int) -> None:
    limit = Limit(10, burst, "fraction")
    learned = LearnedRate(start)
    Simulation(limit, learned, width=20, requests=1000).run()
    assert learned.rate == pytest.approx(10, rel=0.15)


def test_without_a_limit_nothing_is_slowed_down_for_long() -> None:
    learned = LearnedRate()
    outcome = Simulation(Limit(1e6, 10**6), learned, width=20, latency=0.05, requests=2000).run()
    assert learned.rate is None
    assert outcome.seconds <= 1.25 * 2000 / 20 * 0.052


def test_one_refusal_on_a_fast_account_is_soon_forgotten() -> None:
    learned = LearnedRate()
    now = 0.0
    for number in range(400):
        now = max(now, learned.earliest(now) or now)
        sent = learned.sent(now)
        now += 0.001
        if number == 100:
            learned.refused(sent, now, None)
        else:
            learned.accepted(sent)
    assert now < 5.0


@given(ceiling=st.floats(0.5, 50), limit=limits, seed=st.integers(0, 1000))
@settings(max_examples=tried(20, 300))
def test_the_ceiling_is_never_exceeded(ceiling: float, limit: Limit, seed: int) -> None:
    sent = play(limit, ceiling=ceiling, requests=60, seed=seed).sent
    assert all(after - before >= 1 / ceiling - 1e-9 for before, after in pairwise(sent))


def test_a_late_start_does_not_bring_the_next_one_closer() -> None:
    learned = LearnedRate(start=10)
    assert learned.rate is not None
    gap = 1 / learned.rate
    first = learned.sent(0.0)
    assert learned.earliest(0.0) == pytest.approx(gap)
    learned.sent(gap + 0.09)
    assert learned.earliest(gap + 0.09) == pytest.approx(2 * gap + 0.09)
    learned.accepted(first)


def test_in_the_beginning_one_request_goes_ahead() -> None:
    learned = LearnedRate()
    for _ in range(LONE):
        sent = learned.sent(0.0)
        assert learned.earliest(0.0) is None
        assert learned.earliest(0.0, held=1) == 0.0, "but for what it needs itself"
        learned.accepted(sent)
    learned.sent(0.0)
    assert learned.earliest(0.0) == 0.0


def test_refusals_of_what_was_under_way_count_once() -> None:
    learned = LearnedRate(start=10)
    first, *rest = [learned.sent(0.1 * number) for number in range(8)]
    learned.refused(first, 1.0, None)
    rate = learned.rate
    for sent in rest:
        learned.refused(sent, 1.1, 3.0)
    assert learned.rate == rate
    assert learned.earliest(1.1) == pytest.approx(4.1), "what they ask for is heeded all the same"


def test_a_request_put_off_moves_those_behind_it() -> None:
    learned = LearnedRate(start=10)
    assert learned.rate is not None
    sent = learned.postponed(learned.sent(0.0), 5.0)
    assert sent.at == 5.0
    assert learned.earliest(5.0) == pytest.approx(5.0 + 1 / learned.rate)


def test_a_request_put_off_does_not_leave_while_all_have_to_wait() -> None:
    learned = LearnedRate(start=10)
    early, late = learned.sent(0.0), learned.sent(0.1)
    learned.refused(early, 0.2, 7.0)
    assert learned.instead(0.3) is None
    assert learned.postponed(late, 0.3).at == pytest.approx(7.2)


def test_the_stages_of_a_first_run() -> None:
    learned = LearnedRate()
    seen = []
    now = 0.0
    tokens, last = 1.0, 0.0
    while learned.stage is not Stage.STEADY:
        now = max(now, learned.earliest(now) or now)
        sent = learned.sent(now)
        tokens, last = min(1.0, tokens + 10 * (now - last)), now
        if tokens >= 1:
            tokens -= 1
            learned.accepted(sent)
        else:
            learned.refused(sent, now, None)
        if learned.stage not in seen:
            seen.append(learned.stage)
        now += 0.001
    assert seen == [Stage.FREE, Stage.SEARCH, Stage.CREEP, Stage.STEADY]
    assert learned.rate == pytest.approx(10, rel=0.1)


MAKES: dict[str, tuple[Callable[[str], Account], float]] = {
    "5 in any second": (lambda header: SlidingWindow(5, 1, header), 95),
    "60 in any minute": (lambda header: SlidingWindow(60, 60, header), 290),
    "60 in each minute": (lambda header: Account(Limit(1, 1, header, window=60.0)), 290),
    "leaks 5 a second, holds one": (lambda header: LeakyBucket(5, 1, header), 50),
    "leaks 5 a second, holds ten": (lambda header: LeakyBucket(5, 10, header), 45),
    "10 a second, then 2": (lambda header: Changing(Limit(10, 10, header), Limit(2, 10, header), 5.0), 95),
    "2 a second, then 10": (lambda header: Changing(Limit(2, 10, header), Limit(10, 10, header), 40.0), 80),
    "4 at once": (lambda header: Concurrency(4, 0.2, header), 35),
}
"""A limit of each make, and the most seconds of virtual time that 200 requests take."""


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("make", MAKES)
def test_limits_of_every_make(make: str, header: str) -> None:
    account, most = MAKES[make]
    for seed in range(5):
        simulation = Simulation(Limit(1), LearnedRate(), width=20, requests=200, seed=seed)
        simulation.account = account(header)
        outcome = simulation.run()
        assert outcome.seconds <= most
        assert outcome.passed == 200
        assert outcome.too_early == 0
        assert outcome.share_refused <= 0.35


def test_a_refusal_of_the_very_first_request_is_no_limit() -> None:
    learned = LearnedRate()
    learned.refused(learned.sent(0.0), 0.1, 3.0)
    assert learned.stage is Stage.FREE
    assert learned.earliest(0.1) == pytest.approx(3.1), "but the pause it asks for is kept"
    learned.refused(learned.sent(3.1), 3.2, None)
    assert learned.stage is Stage.SEARCH


class Faulty(Account):
    """An account without a limit that refuses requests at random, `share` of them."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__(Limit(1e9))
        self.share, self.random = share, Random(seed)

    def take(self, now: float) -> float | None:
        return 1.0 if self.random.random() < self.share else None


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_refusals_that_come_at_random_slow_nothing_down_without_an_end(share: float) -> None:
    for seed in range(5):
        simulation = Simulation(Limit(1e9), LearnedRate(), width=10, requests=100)
        simulation.account = Faulty(share, seed)
        outcome = simulation.run()
        assert outcome.passed == 100
        assert outcome.seconds <= 3 * (outcome.passed + outcome.refused)
