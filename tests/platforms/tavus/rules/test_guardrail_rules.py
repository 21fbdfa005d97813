"""Rules of guardrails: limits of the API, and what each modality needs (L24, L25)."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, said


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"guardrail_name": "no legal advice"}, "/guardrail_name"),
        ({"guardrail_name": ""}, "/guardrail_name"),
        ({"guardrail_name": "x" * 101}, "/guardrail_name"),
        ({"guardrail_prompt": "x" * 1001}, "/guardrail_prompt"),
        ({"callback_url": "x" * 2049}, "/callback_url"),
        ({"tags": ["x"] * 33}, "/tags"),
        ({"tags": ["x", "y" * 65]}, "/tags/1"),
    ],
)
def test_limits_of_a_guardrail(spec: dict[str, Json], pointer: str) -> None:
    assert said("L24", spec, kind="guardrail") == [(pointer, "error")]


def test_the_limits_themselves_are_allowed() -> None:
    spec: dict[str, Json] = {
        "guardrail_name": "x" * 100,
        "guardrail_prompt": "x" * 1000,
        "callback_url": "x" * 2048,
        "tags": ["x" * 64] * 32,
    }
    assert said("L24", spec, kind="guardrail") == []


def test_names_in_a_set_are_looser() -> None:
    data: Json = [{"guardrail_name": "No legal advice"}, {"guardrail_name": "ok", "guardrail_prompt": "x" * 1001}, 7]
    assert said("L24", {"name": "set", "data": data}, kind="guardrail_set") == [
        ("/data/1/guardrail_prompt", "error"),
        ("/data/0/guardrail_name", "warning"),
    ]


@pytest.mark.parametrize("word", ["guardrail_ids", "guardrail_tags"])
def test_fifty_for_a_persona(word: str) -> None:
    assert said("L24", body(**{word: ["g"] * 50})) == []
    assert said("L24", body(**{word: ["g"] * 51})) == [(f"/{word}", "error")]


@pytest.mark.parametrize("spec", [{}, {"guardrail_name": 7, "tags": "x"}, {"tags": [7, None]}, {"data": "x"}])
def test_strange_shapes(spec: dict[str, Json]) -> None:
    assert said("L24", spec, kind="guardrail") == []
    assert said("L24", spec, kind="guardrail_set") == []


def test_audio_is_in_no_page() -> None:
    assert said("L25", {"modality": "audio"}, kind="guardrail") == [("/modality", "warning")]


def test_inside_a_set() -> None:
    data: Json = [{"modality": "verbal"}, {"modality": "audio"}, None]
    assert said("L25", {"data": data}, kind="guardrail_set") == [("/data/1/modality", "warning")]


@pytest.mark.parametrize("modality", ["verbal", "visual", None, 7, ["audio"], ""])
def test_quiet(modality: Json) -> None:
    assert said("L25", {"modality": modality}, kind="guardrail") == []
