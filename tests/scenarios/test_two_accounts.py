"""A state of one account is never applied to another by its key: every command that writes, over real requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.cli.main import run
from reconciler.platforms.tavus.simulator.http_server import SimulatorServer
from reconciler.platforms.tavus.simulator.http_types import Call
from reconciler.platforms.tavus.simulator.service import Exchange, Service
from reconciler.platforms.tavus.simulator.stock import new_world
from reconciler.platforms.tavus.simulator.world_store import Store

OURS, THEIRS = "key-of-our-account", "key-of-another-account"
PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: %s}
spec: {pal_name: %s, system_prompt: %s, default_face_id: rfe12d8b9597}
"""
TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: look_up}
spec: {name: look_up, description: %s, origin: llm}
"""


class Accounts:
    """One address with an account behind each key, as the vendor's is."""

    def __init__(self) -> None:
        self.services = {key: Service(Store(None, seed=new_world(key))) for key in (OURS, THEIRS)}
        self.writes: list[str] = []
        """What was sent to the other account."""

    def exchange(self, call: Call) -> Exchange:
        key = call.headers["x-api-key"]
        if key == THEIRS and call.method != "GET":
            self.writes.append(f"{call.method} {call.path}")
        return self.services[key].exchange(call)


@pytest.fixture
def accounts() -> Iterator[tuple[str, Accounts]]:
    found = Accounts()
    server = SimulatorServer("127.0.0.1", 0, found)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.url, found
    finally:
        server.shutdown()
        server.server_close()
        for service in found.services.values():
            service.close()
        thread.join()


def write_project(folder: Path, url: str, files: dict[str, str]) -> None:
    provider = {"type": "tavus", "api_key": {"env": "ACCOUNT_KEY"}, "base_url": url}
    project = {
        "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "mine"},
        "default_workspace": "w", "workspaces": {"w": {"provider": provider}},
    }  # fmt: skip
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    (folder / "manifests" / "reconciler.yaml").write_text(json.dumps(project), encoding="utf-8")
    for name, text in files.items():
        (folder / "manifests" / f"{name}.yaml").write_text(text, encoding="utf-8")


def desks(prompt: str, *, tool: bool) -> dict[str, str]:
    used = {"look_up": TOOL % prompt} if tool else {}
    return {name: PERSONA % (name, name.upper(), prompt) for name in ("desk", "second")} | used


def as_key(key: str, folder: Path, *words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCOUNT_KEY", key)
        patch.chdir(folder)
        return run(list(words))


def states(folder: Path) -> dict[str, bytes]:
    """What the state is made of: nothing of it may move."""
    own = folder / ".reconciler" / "w"
    return {name: (own / name).read_bytes() for name in ("state.json", "state.journal") if (own / name).is_file()}


def only_id(url: str, key: str, name: str) -> str:
    rows = httpx.get(f"{url}/pals?limit=100&pal_type=user", headers={"x-api-key": key}).json()["data"]
    return next(row["pal_id"] for row in rows if row["pal_name"] == name)


THIRD = PERSONA % ("third", "THIRD", "Third.")
YES = "--auto-approve"
LIFT = ("--allow-deletes", "--allow-mass-change")


@pytest.mark.parametrize("tool", [True, False], ids=["the API shows an owner", "only ids tell"])
def test_no_command_writes_into_another_account(accounts, tmp_path: Path, tool: bool) -> None:
    url, both = accounts
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for key, folder, more in ((OURS, ours, {}), (THEIRS, theirs, {"third": THIRD})):
        write_project(folder, url, desks("First.", tool=tool) | more)
        assert as_key(key, folder, "apply", YES) == 0
    write_project(ours, url, desks("Second.", tool=tool))
    assert as_key(OURS, ours, "apply", YES) == 0
    write_project(ours, url, desks("Third.", tool=tool))
    assert as_key(OURS, ours, "plan", "--out", "made.plan") == 0
    write_project(ours, url, {"third": THIRD})
    both.writes.clear()
    before = states(ours)
    stranger = only_id(url, THEIRS, "THIRD")
    commands = (
        ("apply", YES, *LIFT), ("apply", "made.plan"), ("apply", "--refresh-only", YES, *LIFT),
        ("apply", "--migrate", YES, *LIFT), ("apply", "--target", "persona.desk", YES, *LIFT), ("destroy", YES),
        ("import", "persona.third", stranger), ("state", "rollback", "1", YES, *LIFT),
        ("watch", "--once", "--mode", "auto"), ("apply", "--resend-secrets", YES, *LIFT),
    )  # fmt: skip
    for words in commands:
        code = as_key(THEIRS, ours, *words)
        assert code in (1, 3, 5) or words[0] == "watch", words  # its exit code tells of itself, not of a workspace
        assert (both.writes, states(ours) == before) == ([], True), words
    assert as_key(OURS, ours, "apply", "made.plan") == 0


@pytest.mark.parametrize("tool", [True, False], ids=["the API shows an owner", "only ids tell"])
def test_what_was_destroyed_does_not_come_back_in_another_account(accounts, tmp_path: Path, tool: bool) -> None:
    """A state without objects still has a history, and that is of one account."""
    url, both = accounts
    write_project(tmp_path, url, desks("First.", tool=tool))
    assert as_key(OURS, tmp_path, "apply", YES) == 0
    assert as_key(OURS, tmp_path, "destroy", YES) == 0
    before = states(tmp_path)
    for words in (("state", "rollback", "1", YES, *LIFT), ("state", "rollback", "2", YES, *LIFT)):
        assert as_key(THEIRS, tmp_path, *words) in (1, 3), words
        assert (both.writes, states(tmp_path)) == ([], before)
    assert as_key(OURS, tmp_path, "state", "rollback", "2", YES, *LIFT) == 0
