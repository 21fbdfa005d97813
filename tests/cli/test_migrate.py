"""`reconciler migrate`: what it shows, what it writes, and how it ends."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler import open_project
from reconciler.api.migrate import write_result
from reconciler.cli import migrate
from tests.cli.conftest import PERSONA

EXAMPLE = Path(__file__).resolve().parents[2] / "manifests"
LEGACY = """\
persona_name: Desk   # what people see
system_prompt: Hi
layers:
  llm:
    model: tavus-llama-4
    tools:
      - {type: function, function: {name: ring_bell, description: Rings.}}
  stt: {stt_engine: tavus-advanced}
"""
ANSWERS = [
    "context-into-system-prompt=append", "misplaced-keys=move", "raven-0-to-raven-1=raven-1", "stt-engine=tavus-auto",
    "tts-engine-and-model=sonic-3", "model-successor=tavus-gpt-oss", "perception-field-names=rename",
]  # fmt: skip

Call = Callable[..., Any]


@pytest.fixture
def legacy(project: Path) -> Path:
    (project / "manifests" / "old.yaml").write_text(LEGACY)
    return project


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_without_write_nothing_is_written(legacy: Path, call: Call) -> None:
    before = texts(legacy)
    done = call("migrate", "--full")
    assert done.code == 0
    assert texts(legacy) == before
    assert "--- a/manifests/old.yaml" in done.out
    assert "+    model: tavus-gpt-oss" in done.out
    assert "stt-engine.tavus-advanced=tavus-auto" in done.out
    assert "+++ b/manifests/tools/ring_bell.yaml" in done.out


def test_write_writes_all_and_a_second_run_has_nothing_to_do(legacy: Path, call: Call) -> None:
    done = call("migrate", "--write", "--answer", "stt-engine=tavus-auto")
    assert done.code == 0
    assert "Migrated:" in done.out
    after = texts(legacy)
    assert "pal_name: Desk   # what people see\n" in after["manifests/old.yaml"]
    assert "tools: [ring_bell]" in after["manifests/old.yaml"]
    again = call("migrate", "--write", "--answer", "stt-engine=tavus-auto")
    assert "No changes." in again.out
    assert texts(legacy) == after
    assert call("migrate", "--check").code == 0


def test_check_is_for_pipelines(legacy: Path, call: Call) -> None:
    before = texts(legacy)
    assert call("migrate", "--check").code == 2
    assert call("migrate", "--check", "--only", "stt-engine").code == 0
    assert call("migrate", "--check", "--only", "M16", "--answer", "M16=tavus-auto").code == 2
    assert texts(legacy) == before


def test_the_result_is_valid_and_cured(legacy: Path, call: Call) -> None:
    def codes() -> set[str]:
        found = json.loads(call("validate", "--format", "json", "--verbose").out)["diagnostics"]
        return {one["code"] for one in found if one["severity"] in ("error", "warning")}

    assert "L32" in codes()
    call("migrate", "--write", "--answer", "stt-engine=tavus-auto")
    assert codes().isdisjoint({"L26", "L28", "L32"})


def test_paths_limit_what_changes(legacy: Path, call: Call) -> None:
    call("migrate", "--write", "manifests/desk.yaml")
    assert (legacy / "manifests" / "old.yaml").read_text() == LEGACY
    assert "pal_name: Desk" in (legacy / "manifests" / "desk.yaml").read_text()


def test_answers_of_the_project_file(legacy: Path, call: Call) -> None:
    head = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
    (legacy / "manifests" / "reconciler.yaml").write_text(
        f"{head}migrations: {{stt-engine: {{tavus-advanced: tavus-whisper}}, vocabulary-persona-to-pal: persona}}\n"
    )
    call("migrate", "--write")
    after = (legacy / "manifests" / "old.yaml").read_text()
    assert "stt_engine: tavus-whisper" in after
    assert "migrations:" in (legacy / "manifests" / "reconciler.yaml").read_text()


def test_to_persona_words(legacy: Path, call: Call) -> None:
    call("migrate", "--write", "--only", "M01", "--to", "pal")
    call("migrate", "--write", "--only", "M01", "--to", "persona")
    assert (legacy / "manifests" / "old.yaml").read_text() == LEGACY


@pytest.mark.parametrize(
    "words",
    [
        ["--write", "--check"],
        ["--only", "nothing"],
        ["--skip", "M99"],
        ["--answer", "nothing=1"],
        ["--answer", "stt-engine"],
        ["--to", "robot"],
        ["--format", "sarif"],
        ["missing.yaml"],
    ],
)
def test_wrong_usage(legacy: Path, call: Call, words: list[str]) -> None:
    before = texts(legacy)
    done = call("migrate", *words)
    assert done.code == 64
    assert "Traceback" not in done.err
    assert texts(legacy) == before


def test_a_file_that_is_not_readable_is_an_error_and_the_rest_goes_on(legacy: Path, call: Call) -> None:
    (legacy / "manifests" / "bad.yaml").write_text("persona_name: [\n")
    done = call("migrate", "--write")
    assert done.code == 1
    assert "bad.yaml:" in done.err
    assert "pal_name" in (legacy / "manifests" / "old.yaml").read_text()
    assert call("migrate", "--check").code == 1


def test_every_format(legacy: Path, call: Call) -> None:
    document = json.loads(call("migrate", "--format", "json").out)
    assert document["totals"]["open"] == 1
    assert call("migrate", "--format", "markdown").out.startswith("## Migration report")
    assert call("migrate", "--format", "html").out.startswith("<!doctype html>")


def test_reports_go_into_files(legacy: Path, call: Call) -> None:
    done = call("migrate", "--report", "json=r.json", "--report", "html=r.html", "--quiet")
    assert json.loads((legacy / "r.json").read_text())["written"] is False
    assert "</html>" in (legacy / "r.html").read_text()
    assert done.out.startswith("Migrate:")
    assert done.out.count("\n") == 1


def test_the_table(call: Call) -> None:
    assert "M15  model-successor  (ask)" in call("migrate", "--list").out
    assert len(json.loads(call("migrate", "--list", "--format", "json").out)) == 22


def test_literal_secrets_stay_out_of_the_diff(legacy: Path, call: Call) -> None:
    (legacy / "manifests" / "key.yaml").write_text(
        "persona_name: K\nlayers: {llm: {api_key: hunter22secret, base_url: 'https://x.example/v1', model: m}}\n"
    )
    for name in ("text", "json", "markdown", "html"):
        assert "hunter22secret" not in call("migrate", "--format", name).out
    call("migrate", "--write")
    assert "hunter22secret" in (legacy / "manifests" / "key.yaml").read_text()


def test_a_file_that_changes_meanwhile_stops_the_writing(
    legacy: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = write_result

    def late(*arguments: Any) -> None:
        (legacy / "manifests" / "desk.yaml").write_text("persona_name: Somebody else\n")
        real(*arguments)

    monkeypatch.setattr("reconciler.api.migrate.write_result", late)
    done = call("migrate", "--write")
    assert done.code == 1
    assert "since it was read" in done.err
    assert (legacy / "manifests" / "old.yaml").read_text() == LEGACY
    assert not (legacy / "manifests" / "tools").exists()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A person who types these lines."""

    def typed(lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        monkeypatch.setattr(migrate, "is_terminal", lambda _: True)

    return typed


@pytest.mark.parametrize(
    ("line", "engine"), [("1", "tavus-auto"), ("tavus-soniox", "tavus-soniox"), ("", "tavus-advanced")]
)
def test_choices_are_asked_on_a_terminal(
    legacy: Path, call: Call, terminal: Callable[[str], None], line: str, engine: str
) -> None:
    terminal(f"{line}\n")
    done = call("migrate", "--write", "--yes")
    assert "what follows tavus-advanced?" in done.err
    assert f"stt_engine: {engine}" in (legacy / "manifests" / "old.yaml").read_text()


def test_nobody_is_asked_in_a_check_or_for_machines(
    legacy: Path, call: Call, terminal: Callable[[str], None]
) -> None:
    terminal("1\n1\n")
    assert "what follows" not in call("migrate", "--check").err
    assert "what follows" not in call("migrate", "--format", "json").err


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "manifests", ignore=shutil.ignore_patterns(".reconciler"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_project_migrates(example: Path, call: Call) -> None:
    words = [word for answer in ANSWERS for word in ("--answer", answer)]
    before = texts(example)
    assert call("migrate", "--write", *words).code == 0
    after = texts(example)
    assert set(after) == set(before)
    assert call("migrate", "--check", *words).code == 0
    found = json.loads(call("validate", "--format", "json", "--verbose").out)["diagnostics"]
    assert [one for one in found if one["severity"] == "error"] == []
    codes = {one["code"] for one in found}
    assert codes.isdisjoint({"L26", "L28"})
    guide = after["manifests/personas/life-coach.yaml"]
    assert "tools: [life_coach_insight, notify_if_id_shown]" in guide
    assert "# Everything that the Create Persona page shows in one body." in guide


def test_the_migrated_example_applies_and_settles(example: Path, call: Call) -> None:
    words = [word for answer in ANSWERS for word in ("--answer", answer)]
    call("migrate", "--write", *words)
    assert call("apply", "--auto-approve").code == 0
    assert call("plan", "--detailed-exitcode").code == 0


def test_in_a_process_of_its_own(legacy: Path, start: Call) -> None:
    done = start("migrate", "--write")
    assert done.code == 0
    assert done.err == ""
    assert start("migrate", "--check").code == 0


DIES = """
import os, sys
real, left = os.replace, int(sys.argv[1])

def replace(source, target):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
    real(source, target)

os.replace = replace
from reconciler.cli.main import run
run(["migrate", "--write", "--answer", "stt-engine=tavus-auto"])
"""


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_killed_run_leaves_whole_files_and_the_next_finishes(legacy: Path, call: Call, renames: int) -> None:
    """What was renamed is complete, nothing refers to a tool that is not there, a second run does the rest."""
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parent)}
    died = subprocess.run([sys.executable, "-c", DIES, str(renames)], env=environment, check=False)
    assert died.returncode == -9
    found = json.loads(call("validate", "--format", "json").out)["diagnostics"]
    assert [one for one in found if one["severity"] == "error"] == []
    assert call("migrate", "--write", "--answer", "stt-engine=tavus-auto").code == 0
    assert "tools: [ring_bell]" in (legacy / "manifests" / "old.yaml").read_text()
    assert "pal_name" in (legacy / "manifests" / "desk.yaml").read_text()
    assert call("migrate", "--check").code == 0


