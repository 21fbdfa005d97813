"""A stage for stories: an empty project folder, the embedded account, and the command line in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.main import run
from tests.support.story import Stage, open_stage


class Ended:
    """What a command left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@pytest.fixture
def stage(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Stage:
    def call(*words: str) -> Ended:
        capfd.readouterr()
        code = run([str(word) for word in words])
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return open_stage(tmp_path, call, monkeypatch)
