"""Real processes of the command line, really killed at each request: one more run heals, without twin or orphan."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: killed}
default_workspace: sandbox
workspaces:
  sandbox:
    provider: {type: simulator%s}
"""
FILES = {
    "look_up.yaml": "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: look_up}\n"
    "spec: {name: look_up, description: Looks it up, origin: llm}\n",
    "coach.yaml": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: coach}\nspec:\n"
    "  persona_name: Coach\n  system_prompt: p\n  default_replica_id: rfe12d8b9597\n  tools: [look_up]\n"
    "  layers: {llm: {model: gpt, base_url: 'https://llm.example.com', api_key: {env: COACH_KEY}}}\n",
    "second.yaml": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: second}\nspec:\n"
    "  pal_name: Second\n  system_prompt: s\n  default_face_id: rfe12d8b9597\n",
}
SECRET = "sk-killed-process-secret-value"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "reconciler.yaml").write_text(PROJECT % "")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return tmp_path


def reconciler(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "COACH_KEY": SECRET, "RECONCILER_DIGEST_KEY": "quick"}
    return forked.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=project, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def deadly(project: Path, nth: int, point: str) -> int:
    """One apply that dies at its nth request: the embedded service kills the process that it lives in."""
    rules = {"rules": [{"path": "**", "nth": [nth], "kill": point}]}
    (project / "faults.json").write_text(json.dumps(rules))
    settings = project / "manifests" / "reconciler.yaml"
    settings.write_text(PROJECT % ", faults: faults.json")
    code = reconciler(project, "apply", "--auto-approve").returncode
    settings.write_text(PROJECT % "")
    return code


def objects(project: Path) -> dict[str, list[str]]:
    world = json.loads((project / ".reconciler" / "sandbox" / "world.json").read_text())["objects"]
    ours = {kind: [one for one in world[kind].values() if "$type" not in one] for kind in ("pals", "tools")}
    return {kind: sorted(one.get("pal_name") or one["name"] for one in found) for kind, found in ours.items()}


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("nth", range(3, 9))
def test_kill_9_at_each_request_of_an_apply(project, nth, point):
    assert deadly(project, nth, point) == -signal.SIGKILL
    healed = reconciler(project, "apply", "--auto-approve")
    assert healed.returncode == 0, healed.stderr
    assert objects(project) == {"pals": ["Coach", "Second"], "tools": ["look_up"]}
    again = reconciler(project, "plan", "--detailed-exitcode")
    assert again.returncode == 0, again.stdout + again.stderr
    state = json.loads((project / ".reconciler" / "sandbox" / "state.json").read_text())
    assert sorted(state["resources"]) == ["persona.coach", "persona.second", "tool.look_up"]
    assert state["pending"] == []
    for found in project.rglob("*"):
        if found.is_file() and found.suffix != ".yaml":
            assert SECRET.encode() not in found.read_bytes(), found
    assert SECRET not in healed.stdout + healed.stderr + again.stdout + again.stderr
