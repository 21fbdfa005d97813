"""L09."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, findings, said

MODEL = "/layers/llm/model"


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("tavus-gpt-os", "tavus-gpt-oss"),
        ("tavus-gemini-flash-2.5", "tavus-gemini-2.5-flash"),
        ("tavus-claude-haiku", "tavus-claude-haiku-4.5"),
        ("tavus-GPT-OSS", "tavus-gpt-oss"),
    ],
)
def test_a_typo_gets_the_nearest_names(model: str, near: str) -> None:
    (finding,) = findings("L09", body(llm={"model": model}))
    assert (finding.pointer, finding.severity.value) == (MODEL, "warning")
    assert finding.hint is not None
    assert near in finding.hint


def test_nothing_near_points_at_the_list() -> None:
    (finding,) = findings("L09", body(llm={"model": "tavus-zzzzzzzzzzz"}))
    assert finding.hint == "`reconciler models` lists the known ones"


def test_an_internal_model_is_an_error_with_its_public_sister() -> None:
    (finding,) = findings("L09", body(llm={"model": "tavus-pal-maker-gemma-4"}))
    assert finding.is_error
    assert finding.hint == "use tavus-gemma-4"


def test_a_model_of_public_code_is_an_info() -> None:
    assert said("L09", body(llm={"model": "tavus-gpt-5.6-terra"})) == [(MODEL, "info")]


@pytest.mark.parametrize(
    "model", ["tavus-gpt-oss", "tavus-gpt-4o", "tavus-llama", "gpt-4o", "", None, 7, {"env": "M"}]
)
def test_known_models_also_old_ones_and_others_are_quiet(model: Json) -> None:
    assert said("L09", body(llm={"model": model})) == []


def test_a_model_of_a_later_generation_is_not_known_yet() -> None:
    (finding,) = findings("L09", body(llm={"model": "tavus-glm-4.7"}), generation="2025-12")
    assert "in generation 2025-12" in finding.summary


def test_a_project_can_add_a_model() -> None:
    tables: dict[str, Json] = {"llm": {"tavus-new": {"status": {"all": "available"}}}}
    assert said("L09", body(llm={"model": "tavus-new"}), tables=tables) == []
