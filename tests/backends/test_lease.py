"""A lock is believed to be ours no longer than its lease; tries of one request end together, a silent store is waited
for once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from reconciler.backends.lease import QUIET, SHARE, HeldLease, Patience, keep_lease
from reconciler.errors import StateError, StateLocked
from reconciler.types.event import Notice
from reconciler.types.state import LockInfo
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


def test_a_pause_is_waited_for_where_there_is_time_for_it(patience: Patience, time: SimpleNamespace) -> None:
    with patience.request() as tries:
        assert tries.again(8.0) is True
        assert (time.at, tries.left()) == (8.0, WHOLE - 8.0)
        assert tries.again(WHOLE - 8.0) is False
        assert time.at == 8.0


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


US = LockInfo("us", "apply", "ann@host", "host", 1, "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "1")
EXPIRED = replace(US, expires="2000-01-01T00:00:00Z")
OTHER = replace(US, id="other", who="bob@host")


class Store:
    """A lock on record; renewing takes `takes` seconds of the clock."""

    def __init__(self, time: SimpleNamespace, holder: LockInfo | None = US) -> None:
        self.time, self.holder = time, holder
        self.takes = 0.0
        self.renewals = self.questions = 0
        self.moved = False

    def ask(self) -> LockInfo | None:
        self.questions += 1
        return self.holder

    def renew(self) -> bool:
        self.renewals += 1
        self.time.at += self.takes
        return self.holder is not None and self.holder.id == US.id

    def held(self, lease: float = 60.0) -> HeldLease:
        return HeldLease(
            US, ask=self.ask, renew=self.renew if lease else None, heartbeat=20.0, lease=lease,
            unmoved=lambda: not self.moved, seconds=lambda: float(self.time.at),
        )  # fmt: skip


def test_a_lease_is_renewed_only_where_too_little_of_it_is_left(time: SimpleNamespace) -> None:
    store = Store(time)
    held = store.held()
    held.confirm(30)
    assert store.renewals == 1, "nothing is known of it before it was renewed once"
    time.at = 30.0
    held.confirm(30)
    assert store.renewals == 1
    time.at = 30.5
    held.confirm(30)
    assert store.renewals == 2
    assert store.questions == 0


def test_a_lease_counts_from_before_the_request_that_renewed_it(time: SimpleNamespace) -> None:
    store = Store(time)
    store.takes = 20.0
    held = store.held()
    held.confirm(30)
    time.at = 30.5
    store.takes = 0.0
    held.confirm(30)
    assert store.renewals == 2


def test_more_than_a_lease_is_long_is_never_waited_for(time: SimpleNamespace) -> None:
    store = Store(time)
    held = store.held()
    for at, renewals in ((0.0, 1), (5.0, 1), (6.5, 2), (66.5, 3)):
        time.at = at
        held.confirm(1000)
        assert store.renewals == renewals


@pytest.mark.parametrize("holder", [None, OTHER])
def test_a_lease_that_was_lost_once_stays_lost(time: SimpleNamespace, holder: LockInfo | None) -> None:
    store = Store(time)
    held = store.held()
    held.confirm(30)
    time.at, store.holder = 50.0, holder
    with pytest.raises(StateLocked) as caught:
        held.confirm(30)
    assert ("bob@host" in str(caught.value)) == (holder is OTHER)
    store.holder = US
    for again in (lambda: held.confirm(0), held.check, lambda: held.confirm(1000)):
        with pytest.raises(StateLocked):
            again()
    assert store.renewals == 2


def test_without_leases_the_store_is_asked_once_in_a_while(time: SimpleNamespace) -> None:
    store = Store(time)
    held = store.held(lease=0)
    for at, questions in ((0.0, 0), (QUIET, 0), (QUIET + 0.5, 1), (2 * QUIET + 0.5, 1), (2 * QUIET + 1, 2)):
        time.at = at
        held.confirm(1000)
        assert store.questions == questions


@pytest.mark.parametrize(("holder", "moved"), [(None, False), (OTHER, False), (US, True)])
def test_without_leases_it_is_lost_to_another_holder_or_another_document(
    time: SimpleNamespace, holder: LockInfo | None, moved: bool
) -> None:
    store = Store(time)
    held = store.held(lease=0)
    time.at, store.holder, store.moved = QUIET + 1, holder, moved
    for _ in range(2):
        with pytest.raises(StateLocked) as caught:
            held.confirm(0)
    assert store.questions == 1
    assert ("bob@host" in str(caught.value)) is False, "the second time nobody was asked"


@pytest.mark.parametrize(
    ("holder", "lease", "renewals", "lost"),
    [
        (US, 60.0, 0, False),
        (EXPIRED, 60.0, 1, False),
        (EXPIRED, 0.0, 0, False),
        (OTHER, 60.0, 0, True),
        (None, 60.0, 0, True),
        (None, 0.0, 0, True),
    ],
)
def test_what_a_look_at_the_lock_says(
    time: SimpleNamespace, holder: LockInfo | None, lease: float, renewals: int, lost: bool
) -> None:
    store = Store(time, holder)
    held = store.held(lease)
    for _ in range(2):
        with pytest.raises(StateLocked) if lost else nullcontext():
            held.check()
    assert store.renewals == renewals * 2
    assert store.questions == (1 if lost else 2)


def test_a_lease_that_ended_and_cannot_be_renewed_is_lost_to_who_has_it_now(time: SimpleNamespace) -> None:
    store = Store(time, EXPIRED)
    held = store.held()

    def taken_meanwhile() -> bool:
        store.holder = OTHER
        return False

    held._renew = taken_meanwhile
    with pytest.raises(StateLocked, match="bob@host"):
        held.check()


@pytest.mark.parametrize("renew", [None, lambda: True])
def test_a_lock_that_cannot_be_given_back_is_told_and_not_raised(renew: Callable[[], bool] | None) -> None:
    told: list[object] = []

    def refuse() -> None:
        raise StateError("no way")

    with keep_lease(US, ask=lambda: US, renew=renew, release=refuse, heartbeat=100.0, emit=told.append):
        pass
    [notice] = told
    assert isinstance(notice, Notice) and notice.level == "warning"
    assert ("it ends with its lease" in notice.message) == (renew is not None)


def test_a_lock_is_given_back_whatever_happens() -> None:
    given: list[str] = []
    with (
        pytest.raises(KeyError),
        keep_lease(US, ask=lambda: US, renew=None, release=lambda: given.append("back"), heartbeat=1.0, emit=print),
    ):
        raise KeyError
    assert given == ["back"]
