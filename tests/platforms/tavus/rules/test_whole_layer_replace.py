"""L31."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import said


@pytest.mark.parametrize(
    ("layers", "pointer"),
    [(None, "/layers"), ({"llm": None}, "/layers/llm"), ({"perception": None}, "/layers/perception")],
)
def test_null_takes_the_layer_away(layers: Json, pointer: str) -> None:
    assert said("L31", {"system_prompt": "Hi", "layers": layers}) == [(pointer, "warning")]


@pytest.mark.parametrize("layers", [{}, {"llm": {}}, {"tts": None}, {"llm": {"tools": None}}, "text", []])
def test_quiet(layers: Json) -> None:
    assert said("L31", {"system_prompt": "Hi", "layers": layers}) == []


def test_an_absent_layer_is_not_ours() -> None:
    assert said("L31", {"system_prompt": "Hi"}) == []
