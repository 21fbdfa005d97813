"""The staging workspace of the example against a served account: real HTTP, real references to secrets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]
STAGING_KEY = "staging-key-of-the-test"
MODEL_KEY = "model-key-of-the-test"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[str]:
    """The base URL of an empty account, served by a process of its own until the test ends."""
    command = [sys.executable, "-m", "reconciler", "simulator", "serve", "--world", str(tmp_path / "account.json")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with forked.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, env=environment, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.fixture
def run(tmp_path: Path, account: str) -> Run:
    """Run the program in a copy of the example, on the staging workspace, without the key of the Storyteller."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests", ignore=shutil.ignore_patterns(".reconciler"))

    def call(*arguments: str, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TAVUS_PUBLIC_API_BASE_URL": account,
            "TAVUS_STAGING_API_KEY": STAGING_KEY,
            **variables,
        }
        command = [sys.executable, "-m", "reconciler", "-w", "staging", *arguments]
        done = forked.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return call


def everything_written(folder: Path) -> str:
    """All that the program and the account have left on disk."""
    return "".join(path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file())


def test_without_the_key_of_the_model_nothing_is_sent(run: Run, tmp_path: Path) -> None:
    done = run("apply", "--auto-approve", code=1)
    assert "STORYTELLER_LLM_API_KEY" in done.stdout + done.stderr
    world = tmp_path / "account.json"
    assert not world.exists() or "Health Coach" not in world.read_text("utf-8")


def test_with_the_key_it_goes_through_and_stays_still(run: Run, tmp_path: Path) -> None:
    key = {"STORYTELLER_LLM_API_KEY": MODEL_KEY}
    run("apply", "--auto-approve", **key)
    run("plan", "--detailed-exitcode", **key)
    run("drift", **key)
    written = everything_written(tmp_path)
    assert MODEL_KEY not in written
    assert STAGING_KEY not in written
    assert "gpt-4o-mini" in written, "the overlay of the workspace was used"


def test_a_key_that_is_away_again_counts_as_unchanged(run: Run) -> None:
    run("apply", "--auto-approve", STORYTELLER_LLM_API_KEY=MODEL_KEY)
    run("plan", "--detailed-exitcode")


def test_a_rotated_key_is_one_change(run: Run) -> None:
    run("apply", "--auto-approve", STORYTELLER_LLM_API_KEY=MODEL_KEY)
    rotated = {"STORYTELLER_LLM_API_KEY": MODEL_KEY + "-2"}
    done = run("plan", "--detailed-exitcode", code=2, **rotated)
    assert "1 to change" in done.stdout
    assert MODEL_KEY not in done.stdout
    run("apply", "--auto-approve", **rotated)
    run("plan", "--detailed-exitcode", **rotated)
