"""Scripts that teach a shell our words."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.completion import SHELLS
from tests.support import forked


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(shell: str, call: Callable[..., Any]) -> None:
    ended = call("completion", shell)
    assert ended.code == 0
    assert "_RECONCILER_COMPLETE" in ended.out
    assert f"{shell}_complete" in ended.out


def test_the_shell_asks_and_is_answered(start: Callable[..., Any]) -> None:
    asked = {"_RECONCILER_COMPLETE": "bash_complete", "COMP_WORDS": "reconciler pl", "COMP_CWORD": "1"}
    ended = start(env=asked)
    assert ended.code == 0, ended
    assert ended.out.split() == ["plain,plan"]


def test_formats_are_completed(start: Callable[..., Any]) -> None:
    asked = {"_RECONCILER_COMPLETE": "bash_complete", "COMP_WORDS": "reconciler plan --format j", "COMP_CWORD": "3"}
    assert "plain,json" in start(env=asked).out.split()


def test_addresses_of_the_state_are_completed(
    project: Path, call: Callable[..., Any], start: Callable[..., Any]
) -> None:
    asked = {
        "_RECONCILER_COMPLETE": "bash_complete",
        "COMP_WORDS": "reconciler state show persona.",
        "COMP_CWORD": "3",
    }
    assert start(env=asked).out.strip() == ""
    assert call("apply", "--auto-approve").code == 0
    assert start(env=asked).out.split() == ["plain,persona.desk"]
    (project / "manifests" / "reconciler.yaml").write_text("a: [")
    ended = start(env=asked)
    assert (ended.code, ended.out.strip(), ended.err) == (0, "", "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["reconciler", "dr"], ["drift"]),
        (["reconciler", "state", "force"], ["force-unlock"]),
        (["reconciler", "plan", "--detailed"], ["--detailed-exitcode"]),
        (["reconciler", "plan", "--format", "mark"], ["markdown"]),
        (["reconciler", "-w", "sandbox", "state", "sh"], ["show"]),
        (["reconciler", "zzz"], []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_real_bash_completes(tmp_path: Path, words: list[str], expected: list[str]) -> None:
    """The script of `completion bash`, sourced by a bash, answers as it does to TAB."""
    program = tmp_path / "bin" / "reconciler"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {forked.program("reconciler")} "$@"\n')
    program.chmod(0o755)
    root = Path(__file__).resolve().parents[2]
    script = f"""
        source <(reconciler completion bash)
        complete -p reconciler >/dev/null || exit 9
        COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}
        handler=$(complete -p reconciler); handler=${{handler##*-F }}; handler=${{handler%% *}}
        $handler reconciler
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == expected
