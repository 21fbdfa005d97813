"""L32."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.linting.rule_table import RULES
from reconciler.types.json import Json
from reconciler.types.source import Source
from tests.support.rulecase import CUSTOM, body, context, findings, function, manifest, said


@pytest.mark.parametrize(
    ("model", "said_of_it", "advice"),
    [
        ("tavus-llama", "was removed", "use tavus-gemma-4"),
        ("tavus-llama-4", "was removed", "use tavus-gpt-oss"),
        ("tavus-gpt-4o", "is not listed by the vendor any more", "use tavus-gpt-5.2 (or tavus-claude-haiku-4.5)"),
        (
            "tavus-gpt-4.1",
            "is deprecated",
            "choose one of tavus-gemini-2.5-flash, tavus-gemini-3-flash, tavus-glm-4.7",
        ),
    ],
)
def test_models(model: str, said_of_it: str, advice: str) -> None:
    (finding,) = findings("L32", body(llm={"model": model}))
    assert finding.pointer == "/layers/llm/model"
    assert finding.summary == f"{model} {said_of_it}"
    assert finding.hint == advice
    assert finding.severity.value == "warning"


def test_the_reason_says_whether_the_vendor_documents_it() -> None:
    (documented,) = findings("L32", body(llm={"model": "tavus-llama-4"}))
    (judged,) = findings("L32", body(llm={"model": "tavus-gpt-4o"}))
    assert documented.detail.endswith("(documented)")
    assert judged.detail.endswith("(judgement)")


@pytest.mark.parametrize(
    ("generation", "expected"), [("2025-07", False), ("2025-12", False), ("2026-02", True), ("2026-07", True)]
)
def test_it_depends_on_the_generation(generation: str, expected: bool) -> None:
    assert bool(said("L32", body(llm={"model": "tavus-gpt-4o"}), generation=generation)) is expected


@pytest.mark.parametrize(
    ("layer", "word", "value"),
    [
        ("perception", "perception_model", "raven-0"),
        ("perception", "perception_model", "basic"),
        ("conversational_flow", "turn_detection_model", "sparrow-0"),
        ("conversational_flow", "turn_detection_model", "time-based"),
        ("conversational_flow", "turn_detection_model", "timebased"),
        ("stt", "stt_engine", "tavus-advanced"),
        ("stt", "stt_engine", "tavus-turbo"),
        ("tts", "tts_engine", "playht"),
        ("tts", "tts_model_name", "sonic"),
    ],
)
def test_engines(layer: str, word: str, value: str) -> None:
    assert said("L32", body(**{layer: {word: value}})) == [(f"/layers/{layer}/{word}", "warning")]


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (body(context="More."), "/context"),
        (body(guardrails_id="g1"), "/guardrails_id"),
        (body(llm={"model": "tavus-gpt-oss", "tools": [function()]}), "/layers/llm/tools"),
        (body(perception={"visual_tools": [function()]}), "/layers/perception/visual_tools"),
        (body(perception={"ambient_awareness_queries": ["x"]}), "/layers/perception/ambient_awareness_queries"),
        (body(perception={"perception_tool_prompt": "x"}), "/layers/perception/perception_tool_prompt"),
        (body(perception={"tool_prompt": "x"}), "/layers/perception/tool_prompt"),
        (body(stt={"participant_pause_sensitivity": "low"}), "/layers/stt/participant_pause_sensitivity"),
        (body(stt={"smart_turn_detection": False}), "/layers/stt/smart_turn_detection"),
        (body(tts={"playht_user_id": "x"}), "/layers/tts/playht_user_id"),
        (body(vqa={"enable_vision": "false"}), "/layers/vqa"),
    ],
)
def test_fields(spec: dict[str, Json], pointer: str) -> None:
    assert said("L32", spec) == [(pointer, "warning")]


def test_dead_turn_settings_are_said_once_and_by_the_other_rule() -> None:
    spec = body(stt={"participant_pause_sensitivity": "low"}, conversational_flow={"turn_taking_patience": "low"})
    assert said("L32", spec) == []
    assert len(said("L28", spec)) == 1


@pytest.mark.parametrize(
    "spec",
    [
        body(),
        body(llm={**CUSTOM, "model": "gpt-4o"}),
        body(llm={"model": "tavus-made-up"}),
        body(llm={"model": "tavus-glm-4.7"}),
        body(context="", guardrails_id=None, perception={"ambient_awareness_queries": [], "tool_prompt": ""}),
        body(perception={"perception_model": "raven-1"}, stt={"stt_engine": "tavus-auto"}),
        body(llm={"model": {"env": "MODEL"}}),
    ],
)
def test_quiet(spec: dict[str, Json]) -> None:
    assert said("L32", spec) == []


@pytest.mark.parametrize(("path", "offered"), [("x.yaml", True), ("x.md", True), ("x.json", False)])
def test_a_comment_is_offered_where_there_are_comments(path: str, offered: bool) -> None:
    one = replace(manifest(body(context="More.")), source=Source(path))
    (finding,) = RULES.get("L32").check(one, context(one))
    assert (finding.hint is not None and "keep L32" in finding.hint) is offered
