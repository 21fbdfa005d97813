"""What every state backend promises: bytes whole or not at all, one holder of the lock, lines that last."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateError, StateLocked, StateMoved, UsageError
from reconciler.types.event import Notice
from reconciler.types.json import Object
from reconciler.types.ports import Backend, Journal
from tests.support import forked
from tests.support.nightly import tried
from tests.support.state import Events, JumpingClock
from tests.support.stores import SETTINGS, Place, open_store, place

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = tried(4, 25)
MEETINGS = tried(25, 100)


NO_LEASE = {"http": "Terraform's protocol has no way to renew a lock"}


@pytest.fixture(params=sorted(BACKENDS), scope="module")
def where(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place(request.param) as found:
        yield found


@pytest.fixture
def type(where: Place) -> str:
    return where.type


@pytest.fixture
def settings(where: Place) -> Object:
    """A place that no other test uses."""
    return where.settings()


@pytest.fixture
def again(type: str, settings: Object, tmp_path: Path):
    """Open the same state once more."""
    return lambda: open_store(tmp_path, type, settings)


@pytest.fixture
def backend(again) -> Backend:
    return again()


@pytest.fixture
def journal(backend: Backend) -> Journal:
    if backend.journal is None:
        pytest.skip("this store keeps no journal, and says so")
    return backend.journal


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test started; ended, each by its own handle."""
    found: list[subprocess.Popen[str]] = []
    yield found
    for process in found:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def start(type: str, settings: Object, tmp_path: Path, started: list[subprocess.Popen[str]]):
    """Start the second process with a command."""

    def begin(command: str) -> subprocess.Popen[str]:
        process = forked.Popen(
            [sys.executable, "-m", "tests.support.backend_worker", type, str(tmp_path), command],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, SETTINGS: json.dumps(settings)},
        )  # fmt: skip
        started.append(process)
        return process

    return begin


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that a process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    """Let a waiting process go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def hold(backend: Backend, events: Events | None = None, clock: JumpingClock | None = None, timeout: float = 0.0):
    clock = clock or JumpingClock()
    emit = (events if events is not None else Events()).append
    return backend.lock(describe_run("apply", clock.now()), timeout=timeout, clock=clock, emit=emit)


def test_bytes_round_trip(backend: Backend, again) -> None:
    assert backend.read() is None
    for data in (b"one", b"\x00\xff\r\n" * 1000, b"two", b"{}" * 2_000_000, b"three"):
        backend.write(data)
        assert backend.read() == data
        assert again().read() == data


def test_a_killed_write_leaves_the_old_or_the_new(backend: Backend, start) -> None:
    source = random.Random(7)
    for _ in range(4):
        process = start("write")
        for _ in range(source.randint(1, 30)):
            last = int(line_of(process))
        process.kill()
        process.wait()
        data = backend.read()
        assert data is not None
        assert int(data.split()[0]) >= last
        assert len(set(data.splitlines())) == 1
        assert len(data.splitlines()) == 20_000


def test_journal_lines_last_and_are_cleared(journal: Journal) -> None:
    assert list(journal.read()) == []
    journal.append(b"one")
    journal.append(b"two")
    assert list(journal.read()) == [b"one", b"two"]
    journal.clear()
    journal.clear()
    assert list(journal.read()) == []


def test_every_line_told_done_survives_a_kill(journal: Journal, start) -> None:
    process = start("journal")
    for _ in range(20):
        last = int(line_of(process))
    process.kill()
    process.wait()
    found = list(journal.read())
    assert len(found) >= last
    assert [int(line.split()[1]) for line in found] == list(range(1, len(found) + 1))
    assert all(len(line.split()[2]) == 300 for line in found)


def test_many_threads_append_whole_lines(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: journal.append(b"line %d" % n), range(200)))
    assert sorted(journal.read()) == sorted(b"line %d" % n for n in range(200))


def test_the_lock_shows_its_holder_and_is_given_back(backend: Backend) -> None:
    assert backend.holder() is None
    with hold(backend) as lease:
        lease.check()
        holder = backend.holder()
        assert holder is not None
        assert (holder.operation, holder.process) == ("apply", os.getpid())
        with pytest.raises(StateLocked) as caught, hold(backend):
            pass
        assert caught.value.holder["ID"] == holder.id
    assert backend.holder() is None
    with hold(backend):
        pass


def test_of_two_processes_exactly_one_holds(start) -> None:
    for _ in range(ROUNDS):
        both = [start("try"), start("try")]
        for process in both:
            go_on(process)
        said = {process.pid: line_of(process) for process in both}
        winners = [pid for pid, text in said.items() if text.startswith("held")]
        assert len(winners) == 1
        assert f"locked by {winners[0]}" in said.values()
        for process in both:
            if said[process.pid].startswith("held"):
                go_on(process)
            process.wait()


def test_of_many_at_once_exactly_one_holds_again_and_again(again) -> None:
    """Without the start of a process in between, the requests really meet."""
    backends = [again() for _ in range(4)]
    start, held = threading.Barrier(4), threading.Barrier(4)

    def race(backend: Backend) -> list[str]:
        said = []
        for _ in range(MEETINGS):
            start.wait(60)
            try:
                with hold(backend) as lease:
                    lease.check()
                    held.wait(60)
                    said.append("held")
            except StateLocked:
                held.wait(60)
                said.append("locked")
        return said

    with ThreadPoolExecutor(4) as pool:
        rounds = list(zip(*pool.map(race, backends), strict=True))
    assert [sorted(one) for one in rounds] == [["held", "locked", "locked", "locked"]] * MEETINGS
    assert backends[0].holder() is None


def test_a_dead_holder_is_taken_over_at_once_by_exactly_one(backend: Backend, start) -> None:
    for _ in range(ROUNDS // 2):
        dead = start("hold")
        assert line_of(dead).startswith("held")
        dead.kill()
        dead.wait()
        assert backend.holder() is None
        both = [start("try"), start("try")]
        for process in both:
            go_on(process)
        said = sorted(line_of(process).split()[0] for process in both)
        assert said == ["held", "locked"]
        for process in both:
            process.kill()
            process.wait()


def test_taking_over_is_told(backend: Backend, start) -> None:
    dead = start("hold")
    assert line_of(dead).startswith("held")
    dead.kill()
    dead.wait()
    events = Events()
    with hold(backend, events):
        pass
    (notice,) = events.of(Notice)
    assert isinstance(notice, Notice)
    assert f"process {dead.pid}" in notice.message


def test_a_living_holder_of_another_host_is_waited_for_until_its_lease_ends(backend: Backend, type: str) -> None:
    if type in NO_LEASE:
        pytest.skip(NO_LEASE[type])
    clock = JumpingClock()
    info = replace(describe_run("apply", clock.now()), host="other-host", process=1)
    guard = backend.lock(info, timeout=0, clock=clock, emit=Events().append)
    guard.__enter__()
    later = JumpingClock()
    with pytest.raises(StateLocked), hold(backend, clock=later, timeout=5):
        pass
    assert sum(later.slept) == pytest.approx(5)
    events = Events()
    with hold(backend, events, later, timeout=100) as lease:
        lease.check()
    assert "lease" in str(events.of(Notice)[-1])


@pytest.mark.parametrize("hours", [-3, 3])
@pytest.mark.parametrize("wrong", ["holder", "other"])
def test_a_host_whose_clock_is_wrong_takes_nobodys_lock(
    backend: Backend, type: str, again, hours: int, wrong: str
) -> None:
    if type in NO_LEASE:
        pytest.skip(NO_LEASE[type])
    clocks = {"holder": JumpingClock(), "other": JumpingClock()}
    clocks[wrong].moment += timedelta(hours=hours)
    info = replace(describe_run("apply", clocks["holder"].now()), host="other-host", process=1)
    with backend.lock(info, timeout=0, clock=clocks["holder"], emit=Events().append) as lease:
        with pytest.raises(StateLocked), hold(again(), clock=clocks["other"], timeout=5):
            pass
        lease.check()
        events = Events()
        with hold(again(), events, clocks["other"], timeout=100):
            assert "its lease ended" in str(events.of(Notice)[-1])


def test_a_broken_lock_is_noticed_by_its_holder(backend: Backend) -> None:
    with hold(backend) as lease:
        holder = backend.holder()
        assert holder is not None
        with pytest.raises(StateError, match=holder.id):
            backend.break_lock("another-id")
        lease.check()
        backend.break_lock(holder.id)
        with hold(backend) as second:
            with pytest.raises(StateLocked):
                lease.check()
            second.check()
        with pytest.raises(StateLocked):
            lease.check()
    with pytest.raises(StateError, match="no lock"):
        backend.break_lock("x")


def test_giving_back_leaves_the_lock_of_another_alone(backend: Backend) -> None:
    first = hold(backend)
    first.__enter__()
    holder = backend.holder()
    assert holder is not None
    backend.break_lock(holder.id)
    with hold(backend) as second:
        first.__exit__(None, None, None)
        second.check()


def test_a_holder_of_another_host_without_a_lease_stays_until_it_is_freed(backend: Backend, type: str, again) -> None:
    if type not in NO_LEASE:
        pytest.skip("this store has leases")
    clock = JumpingClock()
    info = replace(describe_run("apply", clock.now()), host="other-host", process=1)
    guard = backend.lock(info, timeout=0, clock=clock, emit=Events().append)
    guard.__enter__()
    with pytest.raises(StateLocked, match="apply by") as caught, hold(again(), clock=JumpingClock(), timeout=90):
        pass
    assert caught.value.holder["Host"] == "other-host"
    again().break_lock(info.id)
    with hold(again()) as lease:
        lease.check()


def test_a_document_written_by_somebody_else_is_not_written_over(backend: Backend, type: str, again) -> None:
    if type in {"local", "http"}:
        pytest.skip("the lock is all there is; the session compares serials")
    backend.write(b"one")
    assert backend.read() == b"one"
    other = again()
    assert other.read() == b"one"
    other.write(b"two")
    with pytest.raises(StateMoved):
        backend.write(b"three")
    assert backend.read() == b"two"
    backend.write(b"three")
    assert other.read() == b"three"


def test_two_first_documents_are_one_too_many(backend: Backend, type: str, again) -> None:
    if type in {"local", "http"}:
        pytest.skip("the lock is all there is; the session compares serials")
    other = again()
    assert (backend.read(), other.read()) == (None, None)
    other.write(b"first")
    with pytest.raises(StateMoved):
        backend.write(b"second")
    assert backend.read() == b"first"


def test_a_document_beside_the_state_is_another_one_with_a_lock_of_its_own(
    backend: Backend, type: str, settings: Object, tmp_path: Path
) -> None:
    beside = open_store(tmp_path, type, settings, beside="watch")
    backend.write(b"the state")
    assert beside.read() is None
    with hold(backend), hold(beside) as lease:
        lease.check()
        beside.write(b"requests")
        assert beside.holder() != backend.holder()
    beside.write(b"more requests")
    assert open_store(tmp_path, type, settings, beside="watch").read() == b"more requests"
    assert backend.read() == b"the state"
    assert beside.describe() != backend.describe()
    assert list(beside.neighbours()) == []


def test_unknown_settings_are_refused(type: str, settings: Object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        open_store(tmp_path, type, {**settings, "nonsense": 1})


def test_it_says_where_the_state_is(backend: Backend) -> None:
    assert backend.describe()
