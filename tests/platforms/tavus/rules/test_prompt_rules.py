"""Rules of the prompt: whether the pipeline needs one or ignores it, and how long it may be (L01, L02, L10)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.platforms.tavus.rules import RULES
from reconciler.platforms.tavus.rules.prompt_rules import judge_tokens
from reconciler.types.catalogue import Budget
from reconciler.types.json import Json
from reconciler.types.manifest import Lifecycle, Manage
from tests.support.rulecase import CUSTOM, body, context, findings, function, manifest, said


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({}, ""),
        ({"pal_name": "Coach"}, ""),
        ({"persona_name": "Coach", "pipeline_mode": "full"}, ""),
        ({"system_prompt": ""}, "/system_prompt"),
        ({"system_prompt": "  \n"}, "/system_prompt"),
        ({"system_prompt": None}, "/system_prompt"),
        ({"pipeline_mode": None}, ""),
        ({"pipeline_mode": ""}, ""),
        ({"context": "Only context."}, ""),
    ],
)
def test_the_full_pipeline_needs_a_prompt(spec: dict[str, Json], pointer: str) -> None:
    assert said("L01", spec) == [(pointer, "error")]


@pytest.mark.parametrize(
    "spec",
    [
        {"system_prompt": "Hi"},
        {"system_prompt": {"file": "prompt.md"}},
        {"pipeline_mode": "echo"},
        {"pipeline_mode": "speech-to-speech"},
        {"pipeline_mode": "something-new"},
        {"pipeline_mode": 7},
    ],
)
def test_other_pipelines_and_references_are_fine(spec: dict[str, Json]) -> None:
    assert said("L01", spec) == []


def test_the_hint_names_both_ways_out() -> None:
    (finding,) = findings("L01", {})
    assert finding.hint is not None
    assert "system_prompt" in finding.hint
    assert "echo" in finding.hint


def test_a_part_of_an_existing_object_needs_no_prompt() -> None:
    part = manifest({"layers": {"llm": {"model": "tavus-gpt-oss"}}})
    for one in (replace(part, id="p1"), replace(part, lifecycle=Lifecycle(manage=Manage.OBSERVE))):
        (finding,) = RULES.get("L01").check(one, context(one))
        assert finding.severity.value == "warning"


@pytest.mark.parametrize("mode", ["echo", "speech-to-speech"])
@pytest.mark.parametrize("word", ["system_prompt", "context"])
def test_a_prompt_has_no_effect(mode: str, word: str) -> None:
    assert said("L02", {"pipeline_mode": mode, word: "Be kind."}) == [(f"/{word}", "error")]


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


PROMPT = "/system_prompt"


def prompt(tokens: int, model: str = "tavus-gpt-oss", **more: Json) -> dict[str, Json]:
    return body(llm={"model": model}, system_prompt="x" * (4 * tokens), **more)


@pytest.mark.parametrize(
    ("model", "tokens", "severity"),
    [
        ("tavus-gpt-oss", 5000, None),
        ("tavus-gpt-oss", 5001, "warning"),
        ("tavus-gpt-oss", 15000, "warning"),
        ("tavus-gpt-oss", 32000, "warning"),
        ("tavus-gpt-oss", 32001, "error"),
        ("tavus-glm-4.7", 32001, "warning"),
        ("tavus-glm-4.7", 200000, "warning"),
        ("tavus-glm-4.7", 200001, "error"),
        ("tavus-gemma-4", 32001, "warning"),
        ("tavus-llama-4", 24999, None),
        ("tavus-llama-4", 25000, "warning"),
        ("tavus-llama-4", 32001, "error"),
        ("tavus-unheard-of", 32001, "warning"),
    ],
)
def test_the_budget_of_each_model(model: str, tokens: int, severity: str | None) -> None:
    expected = [] if severity is None else [(PROMPT, severity)]
    assert said("L10", prompt(tokens, model)) == expected


@pytest.mark.parametrize(
    ("generation", "tokens", "severity"),
    [
        ("2025-07", 24999, None),
        ("2025-07", 25000, "warning"),
        ("2025-12", 5001, None),
        ("2026-02", 5001, "warning"),
        ("2026-02", 32001, "error"),
    ],
)
def test_the_budget_of_each_generation(generation: str, tokens: int, severity: str | None) -> None:
    expected = [] if severity is None else [(PROMPT, severity)]
    assert said("L10", prompt(tokens), generation=generation) == expected


def test_the_summary_counts_and_names_the_band() -> None:
    (finding,) = findings("L10", prompt(16000))
    assert "16,000 tokens" in finding.summary
    assert "15,000 to 20,000" in finding.summary
    assert "tavus-gpt-oss" in finding.summary


def test_context_counts_too() -> None:
    assert said("L10", prompt(3000, context="x" * 12000)) == [(PROMPT, "warning")]
    spec = body(system_prompt=None, context="x" * 24000)
    assert said("L10", spec) == [("/context", "warning")]


def test_a_part_of_a_token_is_a_token() -> None:
    assert said("L10", body(system_prompt="x" * 20000)) == []
    assert said("L10", body(system_prompt="x" * 20001)) == [(PROMPT, "warning")]


def test_a_custom_llm_has_no_advice_but_a_bound() -> None:
    assert said("L10", body(llm=CUSTOM, system_prompt="x" * 4 * 20000)) == []
    assert said("L10", body(llm=CUSTOM, system_prompt="x" * 4 * 33000)) == [(PROMPT, "warning")]


def test_schemas_of_tools_are_an_info() -> None:
    big = function(parameters={"type": "object", "properties": {"a": {"description": "y" * 12000}}})
    spec = body(llm={"model": "tavus-gpt-oss", "tools": [big]}, system_prompt="x" * 4 * 3000)
    assert said("L10", spec) == [(PROMPT, "info")]


def test_no_prompt_and_other_pipelines_are_quiet() -> None:
    assert said("L10", body(system_prompt={"env": "P"})) == []
    assert said("L10", prompt(40000, pipeline_mode="echo")) == []


def test_the_worst_comes_first() -> None:
    budget = Budget(10, 20, 30, 40, window_known=True)
    assert [judge_tokens(count, budget) is not None for count in (10, 11)] == [False, True]
    worst = judge_tokens(41, budget)
    assert worst is not None
    assert worst[0].value == "error"
