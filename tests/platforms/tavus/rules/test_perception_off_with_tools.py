"""L12."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, function, manifest, said

P = "/layers/perception"


def off(value: Json = "off", **more: Json) -> dict[str, Json]:
    return body(perception={"perception_model": value, **more})


@pytest.mark.parametrize("word", ["visual_tools", "audio_tools", "perception_tools", "screen_tools"])
def test_inline_tools_never_fire(word: str) -> None:
    assert said("L12", off(**{word: [function()]})) == [(f"{P}/{word}", "error")]


@pytest.mark.parametrize(
    "word",
    [
        "visual_awareness_queries",
        "ambient_awareness_queries",
        "audio_awareness_queries",
        "perception_analysis_queries",
    ],
)
def test_queries_are_never_asked(word: str) -> None:
    assert said("L12", off(**{word: ["An ID?"]})) == [(f"{P}/{word}", "warning")]


def test_false_is_off_as_well() -> None:
    assert said("L12", off(False, visual_tools=[function()])) == [(f"{P}/visual_tools", "error")]


def test_empty_lists_say_nothing() -> None:
    assert said("L12", off(visual_tools=[], audio_tools=None, visual_awareness_queries=[])) == []


@pytest.mark.parametrize("model", ["raven-1", "raven-0", None, 0, ""])
def test_quiet_when_something_looks(model: Json) -> None:
    assert said("L12", off(model, visual_tools=[function()])) == []


@pytest.mark.parametrize("item", ["see_id", {"ref": "tool.see_id"}])
@pytest.mark.parametrize(("origin", "expected"), [("vision", True), ("audio", True), ("llm", False), (None, False)])
def test_attached_tools(item: Json, origin: str | None, expected: bool) -> None:
    tool = manifest({"name": "see_id", "origin": origin}, "tool", "see_id")
    spec = {**off(), "tools": ["other", item]}
    assert said("L12", spec, tool) == ([("/tools/1", "error")] if expected else [])


def test_guardrails_that_look() -> None:
    guard = manifest({"modality": "visual"}, "guardrail", "no_id")
    spoken = manifest({"modality": "verbal"}, "guardrail", "kind")
    spec = {**off(), "guardrail_ids": [{"ref": "guardrail.kind"}, {"ref": "guardrail.no_id"}, "g123"]}
    assert said("L12", spec, guard, spoken) == [("/guardrail_ids/1", "warning")]


def test_references_to_nowhere_are_the_loaders_affair() -> None:
    assert said("L12", {**off(), "tools": [{"ref": "tool.gone"}, {"ref": "nonsense"}, 7, None]}) == []


def test_a_tool_is_found_by_the_name_it_bears() -> None:
    tool = manifest({"name": "see_id", "origin": "vision"}, "tool", "see-id-card")
    assert said("L12", {**off(), "tools": ["see_id"]}, tool) == [("/tools/0", "error")]