@pytest.mark.parametrize("flag", [[], ["--check"], ["--write"]])
def test_nothing_to_look_at_is_no_success(
    flag: list[str], call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    done = call("migrate", *flag)
    assert done.code == 1
    assert "no manifests" in done.err
    assert call("migrate", "--allow-empty", *flag).code == 0


def test_every_path_that_is_named_holds_something(legacy: Path, call: Call) -> None:
    (legacy / "manifests" / "notes").mkdir()
    (legacy / "manifests" / "notes" / "a.yaml").write_text("x: 1\n")
    (legacy / "manifests" / "gone.yaml").write_text("apiVersion: personas/v1\nkind: Removed\naddress: tool.x\n")
    done = call("migrate", "manifests/old.yaml", "manifests/notes")
    assert done.code == 1
    assert "manifests/notes" in done.err
    assert call("migrate", "manifests/gone.yaml").code == 0


HANDOVER = ("migrate", "--only", "livekit-handover")


@pytest.fixture
def two(project: Path) -> Path:
    other = PERSONA.replace("desk", "door", 1).replace("Desk", "Door")
    (project / "manifests" / "door.yaml").write_text(other)
    return project


def migrate_handover_texts(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_without_write_nothing_changes_and_everything_is_shown(two: Path, call: Callable) -> None:
    before = migrate_handover_texts(two)
    done = call(*HANDOVER, "persona.desk")
    assert done.code == 0, done
    assert "+  pipeline_mode: echo" in done.out
    assert "-  system_prompt: You welcome visitors." in done.out
    assert "would write livekit-agents/desk/desk_agent.py" in done.err
    assert migrate_handover_texts(two) == before


@pytest.mark.parametrize("word", ["persona.desk", "manifests/desk.yaml"])
def test_manifest_and_agent_are_written_together(two: Path, call: Callable, word: str) -> None:
    door = (two / "manifests" / "door.yaml").read_bytes()
    assert call(*HANDOVER, word, "--write").code == 0
    settings = json.loads((two / "livekit-agents/desk/desk_agent.json").read_text())
    assert settings["instructions"] == "You welcome visitors."
    assert settings["greeting"] == "Hello."
    assert "system_prompt" not in (two / "manifests" / "desk.yaml").read_text()
    assert "transport_type: livekit" in (two / "manifests" / "desk.yaml").read_text()
    assert (two / "manifests" / "door.yaml").read_bytes() == door
    assert not (two / "livekit-agents" / "door").exists()
    assert call("validate").code == 0
    before = migrate_handover_texts(two)
    again = call(*HANDOVER, word, "--write")
    assert again.code == 0
    assert migrate_handover_texts(two) == before
    exported = call("export", "--target", "livekit", "--name", "desk")
    assert exported.code == 0
    assert migrate_handover_texts(two) == before, "the agent of a persona that has left stays as it was"


def test_what_was_applied_follows_with_the_next_plan(project: Path, call: Callable) -> None:
    assert call("apply", "--auto-approve").code == 0
    assert call(*HANDOVER, "persona.desk", "--write").code == 0
    settings = json.loads((project / "livekit-agents/desk/desk_agent.json").read_text())
    assert settings["avatar"]["pal_id"].startswith("p")
    assert "0 to add, 1 to change, 0 to destroy" in call("plan").out
    assert call("apply", "--auto-approve").code == 0
    assert call("plan", "--detailed-exitcode").code == 0


def test_an_agent_that_somebody_changed_stops_everything(project: Path, call: Callable) -> None:
    assert call("export", "--target", "livekit").code == 0
    module = project / "livekit-agents/desk/desk_agent.py"
    module.write_text(module.read_text() + "# mine\n")
    (project / "manifests/desk.yaml").write_text(PERSONA.replace("visitors", "people"))
    module_before = migrate_handover_texts(project)
    done = call(*HANDOVER, "persona.desk", "--write")
    assert done.code == 1
    assert "desk_agent.py" in done.err
    assert migrate_handover_texts(project) == module_before


def test_somebody_has_to_be_named_or_asked(two: Path, call: Callable) -> None:
    before = migrate_handover_texts(two)
    done = call(*HANDOVER, "--write")
    assert done.code == 0
    assert "2 open" in done.out
    assert migrate_handover_texts(two) == before


@pytest.mark.parametrize(
    ("word", "said"), [("persona.nobody", "no manifest is persona.nobody"), ("nowhere", "nowhere")]
)
def test_an_unknown_name_is_wrong_usage(project: Path, call: Callable, word: str, said: str) -> None:
    done = call(*HANDOVER, word, "--write")
    assert done.code == 64
    assert said in done.err


def test_the_folder_may_be_chosen(project: Path, call: Callable) -> None:
    assert call(*HANDOVER, "persona.desk", "--write", "--agents", "else/where").code == 0
    assert (project / "else/where/desk/desk_agent.py").is_file()


def test_from_python(project: Path) -> None:
    result = open_project().migrate(write=True, only=["livekit-handover"], answers={"livekit-handover": "handover"})
    assert len(result.files) == 1
    assert (project / "livekit-agents/desk/desk_agent.json").is_file()
