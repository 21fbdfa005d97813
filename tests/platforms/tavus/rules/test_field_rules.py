"""Rules of every field of the tables: known, documented, alive and present (L18, L19, L32, L35)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.linting import RuleContext
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Lifecycle, Manage
from tests.support.rulecase import CUSTOM, body, context, findings, function, manifest, said


@pytest.mark.parametrize(
    ("spec", "pointer", "near"),
    [
        ({"system_promt": "Hi"}, "/system_promt", "system_prompt"),
        ({"persona_nam": "x"}, "/persona_nam", "persona_name"),
        ({"layers": {"lllm": {}}}, "/layers/lllm", "llm"),
        ({"layers": {"llm": {"base-url": "x"}}}, "/layers/llm/base-url", "base_url"),
        ({"layers": {"tts": {"tts_engin": "x"}}}, "/layers/tts/tts_engin", "tts_engine"),
    ],
)
def test_a_typo_is_reported_with_what_was_meant(spec: dict[str, Json], pointer: str, near: str) -> None:
    (finding,) = findings("L18", spec)
    assert finding.pointer == pointer
    assert finding.severity.value == "warning"
    assert finding.hint == f"did you mean {near!r}?"


@pytest.mark.parametrize(
    "spec",
    [
        body(
            llm={"model": "m", "headers": {"X-Anything": "y"}, "extra_body": {"seed": 1}, "default_query": {"a": "b"}}
        ),
        body(tts={"voice_settings": {"anything": 1}}),
        body(transport={"transport_type": "livekit", "anything": 1}),
        {"persona_name": "x", "default_replica_id": "r", "pal_description": "y"},
        {"layers": {"conversational_flow": {"face_interruptibility": "low"}}},
        {"layers": None},
        {"layers": "text"},
    ],
)
def test_free_objects_and_both_vocabularies(spec: dict[str, Json]) -> None:
    assert said("L18", spec) == []


def test_schemas_of_tools_are_foreign_land() -> None:
    spec: dict[str, Json] = {"name": "x", "parameters": {"type": "object", "properties": {"descripton": {}}}}
    assert said("L18", spec, kind="tool") == []


def test_strict_makes_it_an_error() -> None:
    one = manifest({"system_promt": "Hi"})
    around = context(one)
    strict = RuleContext(around.catalogue, around.manifests, strict=True)
    assert [finding.severity.value for finding in RULES.get("L18").check(one, strict)] == ["error"]


def test_kinds_without_a_table_have_no_unknown_keys() -> None:
    assert said("L18", {"anything": 1}, kind="spaceship") == []


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (body(conversational_flow={"turn_commitment": "low"}), "/layers/conversational_flow/turn_commitment"),
        (body(conversational_flow={"active_listening": "low"}), "/layers/conversational_flow/active_listening"),
        (body(conversational_flow={"noise_cancellation": "on"}), "/layers/conversational_flow/noise_cancellation"),
        (body(llm={"model": "tavus-gpt-oss", "disable_vision": False}), "/layers/llm/disable_vision"),
        (body(llm={"model": "tavus-gpt-oss", "enable_llm_proxy": True}), "/layers/llm/enable_llm_proxy"),
        (body(sts={"a": 1}), "/layers/sts"),
        (body(capabilities={"mcp_enabled": True}), "/layers/capabilities"),
        ({"layers": {"knowledge_base": {"rag_n_chunks": 3}}}, "/layers/knowledge_base"),
    ],
)
def test_fields_of_the_client_or_an_example(spec: dict[str, Json], pointer: str) -> None:
    (finding,) = findings("L19", spec)
    assert (finding.pointer, finding.severity.value) == (pointer, "info")
    assert "known from" in finding.summary


@pytest.mark.parametrize("layer", [{}, None, {"turn_commitment": None}, {"turn_taking_patience": "low"}, "x"])
def test_quiet(layer: Json) -> None:
    assert said("L19", body(conversational_flow=layer)) == []


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
def test_deprecated_but_alive_quiet(spec: dict[str, Json]) -> None:
    assert said("L32", spec) == []


@pytest.mark.parametrize(("path", "offered"), [("x.yaml", True), ("x.md", True), ("x.json", False)])
def test_a_comment_is_offered_where_there_are_comments(path: str, offered: bool) -> None:
    one = replace(manifest(body(context="More.")), source=Source(path))
    (finding,) = RULES.get("L32").check(one, context(one))
    assert (finding.hint is not None and "keep L32" in finding.hint) is offered


@pytest.mark.parametrize(
    ("kind", "body", "places"),
    [
        ("document", {"document_name": "D"}, [""]),
        ("document", {"document_url": None}, ["/document_url"]),
        ("deployment", {"name": "W"}, ["", ""]),
        ("deployment", {"name": "W", "persona_id": "p1", "channel": ""}, ["/channel"]),
        ("tool", {"name": "t"}, [""]),
        ("guardrail", {}, [""]),
        ("guardrail_set", {"data": [{"guardrail_name": "a"}]}, ["/data/0"]),
        ("objectives", {"data": [{"objective_prompt": "p"}]}, ["/data/0"]),
        ("pronunciation_dictionary", {"rules": [{"text": "a", "type": None}]}, ["/rules/0", "/rules/0/type"]),
        ("tool", {"description": "d", "delivery": {"api": {"url": "u", "auth": {"username": "x"}}}},
         ["/delivery/api/auth"]),
    ],
)  # fmt: skip
def test_what_a_new_object_lacks(kind: str, body: Object, places: list[str]) -> None:
    assert said("L35", body, kind=kind) == [(place, "error") for place in places]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("persona", {"persona_name": "only a name"}),
        ("persona", {"pipeline_mode": "echo"}),
        ("guardrail", {"guardrail_prompt": "the name is the manifest's"}),
        ("objectives", {"data": [{"objective_name": "a", "objective_prompt": "p"}]}),
        ("deployment", {"pal_id": {"ref": "persona.x"}, "channel": "embed"}),
        ("voice", {}),
    ],
)
def test_what_the_api_takes(kind: str, body: Object) -> None:
    assert said("L35", body, kind=kind) == []


def test_it_says_what_to_write_and_for_what() -> None:
    (one,) = findings("L35", {"pal_id": "p1"}, kind="deployment")
    assert one.summary == "channel is missing: a new Deployment needs it"
    assert one.hint is not None
    assert "landing-page, embed, widget" in one.hint
    assert "metadata.id" in one.hint
    (one,) = findings("L35", {"description": "d", "on_call": "static_filler"}, kind="tool")
    assert one.summary.endswith("needs it when on_call is static_filler")


def test_what_looks_after_a_part_of_an_object_lacks_nothing() -> None:
    rule, whole = RULES.get("L35"), manifest({}, "document")
    assert list(rule.check(whole, context(whole)))
    for part in (replace(whole, id="d1"), replace(whole, lifecycle=Lifecycle(manage=Manage.OBSERVE))):
        assert list(rule.check(part, context(part))) == []


def test_a_plan_knows_what_is_new() -> None:
    rule, part = RULES.get("L35"), replace(manifest({}, "document"), id="d1")
    around = context(part)
    assert list(rule.check(part, replace(around, new=frozenset()))) == []
    assert list(rule.check(part, replace(around, new=frozenset({part.address}))))
    assert list(rule.check(replace(part, id=None), replace(around, new=frozenset()))) == []


def test_the_prompt_is_told_once() -> None:
    assert said("L35", {}) == []
    assert said("L01", {}) == [("", "error")]
