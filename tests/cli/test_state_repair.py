"""state migrate: every backend reads what every other wrote, and nothing newer is written over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.connect import open_backend, read_state
from reconciler.backends import BACKENDS
from reconciler.backends.context import BackendContext
from reconciler.cli.composition import open_session
from reconciler.cli.settings import Settings
from reconciler.core.state.state_document import dump_state, parse_state
from reconciler.engine.state.state_operations import StateAccess, migrate_state
from reconciler.errors import StateUnreadable, UsageError
from reconciler.types.project import BackendSettings
from tests.support.state import Events, JumpingClock
from tests.support.stores import open_store, place
from tests.support.tfserver import TerraformServer, serving

Call = Callable[..., Any]


@pytest.fixture
def applied(project: Path, call: Call) -> Path:
    assert call("apply", "--auto-approve").code == 0
    return project


@pytest.fixture
def server() -> Iterator[TerraformServer]:
    with serving() as found:
        yield found


def use(project: Path, state: object) -> None:
    """Write the project file that the command asked for."""
    (project / "manifests" / "reconciler.yaml").write_text(
        json.dumps(
            {
                "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "x"},
                "default_workspace": "sandbox",
                "workspaces": {"sandbox": {"provider": {"type": "simulator"}, "state": state}},
            }
        )
    )  # fmt: skip


def test_into_another_backend_and_back(
    applied: Path, call: Call, server: TerraformServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_TOKEN", "t0ken-value")
    server.world.authorization = "Bearer t0ken-value"
    address = server.address + "/one"
    ended = call("state", "migrate", "--to", "http", "--set", f"address={address}", "--set", "token=env:STATE_TOKEN")
    assert ended.code == 0, ended
    assert "with 1 resource is now in" in ended.out
    assert "t0ken-value" not in ended.out + ended.err
    (line,) = [line for line in ended.out.splitlines() if line.startswith("  state: ")]
    use(applied, json.loads(line.removeprefix("  state: ")))
    assert call("state", "list").out == "persona.desk\n"
    assert call("plan", "--detailed-exitcode").code == 0
    assert call("state", "mv", "persona.desk", "persona.front").code == 0
    back = call("state", "migrate", "--to", "local")
    assert back.code == 0, back
    use(applied, {"backend": "local"})
    assert call("state", "list").out == "persona.front\n"


def test_into_the_backend_of_another_workspace(applied: Path, call: Call, server: TerraformServer) -> None:
    provider = {"type": "simulator"}
    workspaces = {
        "sandbox": {"provider": provider},
        "shared": {"provider": provider, "state": {"backend": "http", "address": server.address + "/one"}},
    }
    text = json.dumps(
        {"apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "x"}, "workspaces": workspaces}
    )
    (applied / "manifests" / "reconciler.yaml").write_text(text)
    ended = call("state", "migrate", "--to-workspace", "shared", "-w", "sandbox")
    assert ended.code == 0, ended
    assert call("state", "list", "-w", "shared").out == "persona.desk\n"
    assert parse_state(server.world.documents["/one"]).workspace == "shared"
    assert call("state", "migrate", "--to-workspace", "shred", "-w", "sandbox").code == 64


def test_nothing_newer_is_written_over(applied: Path, call: Call, server: TerraformServer) -> None:
    words = ("state", "migrate", "--to", "http", "--set", f"address={server.address}/one")
    assert call(*words).code == 0
    assert call(*words).code == 0
    there = parse_state(server.world.documents["/one"])
    for change in ({"serial": there.serial + 1}, {"lineage": "another"}):
        from dataclasses import replace

        server.world.documents["/one"] = dump_state(replace(there, **change))
        refused = call(*words)
        assert refused.code == 5, refused
        assert "--force" in refused.err
    assert call(*words, "--force").code == 0
    assert parse_state(server.world.documents["/one"]) == there


@pytest.mark.parametrize(
    "words",
    [
        (), ("--to", "http", "--to-workspace", "x"), ("--set", "a=b", "--to-workspace", "sandbox"),
        ("--to", "nowhere"),
        ("--to", "local"), ("--to", "http"), ("--to", "local", "--set", "paht=x"),
    ],
)  # fmt: skip
def test_wrong_usage(applied: Path, call: Call, words: tuple[str, ...]) -> None:
    ended = call("state", "migrate", *words)
    assert ended.code == 64, ended
    assert call("state", "list").out == "persona.desk\n"


def test_nothing_to_migrate(project: Path, call: Call, server: TerraformServer) -> None:
    ended = call("state", "migrate", "--to", "http", "--set", f"address={server.address}/one")
    assert ended.code == 1
    assert "nothing to migrate" in ended.err
    assert server.world.documents == {}


def test_a_damaged_state_is_not_migrated(applied: Path, call: Call, server: TerraformServer) -> None:
    file = applied / ".reconciler" / "sandbox" / "state.json"
    file.write_bytes(file.read_bytes().replace(b"persona.desk", b"persona.dusk"))
    ended = call("state", "migrate", "--to", "http", "--set", f"address={server.address}/one")
    assert ended.code == 1, ended
    assert server.world.documents == {}


def test_a_held_lock_of_either_side_is_4(applied: Path, call: Call, server: TerraformServer) -> None:
    words = ("state", "migrate", "--to", "http", "--set", f"address={server.address}/one")
    other = json.dumps({"ID": "x", "Who": "ann@laptop", "Operation": "apply"}).encode()
    server.world.locks["/one"] = other
    ended = call(*words)
    assert ended.code == 4, ended
    assert "ann@laptop" in ended.err
    server.world.locks.clear()
    run = open_session(Settings())
    from reconciler.engine.state.lock_owner import describe_run

    with open_backend(run).lock(describe_run("apply", run.clock.now()), timeout=0, clock=run.clock, emit=run.emit):
        assert call(*words).code == 4
    assert server.world.documents == {}


@pytest.mark.parametrize(("first", "second"), list(permutations(sorted(BACKENDS), 2)), ids=str)
def test_every_backend_reads_what_every_other_wrote(applied: Path, tmp_path: Path, first: str, second: str) -> None:
    clock, events = JumpingClock(), Events()
    state = read_state(open_session(Settings()))
    with place(first) as one, place(second) as two:
        folders = [tmp_path / "a", tmp_path / "b"]
        source, target = (
            StateAccess(open_store(folder, where.type, where.settings()), "sandbox", clock, events.append)
            for folder, where in zip(folders, (one, two), strict=True)
        )
        source.backend.write(dump_state(state))
        assert migrate_state(source, target) == state
        assert target.backend.read() == source.backend.read()


@pytest.mark.parametrize("type", sorted(BACKENDS))
def test_damage_of_every_kind_is_noticed_in_every_backend(applied: Path, tmp_path: Path, type: str) -> None:
    data = dump_state(read_state(open_session(Settings())))
    marks = [
        data.index(mark) for mark in (b"format", b"serial", b"salt", b"resources", b"sent", b"pending", b"checksum")
    ]
    with place(type) as where:
        backend = open_store(tmp_path / "x", type, where.settings())
        for position in {0, 1, *marks, *(mark + 12 for mark in marks), len(data) // 2, len(data) - 6}:
            damaged = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
            for bytes_there in (damaged, data[: position + 1]):
                backend.write(bytes_there)
                with pytest.raises(StateUnreadable):
                    parse_state(backend.read() or b"")


def test_one_place_is_not_migrated_into_itself(applied: Path) -> None:
    context = BackendContext(applied / ".reconciler" / "sandbox", "sandbox")
    access = [
        StateAccess(BACKENDS.get("local")(BackendSettings(), context), "sandbox", JumpingClock(), Events().append)
        for _ in range(2)
    ]
    with pytest.raises(UsageError, match="already"):
        migrate_state(*access)


@pytest.fixture
def twice(project: Path, call: Call) -> Path:
    assert call("apply", "--auto-approve").code == 0
    file = project / "manifests" / "desk.yaml"
    file.write_text(re.sub(r"greeting: .*", "greeting: Hello there", file.read_text()))
    assert call("apply", "--auto-approve").code == 0
    return project


def test_history_and_one_run(twice: Path, call: Call) -> None:
    assert [line.split()[0] for line in call("state", "history").out.splitlines()] == ["SERIAL", "2", "1"]
    document = json.loads(call("state", "history", "--format", "json").out)
    assert [entry["result"] for entry in document["entries"]] == ["done", "done"]
    assert "~ persona.desk /greeting" in call("state", "show", "2").out
    assert json.loads(call("state", "show", "2", "--format", "json").out)["changes"][0]["fields"] == ["/greeting"]
    assert json.loads(call("state", "show", "persona.desk").out)["kind"] == "persona"
    assert call("state", "show", "9").code == 64


def test_back_at_once(twice: Path, call: Call) -> None:
    ended = call("state", "rollback", "1", "--auto-approve")
    assert ended.code == 0
    assert "Apply complete! Resources: 0 added, 1 changed, 0 destroyed." in ended.out
    assert "manifests are then ahead" in ended.out
    assert "There are no manifests" not in ended.out
    assert call("plan", "--detailed-exitcode").code == 2
    assert "rollback to 1" in call("state", "history").out


def test_back_by_a_saved_plan(twice: Path, call: Call) -> None:
    assert call("state", "rollback", "1", "--out", "back.plan", "--detailed-exitcode").code == 2
    assert (twice / "back.plan").stat().st_mode & 0o777 == 0o600
    assert call("state", "rollback", "1", "--out", "shared.plan", "--out-mode", "640").code == 0
    assert (twice / "shared.plan").stat().st_mode & 0o777 == 0o640
    assert call("apply", "back.plan").code == 0
    assert call("apply", "back.plan").code == 5


def test_nobody_to_ask_and_unknown_moments_are_wrong_usage(twice: Path, call: Call) -> None:
    assert call("state", "rollback", "1").code == 64
    assert call("state", "rollback", "77", "--auto-approve").code == 64
    assert call("state", "rollback", "x", "--auto-approve").code == 64


def test_a_delete_is_blocked(twice: Path, call: Call) -> None:
    ended = call("state", "rollback", "0", "--auto-approve")
    assert ended.code == 3
    assert "--allow-deletes" in ended.err
    assert call("state", "rollback", "0", "--auto-approve", "--allow-deletes").code == 0
    assert call("state", "list").out == ""


def test_how_much_is_kept_is_said(twice: Path, call: Call) -> None:
    file = twice / "manifests" / "reconciler.yaml"
    file.write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n"
        "workspaces: {sandbox: {provider: {type: simulator}, history: {keep: 1}}}\n"
    )
    assert call("state", "rollback", "1", "--auto-approve").code == 0
    assert "2 older entries up to serial 2 dropped" in call("state", "history").out
    refused = call("state", "rollback", "1", "--auto-approve")
    assert refused.code == 64
    assert "reaches back to serial 2" in refused.err
