"""L14."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, function, said

P = "/layers/perception"
LONG = "x" * 10_001


@pytest.mark.parametrize(
    ("word", "value", "pointer"),
    [
        ("visual_awareness_queries", ["short", LONG], "/visual_awareness_queries/1"),
        ("ambient_awareness_queries", [LONG], "/ambient_awareness_queries/0"),
        ("audio_awareness_queries", [LONG], "/audio_awareness_queries/0"),
        ("perception_analysis_queries", [LONG], "/perception_analysis_queries/0"),
        ("visual_tool_prompt", LONG, "/visual_tool_prompt"),
        ("perception_tool_prompt", LONG, "/perception_tool_prompt"),
        ("tool_prompt", LONG, "/tool_prompt"),
        ("visual_tools", [function(description=LONG)], "/visual_tools/0"),
    ],
)
def test_an_entry_is_too_long(word: str, value: Json, pointer: str) -> None:
    assert said("L14", body(perception={word: value})) == [(P + pointer, "error")]


def test_the_limit_itself_is_allowed() -> None:
    assert said("L14", body(perception={"visual_tool_prompt": "x" * 10_000})) == []


def test_it_is_each_entry_not_their_sum() -> None:
    assert said("L14", body(perception={"visual_awareness_queries": ["x" * 9_000] * 5})) == []


@pytest.mark.parametrize("value", [None, 7, {"env": "X"}, {"a": 1}, [None, 7, True], []])
def test_other_shapes(value: Json) -> None:
    assert said("L14", body(perception={"visual_awareness_queries": value})) == []
