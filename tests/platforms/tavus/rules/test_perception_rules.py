"""Rules of the perception layer: what each model sees, hears and takes (L11 to L14)."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, function, manifest, said

POINTER = "/layers/perception/perception_model"


@pytest.mark.parametrize("model", ["raven-0", "raven-1", "raven-2"])
def test_a_custom_llm_hears_of_what_is_seen(model: str) -> None:
    assert said("L11", body(llm=CUSTOM, perception={"perception_model": model})) == [(POINTER, "info")]


def test_only_newer_ravens_hear() -> None:
    (old,) = findings("L11", body(llm=CUSTOM, perception={"perception_model": "raven-0"}))
    (new,) = findings("L11", body(llm=CUSTOM, perception={"perception_model": "raven-1"}))
    assert "heard" not in old.summary
    assert "heard" in new.summary


@pytest.mark.parametrize("perception", [{"perception_model": "off"}, {}, None, {"perception_model": 1}, "raven-1"])
def test_quiet_without_raven(perception: Json) -> None:
    assert said("L11", body(llm=CUSTOM, perception=perception)) == []


def test_quiet_with_a_hosted_model() -> None:
    assert said("L11", body(perception={"perception_model": "raven-1"})) == []


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
