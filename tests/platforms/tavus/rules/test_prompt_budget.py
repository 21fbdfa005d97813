"""L10: the budgets of three generations of pages, at four characters a token."""

from __future__ import annotations

import pytest

from reconciler.platforms.tavus.rules.prompt_budget import judge
from reconciler.types.catalogue import Budget
from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, function, said

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
    assert [judge(count, budget) is not None for count in (10, 11)] == [False, True]
    worst = judge(41, budget)
    assert worst is not None
    assert worst[0].value == "error"
