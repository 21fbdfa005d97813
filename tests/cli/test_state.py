"""state: what is managed, and repairs that never touch the account."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.connect import open_backend
from reconciler.cli.composition import open_session
from reconciler.cli.settings import Settings
from reconciler.engine.state.lock_owner import describe_run

Call = Callable[..., Any]


@pytest.fixture
def applied(project: Path, call: Call) -> Path:
    assert call("apply", "--auto-approve").code == 0
    return project


@pytest.fixture
def locked(applied: Path) -> Iterator[str]:
    """The state is locked by this very process; the id of the lock."""
    run = open_session(Settings())
    info = describe_run("apply", run.clock.now())
    with open_backend(run).lock(info, timeout=0, clock=run.clock, emit=run.emit):
        yield info.id


def world(project: Path) -> bytes:
    return (project / ".reconciler" / "sandbox" / "world.json").read_bytes()


def test_an_empty_list_says_of_which_workspace(project: Path, call: Call) -> None:
    ended = call("state", "list")
    assert (ended.code, ended.out) == (0, "")
    assert "Nothing is managed in workspace sandbox." in ended.err
    assert call("state", "list", "--quiet").err == ""


def test_list_and_show(applied: Path, call: Call) -> None:
    assert call("state", "list").out == "persona.desk\n"
    assert call("state", "list", "tool.").out == ""
    document = json.loads(call("state", "list", "--format", "json").out)
    (entry,) = document["resources"]
    shown = json.loads(call("state", "show", "persona.desk").out)
    assert shown["id"] == entry["id"]
    assert "/greeting" in shown["sent"]
    assert "Hello." not in json.dumps(shown)


def test_show_guesses(applied: Path, call: Call) -> None:
    ended = call("state", "show", "persona.dsk")
    assert ended.code == 1
    assert "did you mean persona.desk?" in ended.err


def test_a_renamed_address_is_no_new_object(applied: Path, call: Call) -> None:
    before = world(applied)
    assert call("state", "mv", "persona.desk", "persona.front").code == 0
    path = applied / "manifests" / "desk.yaml"
    path.write_text(path.read_text().replace("{name: desk}", "{name: front}"))
    assert call("plan", "--detailed-exitcode").code == 0
    assert world(applied) == before


def test_a_forgotten_address_is_found_again(applied: Path, call: Call) -> None:
    before = world(applied)
    ended = call("state", "rm", "persona.desk")
    assert ended.code == 0, ended
    assert ended.out.startswith("forgot persona.desk (p")
    assert call("state", "list").out == ""
    assert world(applied) == before
    assert "1 to import" in call("plan").out


def test_forget_all_or_none(applied: Path, call: Call) -> None:
    assert call("state", "rm", "persona.desk", "persona.nobody").code == 1
    assert call("state", "list").out == "persona.desk\n"


def test_pull_and_push(applied: Path, call: Call) -> None:
    (applied / "mine.json").write_text(call("state", "pull").out)
    assert call("state", "rm", "persona.desk").code == 0
    refused = call("state", "push", "mine.json")
    assert refused.code == 5, refused
    assert call("state", "push", "mine.json", "--force").code == 0
    assert call("state", "list").out == "persona.desk\n"
    (applied / "mine.json").write_text("{}")
    assert call("state", "push", "mine.json", "--force").code == 1


def test_a_held_lock_is_4_and_names_its_holder(locked: str, call: Call) -> None:
    writing = ("apply --auto-approve", "destroy --auto-approve", "state rm persona.desk", "state unlock")
    for words in writing:
        ended = call(*words.split())
        assert ended.code == 4, ended
        assert locked in ended.err
    assert call("apply", "--auto-approve", "--lock-timeout", "0.05s").code == 4


def test_who_holds_the_lock(locked: str, call: Call) -> None:
    ended = call("state", "lock")
    assert ended.code == 0
    assert f"ID:        {locked}" in ended.out
    assert json.loads(call("state", "lock", "--format", "json").out)["lock"]["Process"] == str(os.getpid())
    assert call("state", "force-unlock", locked).code == 0
    assert call("state", "lock").out == "The state is not locked.\n"
    assert json.loads(call("state", "lock", "--format", "json").out)["lock"] is None


def test_readers_mind_no_lock(locked: str, call: Call) -> None:
    for words in (("plan",), ("drift",), ("state", "list"), ("state", "pull")):
        ended = call(*words)
        assert ended.code == 0, ended
    assert "Warning" in call("plan").err


def test_force_unlock(locked: str, call: Call) -> None:
    wrong = call("state", "force-unlock", "another-id")
    assert wrong.code == 1, wrong
    ended = call("state", "force-unlock", locked)
    assert ended.code == 0, ended
    assert call("state", "unlock").code == 0


def test_import(applied: Path, call: Call) -> None:
    id = json.loads(call("state", "show", "persona.desk").out)["id"]
    call("state", "rm", "persona.desk")
    before = world(applied)
    ended = call("import", "persona.desk", id)
    assert ended.code == 0, ended
    assert "1 imported" in ended.out
    assert call("plan", "--detailed-exitcode").code == 0
    assert world(applied) == before
    again = call("import", "persona.desk", id)
    assert again.code == 64
    assert "managed already" in again.err


@pytest.mark.parametrize(("words", "code"), [(("persona.desk", "pnowhere"), 1), (("persona.nobody", "p1"), 1)])
def test_import_of_what_is_not_there(project: Path, call: Call, words: tuple[str, ...], code: int) -> None:
    ended = call("import", *words)
    assert ended.code == code, ended
    assert ended.out == ""
    assert "desk.yaml" not in ended.err, "no line of the manifest is to blame"
    assert "looked for manifests" not in ended.err, "it is no question of the folder"
    assert call("state", "list").out == ""
