"""The steps of the action, run as the runner runs them, beside a stand-in of GitHub and the embedded account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import forked
from tests.support.forge import PLAN_FILE, REPOSITORY, TOKEN, StandIn, standing_in

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github" / "actions" / "reconciler"

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: northwind}
default_workspace: production
workspaces:
  production: {provider: {type: simulator}}
"""
PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec:
  persona_name: Desk
  system_prompt: You welcome visitors.
  default_replica_id: r90bbd427f71
  greeting: Hello.
  layers:
    llm: {model: tavus-gpt-oss}
"""


@dataclass
class StepEnd:
    """What a step left behind."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str
    folder: Path

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.log}\n--- outputs {self.outputs}"


@dataclass
class Checkout:
    """A repository of manifests, as actions/checkout leaves it, and the steps run in it."""

    root: Path
    hub: StandIn
    steps: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def program(self, *words: str) -> int:
        command = [sys.executable, "-m", "reconciler", *words]
        done = forked.run(command, cwd=self.root, env=self.known(), capture_output=True, check=False)
        return done.returncode

    def known(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **self.environment}

    def edit_by_hand(self, before: str, after: str) -> None:
        """Somebody changes the account, not the manifests."""
        world = self.root / ".reconciler" / "production" / "world.json"
        text = world.read_text()
        assert before in text
        world.write_text(text.replace(before, after))

    def step(
        self, command: str, event: dict[str, Any] | None = None, env: dict[str, str] | None = None, **inputs: str
    ) -> StepEnd:
        """Run one step of the action; `inputs` as in `with:`, `event` as in the event file."""
        self.steps += 1
        temporary = self.root.parent / f"step-{self.steps}"
        temporary.mkdir()
        files = {name: temporary / name for name in ("output", "summary", "event.json")}
        files["event.json"].write_text(json.dumps(event or {}))
        given = {"token": TOKEN, "workspace": "production", **inputs}
        known = {
            **self.known(),
            "RUNNER_TEMP": str(temporary),
            "GITHUB_API_URL": self.hub.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/{PLAN_FILE}@refs/heads/main",
            "GITHUB_RUN_ID": "7",
            "GITHUB_REF_NAME": "main",
            "GITHUB_SHA": self.git("rev-parse", "HEAD"),
            "GITHUB_EVENT_PATH": str(files["event.json"]),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "RECONCILER_PROGRAM": forked.program("reconciler"),
            "RECONCILER_CI_PAUSE": "0",
            **{f"INPUT_{name.upper().replace('-', '_')}": value for name, value in given.items()},
            **(env or {}),
        }
        done = forked.run(
            [sys.executable, str(ACTION / "main.py"), command], cwd=self.root, env=known,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        summary = files["summary"].read_text() if files["summary"].exists() else ""
        return StepEnd(done.returncode, done.stdout, read_outputs(files["output"]), summary, temporary / "reconciler")


def read_outputs(path: Path) -> dict[str, str]:
    """Outputs in the runner's own format: `name<<END`, lines, `END`."""
    found: dict[str, str] = {}
    lines = iter(path.read_text().splitlines() if path.exists() else [])
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        for inner in lines:
            if inner == end:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def pull_request(number: int, head: str, repository: str | None = REPOSITORY) -> dict[str, Any]:
    """The event of a pull request; `repository` None: the fork was deleted."""
    repo = {"full_name": repository} if repository else None
    return {"pull_request": {"number": number, "head": {"sha": head, "repo": repo}}}


@pytest.fixture
def pr() -> Callable[..., dict[str, Any]]:
    return pull_request


@pytest.fixture
def hub() -> Iterator[StandIn]:
    with standing_in() as hub:
        yield hub


@pytest.fixture
def checkout(tmp_path: Path, hub: StandIn) -> Checkout:
    """One persona in git, nothing applied yet."""
    made = Checkout(tmp_path / "work", hub)
    made.root.mkdir()
    made.write("manifests/reconciler.yaml", PROJECT)
    made.write("manifests/desk.yaml", PERSONA)
    made.write(".gitignore", ".reconciler/\n")
    made.git("init", "--quiet", "-b", "main")
    made.commit("first")
    return made
