"""An account that grew over years, behind a server of its own, and the way into files and back by real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import forked
from tests.support.nightly import tried
from tests.support.seededaccount import seeded_world

ROOT = Path(__file__).resolve().parents[2]
ID = re.compile(r"^  id:( \S+)?\n(    \w+: \S+\n)*", re.MULTILINE)


class Account:
    """The program in a process of its own, against whichever server is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), "TAVUS_API_KEY": "key-of-the-account",
                        "RECONCILER_DIGEST_KEY": "quick"}  # fmt: skip

    def run(self, *words: str, folder: Path | None = None, code: int = 0) -> str:
        done = forked.run(
            [sys.executable, "-m", "reconciler", "-w", "tavus", *words], cwd=folder or self.folder, env=self.environ,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def plan(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("plan", "--format", "json", *words))
        return found

    def settled(self) -> None:
        self.run("plan", "--detailed-exitcode")

    @contextmanager
    def served(self, *words: str) -> Iterator[None]:
        """A server until the end of the block."""
        server = forked.Popen(
            [sys.executable, "-m", "reconciler.platforms.tavus.simulator", *words],
            env=self.environ, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            self.environ["TAVUS_PUBLIC_API_BASE_URL"] = server.stdout.readline().strip()
            yield
        finally:
            server.terminate()
            server.wait(timeout=30)
            assert server.stdout is not None
            server.stdout.close()


def texts(folder: Path) -> dict[str, str]:
    """Every manifest without the ids of the account."""
    return {
        str(path.relative_to(folder)): ID.sub("", path.read_text("utf-8"))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {"reconciler.yaml", ".baseline.yaml"}
    }


@pytest.mark.parametrize("share", tried([0.5], [0.1, 1.0]))
def test_an_account_becomes_files_and_the_files_an_account(tmp_path: Path, share: float) -> None:
    count = seeded_world(tmp_path / "world.json", seed=7, share=share)
    assert count == 300 or share < 1
    account = Account(tmp_path)
    with account.served("--world", str(tmp_path / "world.json")):
        exported = json.loads(account.run("export", "manifests", "--format", "json"))
        assert len(exported["files"]) == count
        account.environ |= {one["env"]: f"sk-new-{one['env']}" for one in exported["secrets"]}
        assert exported["secrets"]
        account.run("validate")
        plan = account.plan()
        assert plan["requests"] == []
        assert (plan["summary"]["import"], len(plan["resource_changes"])) == (count, count)
        account.run("apply", "--auto-approve")
        account.settled()
    first = texts(tmp_path / "manifests")
    assert len(first) == count
    assert not [name for name, text in first.items() if "sk-hush-" in text or "****" in text]

    # Another account, empty: every id of the manifests is stale.
    with account.served():
        account.run("apply", "--auto-approve", "--accept-account", "--allow-mass-change")
        account.settled()
        again = tmp_path / "again"
        again.mkdir()
        account.run("export", "manifests", folder=again)
        assert texts(again / "manifests") == first
        assert json.loads(account.run("export", "manifests", "--format", "json"))["files"] == []

        # Destroyed on purpose: the state knows that the objects which the manifests name were its own.
        account.run("destroy", "--auto-approve")
        account.run("apply", "--auto-approve")
        account.settled()
        shutil.rmtree(again / "manifests")
        account.run("export", "manifests", folder=again)
        assert texts(again / "manifests") == first
    state = (tmp_path / ".reconciler" / "tavus" / "state.json").read_text()
    assert "sk-new-" not in state
    assert "sk-hush-" not in state
