"""Real processes of the command line over shared state: races for the lock, kills, a server that comes and goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS
from reconciler.core.state.state_document import parse_state
from reconciler.types.json import Object
from reconciler.types.ports import Backend
from tests.support import forked
from tests.support.stores import SETTINGS, Place, open_store, place

ROOT = Path(__file__).resolve().parents[2]
RACES = 2
FILES = {
    "look_up.yaml": "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: look_up}\n"
    "spec: {name: look_up, description: Looks it up, origin: llm}\n",
    "coach.yaml": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: coach}\nspec:\n"
    "  persona_name: Coach\n  system_prompt: p\n  default_replica_id: rfe12d8b9597\n  tools: [look_up]\n",
    "second.yaml": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: second}\nspec:\n"
    "  pal_name: Second\n  system_prompt: s\n  default_face_id: rfe12d8b9597\n",
}
ALL = {"pals": ["Coach", "Second"], "tools": ["look_up"]}


class Shared:
    """A project whose state is in a store, and processes that work on it."""

    def __init__(self, folder: Path, type: str, settings: Object) -> None:
        self.folder = folder
        self.type = type
        self.settings = settings
        (folder / "manifests").mkdir()
        for name, text in FILES.items():
            (folder / "manifests" / name).write_text(text)
        self.faults()

    def faults(self, *rules: Object) -> None:
        """What the embedded account does from the next process on."""
        (self.folder / "faults.json").write_text(json.dumps({"rules": list(rules)}))
        provider: Object = {"type": "simulator", **({"faults": "faults.json"} if rules else {})}
        workspace = {"provider": provider, "state": {"backend": self.type, **self.settings}}
        project = {
            "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "shared"},
            "default_workspace": "w", "workspaces": {"w": workspace},
        }  # fmt: skip
        (self.folder / "manifests" / "reconciler.yaml").write_text(json.dumps(project))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "RECONCILER_DIGEST_KEY": "quick"}
        environ |= {"STORE_KEY": "test-secret-key"}
        return forked.Popen(
            [sys.executable, "-m", "reconciler", *arguments], cwd=self.folder, env=environ, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out + err

    def apply(self, *more: str) -> tuple[int, str]:
        return self.run("apply", "--auto-approve", *more)

    def objects(self) -> dict[str, list[str]]:
        world = json.loads((self.folder / ".reconciler" / "w" / "world.json").read_text())["objects"]
        ours = {kind: [one for one in world[kind].values() if "$type" not in one] for kind in ("pals", "tools")}
        return {kind: sorted(one.get("pal_name") or one["name"] for one in found) for kind, found in ours.items()}

    def check_all_is_well(self) -> None:
        """The account holds each object once, state knows them all, nothing is open and nothing is to be done."""
        assert self.objects() == ALL
        code, said = self.run("plan", "--detailed-exitcode")
        assert code == 0, said
        backend = open_store(self.folder, self.type, self.stored)
        state = parse_state(backend.read() or b"")
        assert sorted(str(address) for address in state.resources) == [
            "persona.coach", "persona.second", "tool.look_up"
        ]  # fmt: skip
        assert state.pending == ()
        assert backend.journal is None or list(backend.journal.read()) == []
        assert backend.holder() is None

    @property
    def stored(self) -> Object:
        """The settings with the reference resolved, for a backend in this process."""
        return {key: "test-secret-key" if isinstance(one, dict) else one for key, one in self.settings.items()}


@pytest.fixture(params=sorted(set(BACKENDS) - {"local"}), scope="module")
def where(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place(request.param) as found:
        yield found


@pytest.fixture
def shared(where: Place, tmp_path: Path) -> Shared:
    settings = where.settings()
    if "secret_access_key" in settings:
        settings["secret_access_key"] = {"env": "STORE_KEY"}
    return Shared(tmp_path, where.type, settings)


def was_told(backend: Backend) -> bool:
    """Whether the intent of a create is in the store, so that its request is on its way."""
    stored = backend.read()
    return bool(backend.journal and list(backend.journal.read())) or (
        stored is not None and bool(parse_state(stored).pending)
    )


def test_apply_plan_drift_and_the_state_commands(shared: Shared) -> None:
    code, said = shared.apply()
    assert code == 0, said
    shared.check_all_is_well()
    assert shared.run("drift")[0] == 0
    code, said = shared.run("state", "list")
    assert (code, said.split()) == (0, ["persona.coach", "persona.second", "tool.look_up"])
    code, pulled = shared.run("state", "pull")
    assert code == 0
    (shared.folder / "mine.json").write_text(pulled)
    assert shared.run("state", "rm", "persona.second")[0] == 0
    assert shared.run("state", "push", "mine.json")[0] == 5
    code, said = shared.run("state", "push", "mine.json", "--force")
    assert code == 0, said
    shared.check_all_is_well()
    code, said = shared.run("destroy", "--auto-approve")
    assert code == 0, said
    assert shared.objects() == {"pals": [], "tools": []}


def test_of_two_applies_one_runs_and_the_other_names_it(shared: Shared) -> None:
    shared.faults({"method": "POST", "nth": [1], "latency": 1.0})
    for _ in range(RACES):
        both = [shared.start("apply", "--auto-approve") for _ in range(2)]
        ended = []
        for process in both:
            out, err = process.communicate(timeout=120)
            ended.append((process.returncode, out + err, process.pid))
        codes = sorted(code for code, _, _ in ended)
        assert codes in ([0, 4], [0, 0]), ended
        if codes == [0, 4]:
            (winner,) = [pid for code, _, pid in ended if code == 0]
            (said,) = [text for code, text, _ in ended if code == 4]
            assert f"process {winner}" in said
        shared.check_all_is_well()
        assert shared.run("destroy", "--auto-approve")[0] == 0


def test_a_held_lock_is_waited_for_or_refused_and_a_dead_holder_replaced(shared: Shared) -> None:
    process = forked.Popen(
        [sys.executable, "-m", "tests.support.backend_worker", shared.type, str(shared.folder), "hold"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, SETTINGS: json.dumps(shared.stored)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        _, pid, id = process.stdout.readline().split()
        code, said = shared.apply()
        assert code == 4, said
        assert f"process {pid}" in said
        assert id in said
        assert shared.apply("--lock-timeout", "0.3s")[0] == 4
        assert shared.run("plan")[0] == 0
    finally:
        process.kill()
        process.communicate()
    code, said = shared.apply()
    assert code == 0, said
    assert "took over a lock" in said
    shared.check_all_is_well()


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("nth", [4, 8])
def test_kill_9_in_mid_apply_is_healed_by_one_more_run(shared: Shared, nth: int, point: str) -> None:
    shared.faults({"path": "**", "nth": [nth], "kill": point})
    code, said = shared.apply()
    assert code == -signal.SIGKILL, said
    shared.faults()
    code, said = shared.apply()
    assert code == 0, said
    shared.check_all_is_well()


def test_a_saved_plan_is_applied_once_also_after_a_kill(shared: Shared) -> None:
    assert shared.run("plan", "--out", "p.plan")[0] == 0
    code, said = shared.run("apply", "p.plan")
    assert code == 0, said
    shared.check_all_is_well()
    code, said = shared.run("apply", "p.plan")
    assert code == 5, said


def test_a_broken_lock_stops_the_run_before_it_asks_anything_else_of_the_store(shared: Shared) -> None:
    """What was marked in the store together with the running request may still be sent while the lease lasts; what
    depends on it was not marked, and is not sent."""
    shared.faults({"method": "POST", "path": "**/tools", "nth": [1], "latency": 3.0})
    process = shared.start("apply", "--auto-approve", "--parallelism", "1")
    backend = open_store(shared.folder, shared.type, shared.stored)
    while not was_told(backend):
        assert process.poll() is None, process.communicate()
    holder = backend.holder()
    assert holder is not None
    assert holder.process == process.pid
    backend.break_lock(holder.id)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 4, out + err
    assert "the lock was lost" in out + err
    sent = shared.objects()["pals"]
    assert sent in ([], ["Second"])
    assert ("POST /pals (persona.second): answered 200" in out + err) is bool(sent)
    assert "persona.coach" not in (out + err).partition("in this order:")[2]
    assert "state push errored.state.json" in out + err
    assert (shared.folder / "errored.state.json").exists()
    shared.faults()
    code, said = shared.apply()
    assert code == 0, said
    shared.check_all_is_well()
