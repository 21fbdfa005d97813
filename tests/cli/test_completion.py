"""Scripts that teach a shell our words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.completion import SHELLS


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
