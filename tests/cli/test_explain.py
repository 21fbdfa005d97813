"""explain: whatever people type leads to its page, and a typo to what was meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        ("Moved", "moved:"),
        ("removed", "removed:"),
        ("{ref}", "references:"),
        ("join", "references:"),
        ("exit", "exit-codes:"),
        ("5", "exit-5:"),
        ("mass_change", "block-mass_change:"),
        ("E-typo", "E-typo:"),
        ("e-StateLocked", "E-StateLocked:"),
        ("plan.json", "plan-json:"),
        ("project", "project:"),
        ("project.workspaces.production.policy.deletes", "project.workspaces.NAME.policy.deletes:"),
        ("policy", "project.workspaces.NAME.policy:"),
        ("project.policy", "project.workspaces.NAME.policy:"),
        ("metadata.labels", "PATH:     manifest.metadata.labels"),
        ("lifecycle", "PATH:     manifest.lifecycle"),
        ("tools", "PATH:     persona.tools"),
        ("L18", "L18 "),
        ("M15", "M15 "),
    ],
)
def test_what_people_type(typed: str, begins: str, call: Callable) -> None:
    done = call("explain", typed)
    assert done.code == 0, done
    assert done.out.startswith(begins)
    assert call("explain", typed, "--format", "json").code == 0


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lifecyle", "lifecycle"),
        ("E-feild", "E-field"),
        ("exit-cods", "exit-codes"),
        ("Movd", "moved"),
        ("project.workspaces.prod.policy.delets", "project.workspaces.NAME.policy.deletes"),
        ("persona.layers.llm.modle", "persona.layers.llm.model"),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(typed: str, meant: str, call: Callable) -> None:
    done = call("explain", typed)
    assert done.code == 64
    assert f"did you mean {meant}?" in done.err.replace("'", "")


def test_a_command_is_no_field(call: Callable) -> None:
    done = call("explain", "models")
    assert done.code == 64, done
    assert "reconciler models --help" in done.err
