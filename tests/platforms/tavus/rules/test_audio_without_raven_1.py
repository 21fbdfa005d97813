"""L13."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, function, said


@pytest.mark.parametrize("model", ["raven-0", "basic"])
@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("audio_awareness_queries", ["angry?"]),
        ("audio_tool_prompt", "Listen."),
        ("audio_tools", [function()]),
    ],
)
def test_older_models_do_not_listen(model: str, word: str, value: Json) -> None:
    spec = body(perception={"perception_model": model, word: value})
    assert said("L13", spec) == [(f"/layers/perception/{word}", "error")]


@pytest.mark.parametrize("model", ["raven-1", "raven-2", "off", None, ""])
def test_quiet_for_others(model: Json) -> None:
    assert said("L13", body(perception={"perception_model": model, "audio_tool_prompt": "Listen."})) == []


def test_empty_fields_say_nothing() -> None:
    empty: dict[str, Json] = {"audio_awareness_queries": [], "audio_tool_prompt": "", "audio_tools": None}
    assert said("L13", body(perception={"perception_model": "raven-0", **empty})) == []


def test_visual_fields_are_fine_under_raven_0() -> None:
    spec = body(perception={"perception_model": "raven-0", "visual_awareness_queries": ["ID?"]})
    assert said("L13", spec) == []
