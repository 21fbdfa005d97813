"""The example project through the program: every workspace is valid, and the sandbox goes all the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import forked

EXAMPLE = Path(__file__).resolve().parents[2] / "manifests"
ROOT = EXAMPLE.parent
PERSONAS = {
    "persona.concierge",
    "persona.echo-presenter",
    "persona.health-coach",
    "persona.health-coach-pal",
    "persona.legacy-guide",
    "persona.life-coach",
    "persona.life-coach-minimal",
    "persona.onboarding-guide",
    "persona.storyteller",
}
TOOLS = {"tool.get_current_weather", "tool.life_coach_insight", "tool.notify_if_id_shown"}
SHARED = {
    "connector.bookings",
    "deployment.front-desk-page",
    "document.house-rules",
    "guardrail.no_medical_advice",
    "guardrail_set.legacy-rules",
    "objectives.check-in",
    "pronunciation_dictionary.brand-terms",
}
EVERYTHING = PERSONAS | TOOLS | SHARED

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy, so that the sandbox of one test is not that of another, and nothing is left in the repository."""
    shutil.copytree(EXAMPLE, tmp_path / "manifests", ignore=shutil.ignore_patterns(".reconciler"))
    return tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    """`run("plan", "--detailed-exitcode", code=2)` runs the program in the project and checks its exit code."""

    def call(*arguments: str, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        command = [sys.executable, "-m", "reconciler", *arguments]
        done = forked.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return call


def plan(run: Run, *arguments: str) -> dict[str, Any]:
    value = json.loads(run("plan", "--format", "json", *arguments).stdout)
    assert isinstance(value, dict)
    return value


def objects(project: Path) -> str:
    return (project / ".reconciler" / "sandbox" / "world.json").read_text("utf-8")


@pytest.mark.parametrize("workspace", ["sandbox", "staging", "production"])
def test_every_workspace_is_valid_without_any_key(run: Run, workspace: str) -> None:
    done = run("-w", workspace, "validate", "--format", "json")
    errors = [entry for entry in json.loads(done.stdout)["diagnostics"] if entry["severity"] == "error"]
    assert errors == []


def test_what_is_deprecated_is_said(run: Run) -> None:
    found = json.loads(run("validate", "--format", "json").stdout)["diagnostics"]
    pointers = {entry.get("pointer") for entry in found if entry.get("address") == "persona.life-coach"}
    assert {"/layers/llm/model", "/layers/llm/tools"} & pointers


def test_the_first_plan_creates_everything(run: Run) -> None:
    first = plan(run)
    created = {change["address"] for change in first["resource_changes"] if change["change"]["actions"] == ["create"]}
    assert created == EVERYTHING
    assert first["applyable"]


def test_a_plan_holds_no_secret(run: Run, project: Path) -> None:
    placeholder = (project / "manifests/overlays/sandbox/placeholder.txt").read_text("utf-8").strip()
    run("plan", "--out", "plan.json")
    assert placeholder not in (project / "plan.json").read_text("utf-8")
    run("apply", "plan.json")
    state = (project / ".reconciler/sandbox/state.json").read_text("utf-8")
    assert placeholder not in state + objects(project)


def test_the_whole_way(run: Run, project: Path) -> None:
    """Plan, apply, an empty second plan, a second apply that changes nothing, destroy."""
    text = run("plan").stdout
    assert f"Plan: {len(EVERYTHING)} to add, 0 to change, 0 to destroy." in text
    applied = run("apply", "--auto-approve").stdout
    assert f"Apply complete! Resources: {len(EVERYTHING)} added, 0 changed, 0 destroyed." in applied

    assert "No changes." in run("plan", "--detailed-exitcode").stdout
    before = objects(project)
    run("apply", "--auto-approve")
    assert objects(project) == before
    run("drift")

    listed = run("state", "list").stdout.split()
    assert set(listed) >= EVERYTHING

    run("destroy", "--auto-approve")
    assert run("state", "list").stdout.split() == []


def test_both_vocabularies_name_one_object(run: Run, project: Path) -> None:
    """The persona manifest rewritten in PAL words is the same persona."""
    run("apply", "--auto-approve")
    manifest = project / "manifests/personas/health-coach.yaml"
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace("persona_name", "pal_name").replace("default_replica_id", "default_face_id"))
    run("plan", "--detailed-exitcode")


def test_one_leaf_is_one_operation(run: Run, project: Path) -> None:
    run("apply", "--auto-approve")
    manifest = project / "manifests/personas/health-coach.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("temperature: 0.7", "temperature: 0.5"))
    changed = plan(run)
    (change,) = changed["resource_changes"]
    assert change["address"] == "persona.health-coach"
    assert change["change"]["patch"] == [
        {"op": "replace", "path": "/layers/llm/extra_body/temperature", "value": 0.5}
    ]
    assert [request["method"] for request in changed["requests"]] == ["PATCH"]


def test_the_prompt_in_a_file_is_followed(run: Run, project: Path) -> None:
    run("apply", "--auto-approve")
    prompt = project / "manifests/prompts/concierge.md"
    prompt.write_text(prompt.read_text("utf-8") + "\nSay goodbye by name.\n")
    (change,) = plan(run)["resource_changes"]
    assert change["address"] == "persona.concierge"
    assert list(change["change"]["directions"]) == ["/system_prompt"]


def test_a_deleted_manifest_is_blocked_until_it_is_allowed(run: Run, project: Path) -> None:
    run("apply", "--auto-approve")
    (project / "manifests/personas/echo-presenter.yaml").unlink()
    assert not plan(run)["applyable"]
    run("apply", "--auto-approve", code=3)
    done = run("apply", "--auto-approve", "--allow-deletes").stdout
    assert "1 destroyed" in done


def test_the_key_of_production_is_asked_for_by_name(run: Run) -> None:
    done = run("-w", "production", "plan", code=1)
    assert "TAVUS_API_KEY" in done.stderr
