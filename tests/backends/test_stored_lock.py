"""The lock of every store with leases: one holder, whatever two runs and lost answers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from reconciler.backends.lock_acquire import Held, parse_holder
from reconciler.backends.stored_lock import LockRecord, break_stored_lock, hold_lock, lease_record
from reconciler.errors import StateError, StateLocked
from reconciler.types.event import Notice
from reconciler.types.state import LockInfo
from tests.support.state import Events, JumpingClock

T = TypeVar("T")
NOON, LATER = datetime(2999, 1, 1, 12, tzinfo=UTC), "2999-01-01T12:01:00Z"
US = LockInfo("us", "apply", "ann@host", "host", 1, "2999-01-01T12:00:00Z", LATER, "1")
OTHER = replace(US, id="other", who="bob@elsewhere", host="elsewhere")
ENDED = replace(OTHER, expires="2999-01-01T11:59:59Z")
ENDS_NOW = replace(OTHER, expires="2999-01-01T12:00:00Z")


class Store:
    """One record in memory; `meanwhile` is what another run writes before each of our next writes."""

    def __init__(self, holder: LockInfo | None = None, *meanwhile: LockInfo | None) -> None:
        self.holder = holder
        self.meanwhile = list(meanwhile)
        self.written: list[LockInfo | None] = []

    def find_lock(self) -> Held | None:
        return None if self.holder is None else Held(self.holder)

    find = find_lock

    def replace(self, info: LockInfo | None, now: str) -> bool:
        if self.meanwhile:
            self.holder = self.meanwhile.pop(0)
            return False
        self.written.append(info)
        self.holder = info
        return True

    def time(self) -> datetime:
        return NOON

    def with_record(self, work: Callable[[LockRecord], T]) -> T:
        return work(self)


def hold(store: Store, events: Events, *, timeout: float = 0.0, inside: Callable[[], object] = lambda: None) -> None:
    with hold_lock(
        store, US, lease=60.0, heartbeat=1000.0, timeout=timeout, clock=JumpingClock(), emit=events.append
    ) as held:
        inside()
        held.check()


def test_a_free_lock_is_taken_and_given_back() -> None:
    store, events = Store(), Events()
    hold(store, events)
    assert store.written == [US, None]
    assert events == []


@pytest.mark.parametrize("holder", [OTHER, ENDS_NOW])
def test_a_lock_that_another_run_holds_is_not_taken_to_the_last_moment_of_its_lease(holder: LockInfo) -> None:
    store = Store(holder)
    with pytest.raises(StateLocked, match="bob@elsewhere"):
        hold(store, Events(), timeout=10.0 if holder is OTHER else 0.0)
    assert store.written == []
    assert store.holder == holder


def test_a_lock_whose_lease_ended_is_taken_over_and_that_is_told() -> None:
    store, events = Store(ENDED), Events()
    hold(store, events)
    assert store.written == [US, None]
    [notice] = events.of(Notice)
    assert isinstance(notice, Notice)
    assert "its lease ended" in notice.message and "bob@elsewhere" in notice.message


def test_who_comes_second_in_the_same_moment_sees_who_came_first() -> None:
    for first in (Store(None, OTHER), Store(ENDED, OTHER)):
        with pytest.raises(StateLocked, match="bob@elsewhere"):
            hold(first, Events())
        assert first.written == []
    freed = Store(ENDED, None)
    hold(freed, Events())
    assert freed.written == [US, None]


def test_a_lock_that_an_earlier_try_took_whose_answer_was_lost_is_ours() -> None:
    store, events = Store(US), Events()
    hold(store, events)
    assert store.written == [None]
    assert events == []


@pytest.mark.parametrize("holder", [None, OTHER])
def test_what_is_not_ours_any_more_is_neither_believed_nor_given_back(holder: LockInfo | None) -> None:
    store = Store()
    with pytest.raises(StateLocked, match="lock was lost"):
        hold(store, Events(), inside=lambda: setattr(store, "holder", holder))
    assert store.written == [US]
    assert store.holder == holder


def test_breaking_frees_the_lock_that_was_named_and_no_other() -> None:
    store = Store(OTHER)
    for id, held in (("us", store), ("other", Store())):
        with pytest.raises(StateError):
            break_stored_lock(held, id, "there")
    assert store.holder == OTHER
    break_stored_lock(store, "other", "there")
    assert store.holder is None


def test_a_lock_that_is_renewed_while_it_is_broken_is_tried_once_more() -> None:
    renewed = Store(OTHER, OTHER)
    break_stored_lock(renewed, "other", "there")
    assert renewed.holder is None
    busy = Store(OTHER, OTHER, OTHER)
    with pytest.raises(StateError, match="being renewed"):
        break_stored_lock(busy, "other", "there")
    assert busy.holder == OTHER
    taken = Store(OTHER, US)
    with pytest.raises(StateError, match="has id us"):
        break_stored_lock(taken, "other", "there")
    assert taken.holder == US


def test_a_record_says_when_its_lease_ends_and_how_long_it_is() -> None:
    held = parse_holder(lease_record(US, "2999-01-01T12:00:00Z", 90.0), "there")
    assert held.info == replace(US, expires="2999-01-01T12:01:30Z")
    assert held.lease == 90.0
