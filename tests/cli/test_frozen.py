"""Two real processes on one state: one that is frozen beyond its lease sends nothing more, and says what it sent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import forked
from tests.support.postgres import missing_postgres, postgres
from tests.support.tfserver import serving

ROOT = Path(__file__).resolve().parents[2]
QUICK = """\
import sys
import reconciler.backends.context as base, reconciler.backends.lease as lease
opened = base.BackendContext.__init__
short = {"lease_seconds": 3.0, "heartbeat_seconds": 0.25}
base.BackendContext.__init__ = lambda self, *places, **named: opened(self, *places, **named | short)
lease.QUIET = 0.5
from reconciler.__main__ import main
main()
"""
PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {{name: desk}}
spec: {{pal_name: Desk, system_prompt: {prompt}, default_face_id: r90bbd427f71}}
"""
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {{name: frozen}}
default_workspace: one
workspaces:
  one:
    provider: {{type: tavus, api_key: {{env: TAVUS_API_KEY}}, base_url: "{url}"}}
    state: {state}
"""


def begin(folder: Path, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    """The program with leases of three seconds: a busy machine may keep it from renewing for some time."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TAVUS_API_KEY": "any"}
    return forked.Popen([sys.executable, "-c", QUICK, *words], cwd=folder, env=environment, **more)


def run(folder: Path, *words: str) -> str:
    """What the program says, with leases as long as a user's: only the run that will be frozen loses its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TAVUS_API_KEY": "any"}
    command = [sys.executable, "-m", "reconciler", *words]
    done = forked.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
    )
    assert done.returncode == 0, done.stdout.decode()
    return str(done.stdout.decode())


@pytest.fixture
def account(tmp_path: Path) -> Iterator[str]:
    """A served account that turns the second PATCH away for some seconds."""
    rules = [{"method": "PATCH", "nth": [2], "status": 429, "retry_after": 2}]
    (tmp_path / "faults.json").write_text(json.dumps({"rules": rules}))
    process = begin(tmp_path, "simulator", "serve", "--faults", str(tmp_path / "faults.json"), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(params=["local", "http", "postgres"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The setting `state` of a store that both processes share."""
    with ExitStack() as stack:
        if request.param == "local":
            yield f"{{backend: local, path: {tmp_path}/state.json}}"
        elif request.param == "http":
            server = stack.enter_context(serving())
            yield f'{{backend: http, address: "{server.address}/state"}}'
        else:
            reason = missing_postgres()
            if reason:
                pytest.skip(reason)
            database = stack.enter_context(postgres())
            yield f'{{backend: postgres, dsn: "{database.dsn}"}}'


def project(tmp_path: Path, name: str, url: str, state: str, prompt: str) -> Path:
    folder = tmp_path / name
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    (folder / "manifests" / "reconciler.yaml").write_text(PROJECT.format(url=url, state=state))
    (folder / "manifests" / "desk.yaml").write_text(PERSONA.format(prompt=prompt))
    return folder


def prompt_of(url: str) -> str:
    answer = httpx.get(f"{url}/pals", params={"pal_type": "user"}, headers={"x-api-key": "any"}).json()
    return str(answer["data"][0]["system_prompt"])


def test_a_run_that_was_frozen_beyond_its_lease_sends_nothing_over_the_next_ones_work(
    tmp_path: Path, account: str, state: str
) -> None:
    run(project(tmp_path, "one", account, state, "first"), "apply", "--auto-approve")
    run(project(tmp_path, "one", account, state, "second"), "apply", "--auto-approve")
    frozen = begin(
        project(tmp_path, "one", account, state, "of the frozen one"),
        "apply", "--auto-approve", "--json-log",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert frozen.stderr is not None
        said = b""
        for line in frozen.stderr:
            said += line
            if b"limit_met" in line:
                break
        os.kill(frozen.pid, signal.SIGSTOP)
        other = project(tmp_path, "two", account, state, "of the other one")
        if "http" in state.partition(",")[0]:
            run(other, "state", "force-unlock", lock_id(other))
        run(other, "apply", "--auto-approve", "--lock-timeout", "60")
        os.kill(frozen.pid, signal.SIGCONT)
        out, rest = frozen.communicate(timeout=120)
    finally:
        frozen.kill()
        frozen.communicate()
    told = (out + said + rest).decode()
    assert frozen.returncode == 4, told
    assert prompt_of(account) == "of the other one"
    assert "the lock was lost" in told
    assert "This run had sent, in this order:" in told
    assert told.count("PATCH /pals/") >= 1
    assert "No changes" in run(other, "plan")


def lock_id(folder: Path) -> str:
    return str(json.loads(run(folder, "state", "lock", "--format", "json"))["lock"]["ID"])
