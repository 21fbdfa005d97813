"""state history, show SERIAL and rollback on the command line: what is shown, asked, kept and refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


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
