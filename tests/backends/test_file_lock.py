"""The lock file: who counts as dead, what a strange file says, and the lease that is renewed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconciler.backends.file_lock import FileLock
from reconciler.backends.lock_acquire import is_dead, process_marks
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateError, StateLocked
from reconciler.types.event import Notice
from tests.support.state import Events, JumpingClock

LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="rare: /proc tells when a process began")


@pytest.fixture
def lock(tmp_path: Path) -> FileLock:
    return FileLock(tmp_path / "state.lock", lease=60, heartbeat=15)


def take(lock: FileLock, clock: JumpingClock | None = None, events: Events | None = None, timeout: float = 0.0):
    clock = clock or JumpingClock()
    emit = (events if events is not None else Events()).append
    return lock.hold(describe_run("apply", clock.now()), timeout=timeout, clock=clock, emit=emit)


def left_by(lock: FileLock, **changes: object) -> None:
    """The lock file of somebody else."""
    clock = JumpingClock()
    with take(lock, clock):
        record = json.loads(lock.path.read_text(encoding="utf-8"))
    lock.path.write_text(json.dumps({**record, **changes}), encoding="utf-8")


def gone() -> int:
    """The number of a process that ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_dead_process_of_this_host_is_nobody(lock: FileLock) -> None:
    left_by(lock, process=gone())
    assert lock.holder() is None
    with take(lock) as lease:
        lease.check()


@LINUX
def test_a_reused_process_number_is_not_its_holder(lock: FileLock) -> None:
    left_by(lock, marks={**process_marks(os.getpid()), "start": "1"})
    events = Events()
    with take(lock, events=events):
        pass
    assert "its process is gone" in str(events.of(Notice)[0])


@LINUX
@pytest.mark.parametrize("mark", ["boot", "space"])
def test_another_boot_or_container_keeps_its_lock_until_the_lease_ends(lock: FileLock, mark: str) -> None:
    left_by(lock, process=gone(), marks={**process_marks(os.getpid()), mark: "another"})
    with pytest.raises(StateLocked), take(lock):
        pass
    with take(lock, timeout=120) as lease:
        lease.check()


def test_another_host_keeps_its_lock_though_the_number_is_free_here(lock: FileLock) -> None:
    left_by(lock, process=gone(), host="other-host")
    with pytest.raises(StateLocked) as caught, take(lock):
        pass
    assert caught.value.holder["Host"] == "other-host"
    assert "force-unlock" in str(caught.value.hint)


def test_waiting_backs_off_and_is_told_once(lock: FileLock) -> None:
    left_by(lock, host="other-host")
    clock, events = JumpingClock(), Events()
    with pytest.raises(StateLocked), take(lock, clock, events, timeout=10):
        pass
    assert sum(clock.slept) == pytest.approx(10)
    assert clock.slept[0] < clock.slept[3] <= 2.0
    assert len(events) == 1


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"garbage", b'{"id": "x"}', b"\xff\xfe"])
def test_a_damaged_lock_file_names_itself(lock: FileLock, data: bytes) -> None:
    lock.path.write_bytes(data)
    with pytest.raises(StateError, match=r"state\.lock is damaged") as caught, take(lock):
        pass
    assert "delete" in str(caught.value.hint)
    assert lock.path.read_bytes() == data


def test_a_strange_end_of_lease_never_ends(lock: FileLock) -> None:
    left_by(lock, host="other-host", expires="soon", lease=None)
    with pytest.raises(StateLocked), take(lock, timeout=1000):
        pass


def test_the_heartbeat_renews_the_lease(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "state.lock", lease=60, heartbeat=0.001)
    clock = JumpingClock()
    renewed = threading.Event()
    real = lock.put

    def put(info, now, *, fresh):
        real(info, now, fresh=fresh)
        renewed.set()

    lock.put = put  # type: ignore[method-assign]
    with take(lock, clock):
        before = lock.find_lock()
        clock.sleep(30)
        renewed.clear()
        assert renewed.wait(10)
        renewed.clear()
        assert renewed.wait(10)
        after = lock.find_lock()
    assert before is not None
    assert after is not None
    assert after.info.expires > before.info.expires
    assert after.info.id == before.info.id
    assert lock.find_lock() is None


def test_a_lease_taken_by_another_is_lost_for_good(lock: FileLock) -> None:
    with take(lock) as lease:
        text = lock.path.read_text(encoding="utf-8")
        lock.path.unlink()
        with pytest.raises(StateLocked, match="removed"):
            lease.check()
        lock.path.write_text(text, encoding="utf-8")
        with pytest.raises(StateLocked):
            lease.check()


def test_the_file_shows_the_whole_holder_and_only_to_its_owner(lock: FileLock) -> None:
    with take(lock):
        record = json.loads(lock.path.read_text(encoding="utf-8"))
        mode = lock.path.stat().st_mode & 0o777
    assert record["host"] == socket.gethostname()
    assert record["process"] == os.getpid()
    assert mode == 0o600
    assert sorted(path.name for path in lock.path.parent.iterdir()) == ["state.lock.guard"]


def test_this_process_is_alive_and_numbers_that_cannot_be_are_dead() -> None:
    marks = process_marks(os.getpid())
    assert not is_dead(os.getpid(), marks)
    assert is_dead(0, marks)
    assert is_dead(-1, marks)


@LINUX
def test_a_killed_process_whose_parent_has_not_looked_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    marks = process_marks(process.pid)
    assert not is_dead(process.pid, marks)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(process.pid, marks)
    process.communicate()
