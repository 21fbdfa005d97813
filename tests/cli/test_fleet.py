"""A fleet on Temporal's own server: workers that are killed, requests that are heard, histories that replay."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.api.test_notify import Receiver, receiver
from tests.cli.conftest import PERSONA
from tests.cli.test_watch import document, url_of
from tests.support.fleets import Call, needs_temporal, running, temporal, until
from tests.support.postgres import free_port

pytest.importorskip("temporalio", reason="rare: the extra `fleet` is not installed")
__all__ = ["receiver", "temporal"]
HISTORY = Path(__file__).with_name("fleet_history.json")
COUNT = 4
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {{name: many}}
default_workspace: production
workspaces:
  production:
    parallelism: 1
    provider: {{type: tavus, base_url: '{address}', api_key: {{env: KEY}}}}
    watch: {{mode: {mode}, interval: 1h}}
"""


@pytest.fixture
def account(tmp_path: Path) -> Iterator[str]:
    """A served account whose creates take a second."""
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps({"rules": [{"method": "POST", "latency": 1.0}]}))
    with running("simulator", "serve", "--faults", str(faults), stdout=subprocess.PIPE) as served:
        assert served.stdout is not None
        yield served.stdout.readline().decode().strip()


@pytest.fixture
def many(tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "many"
    (folder / "manifests").mkdir(parents=True)
    for count in range(COUNT):
        text = PERSONA.replace("name: desk", f"name: p{count}").replace("Desk", f"P{count}")
        (folder / "manifests" / f"p{count}.yaml").write_text(text)
    (folder / "manifests" / "reconciler.yaml").write_text(PROJECT.format(address=account, mode="auto"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KEY", "any")
    return folder


@needs_temporal
def test_a_worker_that_is_killed_is_replaced_and_nothing_is_made_twice(temporal: str, many: Path, call: Call) -> None:
    journal = many / ".reconciler" / "production" / "state.journal"
    with running("fleet", "worker") as first:
        assert call("fleet", "sync", "--heartbeat", "2s").code == 0
        while not (journal.exists() and journal.stat().st_size):  # its first create is on its way
            assert first.poll() is None
        first.kill()
        first.wait()
    with running("fleet", "worker") as second:
        until(call, second, status="synced")
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=60) == 0
    assert asyncio.run(priorities(temporal)) == [4, 1], "what may be half done goes before all that wait"
    assert call("plan", "--detailed-exitcode").code == 0
    assert len(call("state", "list").out.split()) == COUNT
    assert "unmanaged:" not in call("plan", "--unmanaged").out, "no twin was made"


async def priorities(address: str) -> list[int]:
    """Of the first two rounds, as they were queued."""
    from temporalio.client import Client

    client = await Client.connect(address)
    history = await client.get_workflow_handle("many/production").fetch_history()
    queued = [event.activity_task_scheduled_event_attributes for event in history.events]
    return [one.priority.priority_key for one in queued if one.activity_id][:2]


@needs_temporal
def test_a_yes_is_heard_at_once_and_what_is_not_watched_any_more_ends(
    temporal: str, many: Path, call: Call, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = many / "manifests" / "reconciler.yaml"
    hook = "mode: approve, notify: [{webhook: {env: HOOK}, on: [awaiting_approval, recovered]}]"
    file.write_text(file.read_text().replace("mode: auto", hook))
    monkeypatch.setenv("HOOK", receiver.url)
    with running("fleet", "worker", "--listen", "0", stderr=subprocess.PIPE) as worker:
        own = url_of(worker)
        assert "started many/production" in call("fleet", "sync").out
        assert "Nothing to change" in call("fleet", "sync").out
        for command in ("worker", "sync", "status"):
            refused = call("fleet", command, "--namespace", "nowhere")
            assert refused.code == 1 and "nowhere" in refused.err and "bug" not in refused.err, refused
        assert call("fleet", "sync", "--heartbeat", "60s").code == 64, "the lease is no longer than that"
        assert "changed many/production" in call("fleet", "sync", "--heartbeat", "20s").out
        digest = until(call, worker, status="awaiting_approval")["waiting"]["digest"]
        assert call("fleet", "approve", "0" * 24).code == 5
        assert call("fleet", "approve", digest).code == 0
        assert "approved by" in until(call, worker, status="synced")["reason"]
        with running("fleet", "status", "--listen", "0", stderr=subprocess.PIPE) as told:
            assert document(url_of(told))["status"] == "synced", "whoever looked at it"
        with urlopen(own + "readyz") as ready, urlopen(own + "metrics") as metrics:
            assert ready.status == 200
            assert re.search(r'rounds_total{status="awaiting_approval"} [1-9]', metrics.read().decode())
        assert call("fleet", "pause", "--reason", "the fair").code == 0
        assert "the fair" in until(call, worker, status="paused")["reason"]
        assert call("fleet", "resume").code == 0
        until(call, worker, status="synced")
        if os.environ.get("RECORD_HISTORY"):
            asyncio.run(record(temporal))
        text = file.read_text()
        file.write_text(text[: text.index("    watch:")])
        assert "ended many/production" in call("fleet", "sync").out
        file.write_text(text)
        while "no workflow" not in call("fleet", "status").err:
            assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)  # it tells what is to be told before it ends
        assert worker.wait(timeout=60) == 0
    told = [(one["status"], one["recovered"]) for one in receiver.got]
    assert told[:2] == [("awaiting_approval", False), ("synced", True)]


async def record(address: str) -> None:
    """Keep the history as it is today."""
    from temporalio.client import Client

    client = await Client.connect(address)
    history = await client.get_workflow_handle("many/production").fetch_history()
    HISTORY.write_text(history.to_json())


def test_histories_of_earlier_versions_replay() -> None:
    from temporalio.client import WorkflowHistory
    from temporalio.worker import Replayer

    from reconciler.api.fleet_worker import runner
    from reconciler.api.fleet_workflow import ReconcileWorkspace

    replayer = Replayer(workflows=[ReconcileWorkspace], workflow_runner=runner())
    history = WorkflowHistory.from_json("many/production", HISTORY.read_text())
    assert len(history.events) > 10
    asyncio.run(replayer.replay_workflow(history))


def test_no_secret_stands_in_the_history() -> None:
    assert "system_prompt" not in HISTORY.read_text()


def test_without_a_server_it_says_where_it_looked(many: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    ended = call("fleet", "sync")
    assert ended.code == 1
    assert "fleet dev" in ended.err and "Traceback" not in ended.err
