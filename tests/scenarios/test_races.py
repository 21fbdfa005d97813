"""Two real processes apply at the same time, again and again: one runs, the other leaves with 4 and names it.

The account lets the winner's first write wait until the other has left, so they really meet in every round. Three
rounds for each backend, in the night a hundred; RACES says another number.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import httpx
import pytest

from reconciler.backends import BACKENDS
from reconciler.core.state.state_document import parse_state
from reconciler.types.json import Object
from tests.support import forked
from tests.support.gated import Gate, gated_account
from tests.support.nightly import tried
from tests.support.stores import Place, open_store, place

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("RACES", tried(3, 100)))
PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: racer}
spec: {pal_name: Racer, system_prompt: p, default_face_id: rfe12d8b9597, greeting: hello %d}
"""


@pytest.fixture(params=sorted(BACKENDS), scope="module")
def where(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[str, Gate]]:
    with gated_account() as found:
        yield found


def write_project(folder: Path, type: str, settings: Object, url: str) -> None:
    """A project whose account is at `url` and whose state is in that store."""
    shown = {key: {"env": "STORE_KEY"} if key == "secret_access_key" else one for key, one in settings.items()}
    workspace = {
        "provider": {"type": "tavus", "api_key": {"env": "ACCOUNT_KEY"}, "base_url": url},
        "state": {"backend": type, **shown},
    }
    project = {
        "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "races"},
        "default_workspace": "w", "workspaces": {"w": workspace},
    }  # fmt: skip
    (folder / "manifests").mkdir()
    (folder / "manifests" / "reconciler.yaml").write_text(json.dumps(project), encoding="utf-8")


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    environ = {
        **os.environ, "PYTHONPATH": str(ROOT), "RECONCILER_DIGEST_KEY": "quick", "ACCOUNT_KEY": "key-of-the-account",
        "STORE_KEY": "test-secret-key", "RUNNER_KEY": "6b" * 32,
    }  # fmt: skip
    return forked.Popen(
        [sys.executable, "-m", "reconciler", *words], cwd=folder, env=environ, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def race(folder: Path, gate: Gate, pool: ThreadPoolExecutor) -> dict[int, tuple[int, str]]:
    """Exit code -> process and words of the two; the second one's write goes through once the first has left."""
    gate.shut()
    processes = [start(folder, "apply", "--auto-approve") for _ in range(2)]
    try:
        ends: list[Future[tuple[str, str]]] = [pool.submit(process.communicate, timeout=300) for process in processes]
        wait(ends, return_when=FIRST_COMPLETED)
        gate.open.set()
        said = ["".join(end.result()) for end in ends]
    finally:
        gate.open.set()
        for process in processes:
            process.kill()
            process.wait()
    assert sorted(process.returncode for process in processes) == [0, 4], said
    return {process.returncode: (process.pid, text) for process, text in zip(processes, said, strict=True)}


def test_of_two_applies_one_runs_and_the_other_leaves_and_names_it(
    where: Place, account: tuple[str, Gate], tmp_path: Path
) -> None:
    url, gate = account
    settings = where.settings()
    write_project(tmp_path, where.type, settings, url)
    backend = open_store(tmp_path, where.type, settings)
    client = httpx.Client(base_url=url + "/", headers={"x-api-key": "key-of-the-account"})
    serial = 0
    with client, ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            (tmp_path / "manifests" / "racer.yaml").write_text(PERSONA % number, encoding="utf-8")
            ended = race(tmp_path, gate, pool)
            assert f"process {ended[0][0]}" in ended[4][1].replace("Process:    ", "process ")
            listed = client.get("pals", params={"pal_type": "user", "limit": 100}).json()["data"]
            mine = [one for one in listed if one["pal_name"] == "Racer"]
            state = parse_state(backend.read() or b"")
            assert [(one["greeting"], one["pal_id"]) for one in mine] == [
                (f"hello {number}", entry.id) for entry in state.resources.values()
            ]
            assert state.pending == ()
            assert state.serial > serial
            serial = state.serial
            assert backend.holder() is None
        process = start(tmp_path, "plan", "--detailed-exitcode")
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, out + err
        # The account is shared by the rounds of all backends.
        process = start(tmp_path, "destroy", "--auto-approve")
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, out + err
