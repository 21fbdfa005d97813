"""Plans that are kept, and runs, know the commit that their manifests came from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler import open_project
from tests.cli.conftest import Ended

Call = Callable[..., Ended]


def git(folder: Path, *words: str) -> str:
    given = ["-c", "user.name=N", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *given, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(project: Path) -> Path:
    git(project, "init", "-q")
    git(project, "add", "manifests")
    git(project, "commit", "-qm", "first")
    return project


def test_a_kept_plan_and_its_apply_name_the_commit(checkout: Path, call: Call) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert call("plan", "--out", "kept.plan").code == 0
    assert json.loads(call("show", "kept.plan", "--format", "json").out)["commit"] == head
    assert call("apply", "kept.plan").code == 0
    assert head[:12] in call("state", "history").out


def test_an_apply_of_changed_files_says_so(checkout: Path, call: Call) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    file = checkout / "manifests" / "desk.yaml"
    file.write_text(file.read_text().replace("Hello.", "Good day."))
    assert call("apply", "--auto-approve").code == 0
    assert f"{head[:12]}-dirty" in call("state", "history").out
    runs = json.loads(call("state", "history", "--format", "json").out)
    assert f'"{head}-dirty"' in json.dumps(runs)


def test_a_mere_look_starts_no_git(checkout: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object, **options: object) -> None:
        raise AssertionError(f"{words} was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert call("plan").code == 0


def test_a_folder_without_git_plans_and_applies(project: Path, call: Call) -> None:
    assert open_project().plan().commit is None
    assert call("plan", "--out", "kept.plan").code == 0
    assert call("apply", "kept.plan").code == 0


def test_the_commit_asked_for_stays(checkout: Path, call: Call) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    file = checkout / "manifests" / "desk.yaml"
    file.write_text("broken: [")
    assert call("plan", "--ref", "HEAD", "--out", "kept.plan").code == 0
    assert json.loads(call("show", "kept.plan", "--format", "json").out)["commit"] == head
