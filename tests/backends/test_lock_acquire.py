"""What remote locks share: the record of a holder, when it is gone, and a lease that many threads ask about."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.backends.context import BackendContext, read_flag, read_number, read_text
from reconciler.backends.lease import HeldLease
from reconciler.backends.lock_acquire import (
    Held,
    StoreClock,
    acquire,
    dump_holder,
    host_mutex,
    lease_end,
    parse_holder,
    parse_time,
    reason_to_take,
    refuse_other,
)
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateError, StateLocked, UsageError
from reconciler.types.address import SecretRef
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo
from tests.support.state import Events, JumpingClock

NOW = "2026-11-21T06:00:00Z"


@pytest.fixture
def info() -> LockInfo:
    return replace(describe_run("apply", NOW), expires="2026-11-21T06:01:00Z")


def gone() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_record_round_trips(info: LockInfo) -> None:
    held = parse_holder(dump_holder(info, 60), "x")
    assert held.info == info
    with_job = replace(info, run="https://ci.example/1")
    assert parse_holder(dump_holder(with_job, 60), "x").info == with_job


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"process": "1"}', b"[" * 100_000])
def test_a_damaged_record_says_where_it_is(data: bytes) -> None:
    with pytest.raises(StateError, match="the lock at there is damaged"):
        parse_holder(data, "there")


def test_who_may_be_replaced(info: LockInfo) -> None:
    marks = parse_holder(dump_holder(info, 60), "x").marks
    dead = Held(replace(info, process=gone()), marks)
    assert reason_to_take(Held(info, marks), NOW) is None
    assert reason_to_take(dead, NOW) == "its process is gone"
    elsewhere = Held(replace(dead.info, host="other-host"), marks)
    assert reason_to_take(elsewhere, NOW) is None
    assert reason_to_take(elsewhere, "2026-11-21T06:01:01Z") == "its lease ended"
    assert reason_to_take(Held(replace(elsewhere.info, expires="")), "2999-01-01T00:00:00Z") is None


def test_a_lease_is_counted_from_when_the_store_took_the_record_in(info: LockInfo) -> None:
    held = parse_holder(dump_holder(replace(info, expires="2001-01-01T00:00:00Z"), 60), "x")
    counted = held.renewed_at(parse_time("2026-11-21T08:00:00Z"))
    assert parse_time(counted.info.expires) == parse_time("2026-11-21T08:01:00Z")
    older = {key: value for key, value in json.loads(dump_holder(info, 60)).items() if key != "lease"}
    kept = parse_holder(json.dumps(older).encode(), "x").renewed_at(parse_time("2001-01-01T00:00:00Z"))
    assert kept.info.expires == info.expires, "a record of a version that did not say how long"


@pytest.mark.parametrize("lease", ["NaN", "-1", "1e300", '"60"', "[]"])
def test_a_strange_length_of_a_lease_is_damage(info: LockInfo, lease: str) -> None:
    data = dump_holder(info, 60).replace(b'"lease": 60', f'"lease": {lease}'.encode())
    with pytest.raises(StateError, match="damaged"):
        parse_holder(data, "x")


def test_the_stores_clock_is_asked_once_and_counted_on_by_ours() -> None:
    clock, asked = JumpingClock(), []

    def read():
        asked.append(1)
        return parse_time("2001-01-01T00:00:00Z")

    store = StoreClock(clock)
    assert parse_time(store.now(read)) == parse_time("2001-01-01T00:00:00Z")
    clock.sleep(90)
    assert (parse_time(store.now(read)) - parse_time("2001-01-01T00:01:30Z")).total_seconds() == pytest.approx(
        0, abs=1e-3
    )
    assert asked == [1]


def test_times() -> None:
    assert lease_end(NOW, 90) == "2026-11-21T06:01:30Z"
    assert parse_time("2026-11-21T06:00:00") == parse_time(NOW)
    assert parse_time("never") > parse_time("9999-12-31T00:00:00Z")


def test_waiting_ends_with_the_holder(info: LockInfo) -> None:
    clock, events, answers = JumpingClock(), Events(), [info, info, None]
    acquire(lambda: answers.pop(0), timeout=10, clock=clock, emit=events.append)
    assert len(clock.slept) == 2
    assert len(events) == 1
    with pytest.raises(StateLocked) as caught:
        acquire(lambda: info, timeout=3, clock=clock, emit=events.append)
    assert caught.value.holder == info.record()
    assert info.id in str(caught.value.hint)


def test_only_the_lock_that_was_named_is_freed(info: LockInfo) -> None:
    assert refuse_other(Held(info), info.id).info == info
    with pytest.raises(StateError, match=info.id):
        refuse_other(Held(info), "another")
    with pytest.raises(StateError, match="no lock"):
        refuse_other(None, info.id)


def lease(info: LockInfo, ask: Callable[[], LockInfo | None], renew: Callable[[], bool] | None = None) -> HeldLease:
    return HeldLease(info, ask=ask, renew=renew, heartbeat=0.001)


@pytest.mark.parametrize("answer", ["other", "nobody"])
def test_a_lost_lock_stays_lost(info: LockInfo, answer: str) -> None:
    other = replace(info, id="other", who="ann@laptop")
    answers = [info, other if answer == "other" else None, info]
    held = lease(info, lambda: answers.pop(0))
    held.check()
    with pytest.raises(StateLocked, match="ann@laptop" if answer == "other" else "somebody removed it"):
        held.check()
    with pytest.raises(StateLocked):
        held.check()


def test_a_store_that_does_not_answer_is_no_yes(info: LockInfo) -> None:
    def ask() -> LockInfo:
        raise StateError("down")

    with pytest.raises(StateError, match="down"):
        lease(info, ask).check()


def test_a_lease_that_ended_while_we_slept_is_renewed_or_lost(info: LockInfo) -> None:
    ended = replace(info, expires="2026-01-01T00:00:00Z")
    renewed: list[bool] = []

    def renew(answer: bool) -> Callable[[], bool]:
        return lambda: renewed.append(answer) or answer  # type: ignore[func-returns-value]

    lease(info, lambda: ended, renew(True)).check()
    with pytest.raises(StateLocked):
        lease(info, lambda: ended, renew(False)).check()
    assert renewed == [True, False]


def test_threads_share_a_question_but_never_an_older_answer(info: LockInfo) -> None:
    asked = 0
    first, go = threading.Event(), threading.Event()

    def ask() -> LockInfo:
        nonlocal asked
        asked += 1
        first.set()
        assert go.wait(10)
        return info

    held = lease(info, ask)
    with ThreadPoolExecutor(9) as pool:
        one = pool.submit(held.check)
        assert first.wait(10)
        waiting = threading.Barrier(9)
        others = [pool.submit(lambda: (waiting.wait(10), held.check())) for _ in range(8)]
        waiting.wait(10)
        go.set()
        for future in (one, *others):
            future.result(10)
    assert 2 <= asked <= 9


def test_the_heartbeat_goes_on_through_failures_and_stops_when_lost(info: LockInfo) -> None:
    beats: list[int] = []
    lost = threading.Event()

    def renew() -> bool:
        beats.append(1)
        if len(beats) == 1:
            raise StateError("down")
        if len(beats) == 3:
            lost.set()
            return False
        return True

    held = lease(info, lambda: info, renew)
    held.start()
    assert lost.wait(10)
    held.stop()
    assert len(beats) == 3
    with pytest.raises(StateLocked):
        held.check()


def test_one_process_of_a_host_at_a_time(tmp_path: Path) -> None:
    name = str(tmp_path)
    script = (
        "import sys\nfrom reconciler.backends.lock_acquire import host_mutex\n"
        "with host_mutex(sys.argv[1]):\n    print('held', flush=True)\n    sys.stdin.readline()\n"
    )
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", script, name], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        order: list[str] = []

        def second() -> None:
            with host_mutex(name):
                order.append("second")

        thread = threading.Thread(target=second)
        thread.start()
        with host_mutex(name + "/another"):
            order.append("unrelated")
        process.kill()
        thread.join(20)
        assert order == ["unrelated", "second"]
    finally:
        process.kill()
        process.communicate()


def test_settings_are_read_with_their_references(tmp_path: Path) -> None:
    class Files:
        def resolve(self, reference: object) -> str | None:
            return "from a file" if reference == SecretRef("file", "key.txt") else None

    context = BackendContext(tmp_path, "w", {"RECONCILER_X": "from X"}, secrets=Files())
    given = BackendSettings(
        "http",
        {"a": "text", "b": SecretRef("env", "RECONCILER_X"), "password": SecretRef("file", "key.txt"),
         "d": SecretRef("env", "RECONCILER_NO"), "e": 5, "f": True, "g": ""},
    )  # fmt: skip
    assert [read_text(given, name, context) for name in ("a", "b", "password", "z")] == [
        "text",
        "from X",
        "from a file",
        None,
    ]
    for name in "defg":
        with pytest.raises(UsageError):
            read_text(given, name, context)
    assert (read_number(given, "e", 1), read_number(given, "z", 1)) == (5, 1)
    assert (read_flag(given, "f", False), read_flag(given, "z", False)) == (True, False)
    for read in (
        lambda: read_number(given, "a", 1),
        lambda: read_number(given, "f", 1),
        lambda: read_flag(given, "e", True),
    ):
        with pytest.raises(UsageError):
            read()


def test_a_holder_is_named_by_host_and_process(info: LockInfo) -> None:
    record = json.loads(dump_holder(info, 60))
    assert (record["host"], record["process"]) == (socket.gethostname(), os.getpid())


def held_lease(
    info: LockInfo, answers: list[bool], clock: list[float], *, lease: float = 60.0
) -> tuple[HeldLease, list[float]]:
    """A lease by a clock that the test moves; `answers` are what the store says to each renewal."""
    asked: list[float] = []

    def renew() -> bool:
        asked.append(clock[0])
        return answers.pop(0) if answers else True

    found = HeldLease(info, ask=lambda: None, renew=renew, heartbeat=999, lease=lease, seconds=lambda: clock[0])
    return found, asked


def test_a_lease_with_enough_left_costs_no_request(info: LockInfo) -> None:
    clock = [0.0]
    ours, asked = held_lease(info, [], clock)
    ours.confirm(30)
    for clock[0] in (1.0, 20.0, 30.0):
        ours.confirm(30)
    assert asked == [0.0]
    clock[0] = 31.0
    ours.confirm(30)
    assert asked == [0.0, 31.0]


@pytest.mark.parametrize("slept", [31.0, 3600.0])
def test_a_run_that_slept_renews_before_it_sends_and_sends_nothing_once_the_lock_went(
    info: LockInfo, slept: float
) -> None:
    clock = [0.0]
    ours, asked = held_lease(info, [True, False], clock)
    ours.confirm(30)
    clock[0] = slept
    for _ in range(2):
        with pytest.raises(StateLocked):
            ours.confirm(30)
    assert asked == [0.0, slept]


def test_a_lease_shorter_than_the_request_counts_from_its_renewal(info: LockInfo) -> None:
    clock = [0.0]
    ours, asked = held_lease(info, [], clock, lease=1.0)
    ours.confirm(30)
    ours.confirm(30)
    assert len(asked) >= 1


def test_a_store_without_leases_is_asked_when_the_last_look_is_old(info: LockInfo) -> None:
    clock: list[float] = [0.0]
    looks: list[float] = []

    def unmoved() -> bool:
        looks.append(clock[0])
        return len(looks) < 2

    ours = HeldLease(info, ask=lambda: info, renew=None, heartbeat=1, unmoved=unmoved, seconds=lambda: clock[0])
    for clock[0] in (1.0, 30.0, 31.0, 60.0):
        ours.confirm(120)
    assert looks == [31.0]
    clock[0] = 62.0
    with pytest.raises(StateLocked):
        ours.confirm(120)
