"""L07."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said

EXTRA = "/layers/llm/extra_body"


def hosted(extra: Json, model: str = "tavus-gpt-oss") -> dict[str, Json]:
    return body(llm={"model": model, "extra_body": extra})


@pytest.mark.parametrize(
    ("extra", "pointer", "part"),
    [
        ({"frequency_penalty": 0.5}, "/frequency_penalty", "do not take frequency_penalty"),
        ({"temperature": 2.5}, "/temperature", "between 0 and 2"),
        ({"temperature": -0.1}, "/temperature", "between 0 and 2"),
        ({"top_p": 1.5}, "/top_p", "between 0 and 1"),
        ({"top_p": True}, "/top_p", "must be a number"),
        ({"temperature": "0.5"}, "/temperature", "must be a number"),
        ({"temperature": [1]}, "/temperature", "must be a number"),
        ({"a/b": 1}, "/a~1b", "do not take a/b"),
    ],
)
def test_what_hosted_models_do_not_take(extra: Json, pointer: str, part: str) -> None:
    (finding,) = findings("L07", hosted(extra))
    assert finding.pointer == EXTRA + pointer
    assert finding.severity.value == "warning"
    assert part in finding.summary


@pytest.mark.parametrize(
    "extra",
    [
        {"temperature": 0.7, "top_p": 0.9},
        {"temperature": 0, "top_p": 1},
        {"temperature": 2},
        {"temperature": None},
        {"temperature": {"env": "TEMPERATURE"}},
        {},
        None,
        "text",
        [1],
    ],
)
def test_quiet(extra: Json) -> None:
    assert said("L07", hosted(extra)) == []


def test_claude_refuses_both_together() -> None:
    spec = hosted({"temperature": 0.7, "top_p": 0.9}, "tavus-claude-haiku-4.5")
    (finding,) = findings("L07", spec)
    assert finding.pointer == EXTRA
    assert "temperature together with top_p" in finding.summary
    assert said("L07", hosted({"temperature": 0.7}, "tavus-claude-haiku-4.5")) == []


def test_a_persona_without_a_model_is_hosted() -> None:
    assert said("L07", body(llm={"extra_body": {"seed": 1}})) == [(f"{EXTRA}/seed", "warning")]


def test_a_custom_llm_takes_what_it_takes() -> None:
    assert said("L07", body(llm={**CUSTOM, "extra_body": {"frequency_penalty": 9, "temperature": 99}})) == []


def test_a_project_can_widen_the_parameters() -> None:
    assert said("L07", hosted({"seed": 1}), parameters={"seed": {}}) == []
