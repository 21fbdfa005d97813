"""A migration meets an object of the account that somebody else made: it is asked about, and never written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_migrated_manifests import LEGACY, PROJECT

Call = Callable[..., Any]

THEIRS = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: find_room}
spec:
  name: find_room
  description: Finds THEIR rooms.
  delivery: {api: {url: "https://theirs.example/v1"}}
"""
KEY = "inline-tool-dedupe"


@pytest.fixture
def held(project: Path, call: Call) -> Path:
    """Another team's tool in the account, known to no state and no manifest, and a persona with one of its name."""
    (project / "manifests" / "theirs.yaml").write_text(THEIRS)
    assert call("apply", "--auto-approve").code == 0
    assert call("state", "rm", "tool.find_room").code == 0
    (project / "manifests" / "theirs.yaml").unlink()
    (project / "manifests" / "legacy.yaml").write_text(LEGACY)
    assert call("apply", "--auto-approve").code == 0
    return project


def account(call: Call, folder: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """Descriptions of the tools of the account, and the bodies of what was exported of the personas."""
    world = json.loads((folder / ".reconciler" / "sandbox" / "world.json").read_text())
    text = json.dumps(world)
    return [word for word in ("Finds THEIR rooms.", "Finds a room") if word in text], [world]


def rows(call: Call, *flags: str) -> dict[str, Any]:
    ended = call("plan", "--format", "json", *flags)
    assert ended.code == 0, ended
    return {row["address"]: row for row in json.loads(ended.out)["resource_changes"]}


def test_it_stays_inline_theirs_stays_as_it_is_and_the_question_is_told(held: Path, call: Call) -> None:
    looked = call("plan", "--migrate")
    assert looked.code == 0 and "find_room" in looked.out and "theirs" in looked.out
    assert "tool.find_room" not in rows(call, "--migrate")
    ended = call("apply", "--migrate", "--auto-approve")
    assert ended.code == 0 and "theirs" in ended.out + ended.err
    assert account(call, held)[0] == ["Finds THEIR rooms.", "Finds a room"]


def test_files_alone_do_not_know_and_the_apply_that_follows_takes_nothing_over(held: Path, call: Call) -> None:
    assert call("migrate", "--write").code == 0
    assert "adopt: same" in (held / "manifests" / "tools" / "find_room.yaml").read_text()
    row = rows(call)["tool.find_room"]
    assert [block["rule"] for block in row["blocked"]] == ["name_taken"]
    assert call("apply", "--auto-approve").code == 3
    assert account(call, held)[0] == ["Finds THEIR rooms.", "Finds a room"]


@pytest.mark.parametrize("answer", ["keep", "theirs", "find_our_room", "rename"])
def test_with_the_same_answer_files_and_apply_come_to_the_same(held: Path, call: Call, answer: str) -> None:
    file = held / "manifests" / "reconciler.yaml"
    file.write_text(f"{PROJECT}migrations: {{{KEY}: {{find_room: {answer}}}}}\n")
    live = rows(call, "--migrate")
    file.write_text(PROJECT)
    assert call("migrate", "--write", "--answer", f"{KEY}.find_room={answer}").code == 0
    files = rows(call)
    assert {one: (row["change"]["actions"], row["change"]["patch"]) for one, row in live.items()} == {
        one: (row["change"]["actions"], row["change"]["patch"]) for one, row in files.items()
    }
    assert call("apply", "--auto-approve").code == 0
    assert "Finds THEIR rooms." in account(call, held)[0]
    assert rows(call) == {}
    assert ("tool.find_our_room" in files) is (answer == "find_our_room")
    assert any(one.startswith("tool.find_room_") for one in files) is (answer == "rename")


@pytest.mark.parametrize("answer", ["keep", "theirs", "quiet"])
def test_the_same_holds_for_a_guardrail(project: Path, call: Call, answer: str) -> None:
    """`theirs` needs an id, which only a look at the account gives: files alone leave it open."""
    file, theirs = project / "manifests" / "reconciler.yaml", project / "manifests" / "theirs.yaml"
    head = "apiVersion: personas/v1\nkind: Guardrail\nmetadata: {name: calm}\n"
    theirs.write_text(f"{head}spec: {{guardrail_name: calm, guardrail_prompt: Theirs.}}\n")
    (project / "manifests" / "sets.yaml").write_text(SETS)
    assert call("apply", "--auto-approve").code == 0
    assert call("state", "rm", "guardrail.calm").code == 0
    theirs.unlink()
    file.write_text(f"{PROJECT}migrations: {{guardrail-set-split: {{'*': split, calm: {answer}}}}}\n")
    live = rows(call, "--migrate")
    assert call("migrate", "--write").code == 0
    files = rows(call)
    assert ("persona.host" in live) is (answer != "keep")
    if answer == "theirs":
        assert "guardrail_ids" in live["persona.host"]["change"]["after"] and files == {}
    else:
        assert {one: row["change"]["patch"] for one, row in live.items()} == {
            one: row["change"]["patch"] for one, row in files.items()
        }
        assert ("guardrail.quiet" in files) is (answer == "quiet")


SETS = """apiVersion: personas/v1
kind: GuardrailSet
metadata: {name: first}
spec: {data: [{guardrail_name: calm, guardrail_prompt: Never shout.}]}
---
apiVersion: personas/v1
kind: GuardrailSet
metadata: {name: second}
spec: {data: [{guardrail_name: calm, guardrail_prompt: Never whisper.}]}
---
apiVersion: personas/v1
kind: Persona
metadata: {name: host}
spec:
  pal_name: Host
  system_prompt: You help.
  guardrails_id: {ref: guardrail_set.first}
"""


def test_the_guardrails_of_a_set_hold_no_name(project: Path, call: Call) -> None:
    """The account lists the items of every set as guardrails, too; files and account come to the same answer."""
    (project / "manifests" / "sets.yaml").write_text(SETS)
    assert call("apply", "--auto-approve").code == 0
    (project / "manifests" / "reconciler.yaml").write_text(f"{PROJECT}migrations: {{guardrail-set-split: split}}\n")
    found = rows(call, "--migrate")
    assert found["guardrail.calm"]["change"]["after"]["guardrail_prompt"] == "Never shout."
    assert set(found["persona.host"]["change"]["after"]) >= {"guardrail_ids"}
