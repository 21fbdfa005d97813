"""`migrate --only livekit-handover PERSONA`: manifest and agent change together, for those who were named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler import open_project
from tests.cli.conftest import PERSONA

HANDOVER = ("migrate", "--only", "livekit-handover")


@pytest.fixture
def two(project: Path) -> Path:
    other = PERSONA.replace("desk", "door", 1).replace("Desk", "Door")
    (project / "manifests" / "door.yaml").write_text(other)
    return project


def texts(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_without_write_nothing_changes_and_everything_is_shown(two: Path, call: Callable) -> None:
    before = texts(two)
    done = call(*HANDOVER, "persona.desk")
    assert done.code == 0, done
    assert "+  pipeline_mode: echo" in done.out
    assert "-  system_prompt: You welcome visitors." in done.out
    assert "would write livekit-agents/desk/desk_agent.py" in done.err
    assert texts(two) == before


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
    before = texts(two)
    again = call(*HANDOVER, word, "--write")
    assert again.code == 0
    assert texts(two) == before
    exported = call("export", "--target", "livekit", "--name", "desk")
    assert exported.code == 0
    assert texts(two) == before, "the agent of a persona that has left stays as it was"


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
    module_before = texts(project)
    done = call(*HANDOVER, "persona.desk", "--write")
    assert done.code == 1
    assert "desk_agent.py" in done.err
    assert texts(project) == module_before


def test_somebody_has_to_be_named_or_asked(two: Path, call: Callable) -> None:
    before = texts(two)
    done = call(*HANDOVER, "--write")
    assert done.code == 0
    assert "2 open" in done.out
    assert texts(two) == before


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
