"""What the command line's tests share: a small project, the program in this process, and the program as a process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.main import run
from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]

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


class Ended:
    """What a command left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: one persona under `manifests/`, no project file."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "desk.yaml").write_text(PERSONA)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run words in this process."""

    def called(*words: str) -> Ended:
        capfd.readouterr()
        code = run([str(word) for word in words])
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return called


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Ended]:
    """Run words in a process of their own, without a terminal."""

    def started(
        *words: str, input: str | None = None, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Ended:
        done = forked.run(
            [sys.executable, "-m", "reconciler", *(str(word) for word in words)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            cwd=cwd or Path.cwd(),
            input=(input or "").encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace"))

    return started
