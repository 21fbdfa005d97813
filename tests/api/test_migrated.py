"""`plan --migrate` and `apply --migrate`: the live side of a migration, reviewed and applied like any other plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

LEGACY = """\
# a comment that stays
apiVersion: personas/v1
kind: Persona
metadata: {name: legacy}
spec:
  persona_name: Legacy
  default_replica_id: r90bbd427f71
  system_prompt: You help.
  layers:
    llm:
      model: tavus-gemini-2.5-flash
      tools:
        - type: function
          function: {name: find_room, description: Finds a room, parameters: {type: object, properties: {}}}
"""


@pytest.fixture
def legacy(project: Path) -> Path:
    (project / "manifests" / "legacy.yaml").write_text(LEGACY)
    return project


def plan(call: Call, *flags: str) -> dict[str, object]:
    ended = call("plan", "--format", "json", *flags)
    assert ended.code == 0, ended
    found = json.loads(ended.out)
    assert isinstance(found, dict)
    return found


def changes(found: dict[str, object]) -> dict[str, list[str]]:
    rows = found["resource_changes"]
    assert isinstance(rows, list)
    return {row["address"]: row["change"]["actions"] for row in rows}


def test_an_inline_tool_moves_into_the_registry_in_one_reviewed_plan(legacy: Path, call: Call) -> None:
    assert call("apply", "--auto-approve").code == 0
    text = (legacy / "manifests" / "legacy.yaml").read_text()
    found = plan(call, "--migrate")
    assert changes(found) == {"tool.find_room": ["create"], "persona.legacy": ["update"]}
    requests = found["requests"]
    assert isinstance(requests, list)
    assert [row["purpose"] for row in requests] == ["create", "attach", "update"]
    assert call("apply", "--migrate", "--auto-approve").code == 0
    assert changes(plan(call, "--migrate")) == {}
    assert (legacy / "manifests" / "legacy.yaml").read_text() == text, "files are migrated by migrate alone"


def test_files_follow_and_then_everything_agrees(legacy: Path, call: Call) -> None:
    assert call("apply", "--auto-approve").code == 0
    assert call("apply", "--migrate", "--auto-approve").code == 0
    assert call("migrate", "--write").code == 0
    assert (legacy / "manifests" / "legacy.yaml").read_text().startswith("# a comment that stays\n")
    assert changes(plan(call)) == {}
    assert call("migrate", "--check").code == 0


def test_a_plan_with_migrations_can_be_saved_and_applied(legacy: Path, call: Call) -> None:
    assert call("apply", "--auto-approve").code == 0
    assert call("plan", "--migrate", "--out", "pr.plan").code == 0
    assert call("apply", "pr.plan").code == 0
    assert changes(plan(call, "--migrate")) == {}


def test_nothing_to_migrate_is_said(project: Path, call: Call) -> None:
    assert call("migrate", "--write").code == 0
    assert "There is nothing to migrate." in call("plan", "--migrate").out


def test_a_commit_is_not_rewritten(project: Path, call: Call) -> None:
    ended = call("plan", "--migrate", "--ref", "HEAD")
    assert ended.code != 0
    assert "Error:" in ended.err
