"""L02."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import findings, said


@pytest.mark.parametrize(("mode", "severity"), [("echo", "warning"), ("speech-to-speech", "error")])
@pytest.mark.parametrize("word", ["system_prompt", "context"])
def test_a_prompt_has_no_effect(mode: str, severity: str, word: str) -> None:
    assert said("L02", {"pipeline_mode": mode, word: "Be kind."}) == [(f"/{word}", severity)]


def test_both_are_reported() -> None:
    spec: dict[str, Json] = {"pipeline_mode": "echo", "system_prompt": "a", "context": "b"}
    assert [pointer for pointer, _ in said("L02", spec)] == ["/system_prompt", "/context"]


@pytest.mark.parametrize(
    "spec",
    [
        {"pipeline_mode": "echo"},
        {"pipeline_mode": "echo", "system_prompt": ""},
        {"pipeline_mode": "echo", "context": None},
        {"pipeline_mode": "full", "system_prompt": "Hi", "context": "There"},
        {"system_prompt": "Hi"},
        {"pipeline_mode": "new-mode", "system_prompt": "Hi"},
        {"pipeline_mode": ["echo"], "system_prompt": "Hi"},
    ],
)
def test_quiet(spec: dict[str, Json]) -> None:
    assert said("L02", spec) == []


def test_a_reference_counts_as_a_prompt() -> None:
    (finding,) = findings("L02", {"pipeline_mode": "echo", "system_prompt": {"env": "PROMPT"}})
    assert "echo" in finding.summary
