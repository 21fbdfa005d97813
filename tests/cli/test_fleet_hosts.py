"""Runs that are killed or frozen in mid-apply, here and on another host: what was approved is finished, once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from reconciler.platforms.tavus.simulator.faults import Fault, Faults
from reconciler.platforms.tavus.simulator.http_server import SimulatorServer
from reconciler.platforms.tavus.simulator.service import Service
from reconciler.platforms.tavus.simulator.world_store import Store
from tests.cli.conftest import PERSONA, ROOT
from tests.support.fleets import Call, needs_temporal, running, temporal, until
from tests.support.nightly import tried
from tests.support.stores import place

__all__ = ["temporal"]
COUNT = 5
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {{name: many}}
default_workspace: production
fleet: {{heartbeat: 2s, lease: 15s}}
workspaces:
  production:
    parallelism: 1
    provider: {{type: tavus, base_url: '{url}', api_key: {{env: KEY}}}}
    state: {state}
    watch: {{mode: {mode}, interval: 2s, drift_interval: 1h}}
"""


class Account:
    """A served account whose creates take a while, and what it was sent."""

    def __init__(self) -> None:
        slow = Fault(method=("POST",), latency=0.5)
        self.service = Service(Store(None), faults=Faults(rules=(slow,)))
        self.server = SimulatorServer("127.0.0.1", 0, self.service)

    @property
    def creates(self) -> int:
        return sum(1 for seen in self.service.requests if seen.method == "POST")

    def wait_for_creates(self, count: int, process: subprocess.Popen[bytes]) -> None:
        while self.creates < count:
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"the process ended with {process.wait(0.02)}")


@pytest.fixture
def account() -> Iterator[Account]:
    found = Account()
    threading.Thread(target=found.server.serve_forever, args=(0.05,), daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def many(tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    def make(mode: str, state: str = "{}") -> Path:
        folder = tmp_path / "many"
        (folder / "manifests").mkdir(parents=True)
        for count in range(COUNT):
            text = PERSONA.replace("name: desk", f"name: p{count}").replace("Desk", f"P{count}")
            (folder / "manifests" / f"p{count}.yaml").write_text(text)
        project = PROJECT.format(url=account.server.url, mode=mode, state=state)
        (folder / "manifests" / "reconciler.yaml").write_text(project)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("KEY", "any")
        return folder

    return make


def check_written_once(account: Account, call: Call) -> None:
    """All is there, made by one create each."""
    assert account.creates == COUNT
    assert call("plan", "--detailed-exitcode").code == 0
    assert len(call("state", "list").out.split()) == COUNT
    assert "unmanaged:" not in call("plan", "--unmanaged").out, "no twin was made"


@contextmanager
def on_another_host(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process that takes itself to be on a host called `elsewhere`, and its own id, here."""
    inside = f"hostname elsewhere && exec {sys.executable} -m reconciler {' '.join(words)}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KEY": "any"}
    process = subprocess.Popen(
        ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", inside],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (found := children.read_text().split()):
            assert process.poll() is None
        yield process, int(found[0])
    finally:
        process.kill()
        process.wait()


def missing_namespaces() -> str | None:
    """Why there are no other hosts to be had here; None where there are."""
    if shutil.which("unshare") is None:
        return "rare: no `unshare` here"
    tried = subprocess.run(
        ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "hostname", "elsewhere"],
        capture_output=True,
        check=False,
    )
    return "rare: this user may not make namespaces" if tried.returncode else None


needs_hosts = pytest.mark.skipif(missing_namespaces() is not None, reason=str(missing_namespaces()))


def test_what_was_approved_is_finished_by_the_next_watcher_after_a_kill(
    account: Account, many: Callable[..., Path], call: Call
) -> None:
    many("approve")
    with running("watch", stdout=subprocess.DEVNULL) as first:
        digest = until(call, first, status="awaiting_approval")["waiting"]["digest"]
        assert call("watch", "approve", digest).code == 0
        account.wait_for_creates(2, first)
        first.kill()
        first.wait()
    with running("watch", stdout=subprocess.DEVNULL) as second:
        found = until(call, second, status="synced")
        assert "approved by" in found["reason"]
        assert found["waiting"] is None
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=30) == 0
    check_written_once(account, call)


@needs_temporal
def test_what_was_approved_is_finished_by_another_worker_after_a_kill(
    temporal: str, account: Account, many: Callable[..., Path], call: Call
) -> None:
    many("approve")
    with running("fleet", "worker", stderr=subprocess.DEVNULL) as first:
        assert call("fleet", "sync").code == 0
        digest = until(call, first, status="awaiting_approval")["waiting"]["digest"]
        assert call("fleet", "approve", digest).code == 0
        account.wait_for_creates(2, first)
        first.kill()
        first.wait()
    with running("fleet", "worker", stderr=subprocess.DEVNULL) as second:
        assert "approved by" in until(call, second, status="synced")["reason"]
    check_written_once(account, call)


@needs_temporal
@needs_hosts
@pytest.mark.parametrize("fate", ["killed", "frozen"][-tried(1, 2) :])
def test_a_worker_of_another_host_is_replaced_at_the_end_of_its_lease(
    fate: str, temporal: str, account: Account, many: Callable[..., Path], call: Call
) -> None:
    with place("postgres") as where:
        dsn = where.settings()["dsn"]
        folder = many("auto", f"{{backend: postgres, dsn: '{dsn}', name: '{fate}-{os.getpid()}'}}")
        with on_another_host("fleet", "worker") as (first, inside):
            assert call("fleet", "sync").code == 0
            account.wait_for_creates(2, first)
            os.kill(inside, signal.SIGSTOP if fate == "frozen" else signal.SIGKILL)
            with running("fleet", "worker", cwd=folder, stderr=subprocess.DEVNULL) as second:
                until(call, second, status="synced")
                before = len(account.service.requests)
                if fate == "frozen":
                    os.kill(inside, signal.SIGCONT)
                    ended = threading.Event()
                    ended.wait(3.0)  # what it would still write, it would write now
                    later: list[Any] = [seen for seen in account.service.requests[before:] if seen.method != "GET"]
                    assert later == [], "it found its lock lost"
    check_written_once(account, call)
