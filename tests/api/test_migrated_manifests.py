"""`plan --migrate` and `apply --migrate`: the live side of a migration, reviewed and applied like any other plan."""

from __future__ import annotations

import json
import subprocess
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


def test_an_open_question_is_said_where_nothing_else_is_to_migrate(project: Path, call: Call) -> None:
    text = (project / "manifests" / "desk.yaml").read_text()
    (project / "manifests" / "desk.yaml").write_text(f"{text}  context: Long ago.\n")
    assert call("migrate", "--write", "--only", "vocabulary-persona-to-pal").code == 0
    planned, applied = call("plan", "--migrate"), call("apply", "--migrate", "--auto-approve")
    assert (planned.code, applied.code) == (0, 0)
    assert "There is nothing to migrate." not in planned.out
    for ended in (planned, applied):
        assert "1 question of migrate is open" in ended.out + ended.err


def commit(project: Path) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=project, check=True)


def test_a_commit_is_migrated_in_memory(legacy: Path, call: Call) -> None:
    commit(legacy)
    (legacy / "manifests" / "legacy.yaml").unlink()
    found = plan(call, "--migrate", "--ref", "HEAD")
    assert changes(found) == {
        "persona.desk": ["create"], "persona.legacy": ["create"], "tool.find_room": ["create"],
    }  # fmt: skip
    requests = found["requests"]
    assert isinstance(requests, list)
    assert [row["purpose"] for row in requests].count("attach") == 1
    assert sorted(one.name for one in (legacy / "manifests").iterdir()) == ["desk.yaml"]


PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: t}
"""


class TestTheWordOfTheProjectFile:
    """`migrate: auto | ask | off`, of the project or of one workspace."""

    def write(self, folder: Path, more: str) -> None:
        (folder / "manifests" / "reconciler.yaml").write_text(PROJECT + more)

    @pytest.mark.parametrize(
        "more",
        [
            "migrate: auto\n",
            "workspaces: {sandbox: {provider: {type: simulator}, migrate: auto}}\n",
            "migrate: off\nworkspaces: {sandbox: {provider: {type: simulator}, migrate: auto}}\n",
        ],
    )
    def test_auto_is_as_if_the_flag_were_given(self, legacy: Path, call: Call, more: str) -> None:
        self.write(legacy, more)
        text = (legacy / "manifests" / "legacy.yaml").read_text()
        found = plan(call)
        assert changes(found) == {
            "persona.desk": ["create"], "persona.legacy": ["create"], "tool.find_room": ["create"],
        }  # fmt: skip
        assert call("apply", "--auto-approve").code == 0
        assert changes(plan(call)) == {} and call("drift").code == 0
        assert (legacy / "manifests" / "legacy.yaml").read_text() == text
        assert call("migrate", "--write").code == 0
        assert changes(plan(call)) == {}, "the files say now what was applied"

    def test_auto_destroys_and_refreshes_what_is_there(self, legacy: Path, call: Call) -> None:
        self.write(legacy, "migrate: auto\n")
        assert call("apply", "--auto-approve").code == 0
        assert call("apply", "--refresh-only", "--auto-approve").code == 0
        assert call("destroy", "--auto-approve").code == 0
        assert call("state", "list").out.strip() == ""

    @pytest.mark.parametrize("more", ["", "migrate: ask\n"])
    def test_ask_is_the_default_and_waits_for_the_flag(self, legacy: Path, call: Call, more: str) -> None:
        self.write(legacy, more)
        assert "tool.find_room" not in changes(plan(call))
        assert "tool.find_room" in changes(plan(call, "--migrate"))

    def test_off_refuses_the_flag_and_says_what_to_do(self, legacy: Path, call: Call) -> None:
        self.write(legacy, "migrate: off\n")
        assert "tool.find_room" not in changes(plan(call))
        ended = call("plan", "--migrate")
        assert ended.code == 64 and "migrate: off" in ended.err and "migrate --write" in ended.err

    def test_another_word_is_an_error_with_its_place(self, legacy: Path, call: Call) -> None:
        self.write(legacy, "migrate: always\n")
        ended = call("plan")
        assert ended.code == 1 and "manifests/reconciler.yaml:4:10" in ended.err + ended.out


class TestOwnCatalogue:
    """`catalogue: FILE` is merged over the one that ships, for every command that asks it."""

    OWN = "tables:\n  llm:\n    tavus-gemini-2.5-flash:\n      status: {all: removed}\n" + (
        "      successor: {id: tavus-ours, reason: we say so, basis: documented}\n"
        "    tavus-ours: {status: {all: available}, context_window: 100}\n"
    )

    def write(self, folder: Path, text: str, name: str = "models.yaml") -> None:
        (folder / "manifests" / "reconciler.yaml").write_text(f"{PROJECT}catalogue: {name}\n")
        (folder / "manifests" / "models.yaml").write_text(text)

    def test_every_command_goes_by_it(self, legacy: Path, call: Call) -> None:
        self.write(legacy, self.OWN)
        assert "tavus-ours" in call("models", "ours").out
        checked = call("validate")
        assert checked.code == 0 and "tavus-gemini-2.5-flash was removed" in checked.out + checked.err
        assert "tavus-ours" in call("explain", "persona.layers.llm.model").out
        assert call("migrate", "--write", "--only", "model-successor").code == 0
        assert "model: tavus-ours" in (legacy / "manifests" / "legacy.yaml").read_text()
        assert "models.yaml" not in call("migrate").out, "the catalogue is no manifest"

    def test_plan_goes_by_it(self, legacy: Path, call: Call) -> None:
        assert call("apply", "--auto-approve").code == 0
        path = legacy / "manifests" / "legacy.yaml"
        path.write_text(LEGACY.replace("gemini-2.5-flash", "gpt-oss"))
        gone = "tables: {llm: {tavus-gpt-oss: {status: {all: removed}}}}\n"
        assert changes(plan(call)) == {"persona.legacy": ["update"]}
        self.write(legacy, gone)
        found = plan(call, "--target", "persona.legacy")
        rows = found["resource_changes"]
        assert isinstance(rows, list)
        assert [(row["action_reason"], row["change"]["directions"]) for row in rows] == [
            ("vendor", {"/layers/llm/model": "vendor"})
        ]

    def test_a_commit_has_the_catalogue_of_the_commit(self, legacy: Path, call: Call) -> None:
        self.write(legacy, self.OWN)
        commit(legacy)
        self.write(legacy, "tables: 7\n")
        assert plan(call, "--ref", "HEAD")["errored"] is False
        assert call("plan").code == 1

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("tables:\n  llm:\n    x: {sucessor: {id: y}}\n", "manifests/models.yaml:3:"),
            ("tables: 7\n", "manifests/models.yaml:1:"),
            ("generation: '1999-01'\n", "manifests/models.yaml:1:"),
            ("- 1\n", "exactly one mapping"),
            ("a: [1\n", "manifests/models.yaml"),
        ],
    )
    def test_what_is_wrong_in_it_has_its_line(self, legacy: Path, call: Call, text: str, said: str) -> None:
        self.write(legacy, text)
        for words in (["validate"], ["models"], ["plan"], ["migrate"], ["explain", "persona"]):
            ended = call(*words)
            assert ended.code == 1 and said in ended.out + ended.err, ended
            assert "Traceback" not in ended.err

    @pytest.mark.parametrize("name", ["../models.yaml", "/etc/hosts", "missing.yaml", "."])
    def test_a_file_that_is_none_of_the_project(self, legacy: Path, call: Call, name: str) -> None:
        self.write(legacy, self.OWN, name)
        ended = call("validate")
        assert ended.code == 1 and "manifests/reconciler.yaml:4:12" in ended.out + ended.err, ended


@pytest.mark.parametrize("given", ["team", "team/legacy.yaml", "."])
def test_a_part_of_the_manifests_is_migrated_together_with_what_it_needs(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "legacy.yaml").write_text(LEGACY)
    monkeypatch.chdir(tmp_path)
    assert call("-w", "sandbox", "apply", given, "--auto-approve").code == 0
    found = plan(call, "-w", "sandbox", given, "--migrate")
    assert changes(found) == {"tool.find_room": ["create"], "persona.legacy": ["update"]}
