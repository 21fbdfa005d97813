"""A migration of many taken back by real processes that are killed: one more run, every body as it was, no moment
without a tool. Four kills, and one for each shared store; in the night, and with ROLLBACK_KILLS=all, every write of
the rollback, before and after it arrived.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS
from reconciler.types.json import Object
from tests.support import forked
from tests.support.deadlyline import KEY, ROOT, Line, deadly_line, served_account
from tests.support.nightly import tried
from tests.support.stores import Place, place

COUNT = 40
WRITES = 2 * COUNT
"""Of a rollback: for each persona the inline tools back, then the registry tool off."""
SECRET = "sk-of-the-custom-model"
FEW = [(1, "before"), (1, "after"), (41, "before"), (WRITES, "after")]
EVERY = [(at, point) for at in range(1, WRITES + 1) for point in ("before", "after")]
POINTS = EVERY if os.environ.get("ROLLBACK_KILLS") == "all" else tried(FEW, EVERY)
FUNCTION = {
    "name": "look_up", "description": "Looks it up",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}  # fmt: skip


def persona(number: int) -> Object:
    """Every third one with a model of its own and the key for it."""
    own: Object = {"model": "m-1", "base_url": "https://llm.example.com/v1", "api_key": {"env": "MODEL_KEY"}}
    llm: Object = own if number % 3 == 0 else {"model": "tavus-gpt-oss", "extra_body": {"temperature": 0.5}}
    spec: Object = {
        "pal_name": f"P{number}", "system_prompt": f"You are number {number}.", "default_face_id": "rfe12d8b9597",
        "layers": {"llm": {**llm, "tools": [{"type": "function", "function": dict(FUNCTION)}]},
                   "tts": {"tts_engine": "cartesia", "voice_settings": {"speed": 0.9}}},
    }  # fmt: skip
    return {"apiVersion": "personas/v1", "kind": "Persona", "metadata": {"name": f"p{number}"}, "spec": spec}


def write_project(folder: Path, url: str, state: Object) -> None:
    workspace: Object = {
        "provider": {"type": "tavus", "api_key": {"env": "ACCOUNT_KEY"}, "base_url": url}, "state": state,
    }  # fmt: skip
    project = {
        "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "back"},
        "default_workspace": "w", "workspaces": {"w": workspace},
    }  # fmt: skip
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    (folder / "manifests" / "reconciler.yaml").write_text(json.dumps(project), encoding="utf-8")
    for number in range(COUNT):
        (folder / "manifests" / f"p{number}.yaml").write_text(json.dumps(persona(number)), encoding="utf-8")


def run(folder: Path, line: Line, *words: str) -> tuple[int, str]:
    """One real process; the line kills it where it is armed to."""
    environ = {
        **os.environ, "PYTHONPATH": str(ROOT), "RECONCILER_DIGEST_KEY": "quick", "ACCOUNT_KEY": KEY,
        "MODEL_KEY": SECRET, "STORE_KEY": "test-secret-key",
    }  # fmt: skip
    process = forked.Popen(
        [sys.executable, "-m", "reconciler", *words], cwd=folder, env=environ, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    line.victim = process
    out, err = process.communicate(timeout=300)
    assert SECRET not in out + err
    assert "Traceback" not in out + err, out + err
    return process.returncode, out + err


@dataclass
class Migrated:
    """A project after its migration, and what the account was before it."""

    folder: Path
    before: dict[str, Object]
    serial: str


def migrate(folder: Path, line: Line) -> Migrated:
    """Apply with inline tools, then move them to the registry."""
    line.arm()
    code, said = run(folder, line, "apply", "--auto-approve")
    assert code == 0, said
    before = line.personas()
    assert len(before) == COUNT
    assert all(body["layers"]["llm"]["tools"] and not body["attached"] for body in before.values())
    code, said = run(folder, line, "apply", "--migrate", "--auto-approve", "--allow-mass-change")
    assert code == 0, said
    assert all(body["attached"] == ["look_up"] for body in line.personas().values())
    assert not any(body["layers"]["llm"].get("tools") for body in line.personas().values())
    code, told = run(folder, line, "state", "history", "--format", "json")
    assert code == 0, told
    return Migrated(folder, before, str(json.loads(told)["entries"][0]["serial"]))


def check_killed_rollback(one: Migrated, line: Line, at: int, point: str) -> None:
    """Die at that write, run the same command once more, and look at everything."""
    line.gaps.clear()
    back = ("state", "rollback", one.serial, "--auto-approve", "--allow-mass-change")
    line.arm(at, point)
    code, said = run(one.folder, line, *back)
    assert code == -signal.SIGKILL, said
    killed = line.writes
    line.arm()
    code, said = run(one.folder, line, *back)
    assert code == 0, said
    assert killed >= at
    assert line.writes <= WRITES - at + 5, "what was done is not done again, but for what was under way"
    assert line.gaps == []
    assert line.personas() == one.before
    assert line.tools() == ["look_up"], "what others may use is never deleted"
    code, said = run(one.folder, line, "plan", "--detailed-exitcode")
    assert code == 0, said
    code, told = run(one.folder, line, "state", "history", "--format", "json")
    results = [entry["result"] for entry in json.loads(told)["entries"]]
    assert results[:3] == ["done", "done", "interrupted"]
    assert set(results[3:]) <= {"done"}
    for found in one.folder.rglob("*"):
        assert not found.is_file() or SECRET.encode() not in found.read_bytes(), found


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with deadly_line() as found:
        yield found


@pytest.fixture(scope="module")
def migrated(line: Line, tmp_path_factory: pytest.TempPathFactory) -> tuple[Migrated, Path]:
    """A migrated project with its state beside it, and the file of its account: each kill starts from copies."""
    folder = tmp_path_factory.mktemp("back")
    write_project(folder / "project", line.url, {"backend": "local"})
    with served_account(folder / "world.json") as line.target:
        return migrate(folder / "project", line), folder / "world.json"


@pytest.mark.parametrize(("at", "point"), POINTS)
def test_a_killed_rollback_is_finished_by_one_more(
    migrated: tuple[Migrated, Path], line: Line, tmp_path: Path, at: int, point: str
) -> None:
    once, world = migrated
    shutil.copytree(once.folder, tmp_path / "project")
    shutil.copy(world, tmp_path / "world.json")
    with served_account(tmp_path / "world.json") as line.target:
        seen = line.seen
        check_killed_rollback(Migrated(tmp_path / "project", once.before, once.serial), line, at, point)
        assert line.seen > seen


@pytest.fixture(params=sorted(set(BACKENDS) - {"local"}))
def shared(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place(request.param) as found:
        yield found


def test_also_with_the_state_in_a_shared_store(shared: Place, line: Line, tmp_path: Path) -> None:
    settings = shared.settings()
    if "secret_access_key" in settings:
        settings["secret_access_key"] = {"env": "STORE_KEY"}
    folder = tmp_path / "project"
    write_project(folder, line.url, {"backend": shared.type, **settings})
    with served_account(tmp_path / "world.json") as line.target:
        check_killed_rollback(migrate(folder, line), line, 23, "after")
