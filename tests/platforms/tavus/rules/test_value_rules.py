"""Rules of every value of the tables: of the right type, and one of the known ones (L17, L20)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.rules.value_rules import known_values, meant
from reconciler.types.json import Json
from reconciler.types.kind import Type
from tests.support.rulecase import body, findings, function, said

FLOW = "/layers/conversational_flow"


@pytest.mark.parametrize(
    ("layer", "word", "value", "near"),
    [
        ("conversational_flow", "turn_detection_model", "sparow-1", "sparrow-1"),
        ("conversational_flow", "turn_taking_patience", "verylow", "low"),
        ("conversational_flow", "voice_isolation", "nearby", "near"),
        ("conversational_flow", "idle_engagement", "eagre", "eager"),
        ("perception", "perception_model", "raven1", "raven-1"),
        ("perception", "emotion_recognition", "ful", "full"),
        ("tts", "tts_engine", "eleven-labs", "elevenlabs"),
    ],
)
def test_a_value_that_no_list_knows(layer: str, word: str, value: str, near: str | None) -> None:
    (finding,) = findings("L17", body(**{layer: {word: value}}))
    assert finding.pointer == f"/layers/{layer}/{word}"
    assert finding.severity.value == "warning"
    assert finding.hint is not None
    if near is not None:
        assert f"did you mean {near!r}?" in finding.hint
    assert "known: " in finding.hint


@pytest.mark.parametrize(
    ("layer", "word", "value"),
    [
        ("conversational_flow", "turn_taking_patience", "superlow"),
        ("conversational_flow", "turn_taking_patience", ""),
        ("conversational_flow", "interruptibility", "hi"),
        ("stt", "stt_engine", "whisper"),
    ],
)
def test_a_value_that_a_closed_list_does_not_have(layer: str, word: str, value: str) -> None:
    assert said("L17", body(**{layer: {word: value}})) == [(f"/layers/{layer}/{word}", "error")]


@pytest.mark.parametrize("kind", ["objectives", "guardrail_set"])
def test_items_of_a_list_too(kind: str) -> None:
    data: Json = [{"modality": "visual"}, {"modality": "smell"}]
    assert said("L17", {"data": data}, kind=kind) == [("/data/1/modality", "error")]


def test_top_level_fields_too() -> None:
    assert said("L17", body(pipeline_mode="ful")) == [("/pipeline_mode", "error")]
    assert said("L17", body(disclosure_type="sometimes")) == [("/disclosure_type", "warning")]


@pytest.mark.parametrize("spelling", ["replica_interruptibility", "pal_interruptibility", "face_interruptibility"])
def test_every_spelling_of_interruptibility(spelling: str) -> None:
    assert said("L17", body(conversational_flow={spelling: "extreme"})) == [(f"{FLOW}/interruptibility", "error")]


@pytest.mark.parametrize(
    ("layer", "word", "value"),
    [
        ("conversational_flow", "turn_detection_model", "sparrow-2"),
        ("conversational_flow", "turn_detection_model", "timebased"),
        ("conversational_flow", "voice_isolation", "far"),
        ("perception", "perception_model", "raven-2"),
        ("perception", "perception_model", "raven-0"),
        ("tts", "tts_engine", "playht"),
        ("stt", "stt_engine", "tavus-turbo"),
    ],
)
def test_reported_and_old_values_are_known(layer: str, word: str, value: str) -> None:
    assert said("L17", body(**{layer: {word: value}})) == []


@pytest.mark.parametrize("value", [None, "", 7, False, {"env": "X"}, ["raven-1"]])
def test_other_types_are_other_rules_affair(value: Json) -> None:
    assert said("L17", body(perception={"perception_model": value})) == []


@pytest.mark.parametrize(
    ("word", "value"),
    [("origin", "vison"), ("trigger_type", "later"), ("on_call", "quiet"), ("on_resolve", "forget")],
)
def test_tools(word: str, value: str) -> None:
    assert said("L17", {"name": "x", word: value}, kind="tool") == [(f"/{word}", "error")]


def test_a_complete_list_makes_it_an_error() -> None:
    spec = body(stt={"stt_engine": "tavus-new"}, pipeline_mode="new")
    assert said("L17", spec, complete=["stt_engine"], values={"pipeline_mode": {"complete": True}}) == [
        ("/pipeline_mode", "error"),
        ("/layers/stt/stt_engine", "error"),
    ]


def test_a_project_can_add_a_value() -> None:
    tables: dict[str, Json] = {"stt_engine": {"tavus-new": {"status": {"all": "available"}}}}
    assert said("L17", body(stt={"stt_engine": "tavus-new"}), tables=tables) == []


def test_values_of_the_catalogue_and_of_the_field_are_joined() -> None:
    rows = {row.path: row for row in KINDS.get("persona").fields}
    known, complete = known_values(rows["/layers/perception/perception_model"], load_catalogue())
    assert {"raven-0", "raven-1", "raven-2", "basic", "off"} <= set(known)
    assert not complete
    assert len(known) == len(set(known))


@pytest.mark.parametrize(
    ("spec", "pointer", "fixed", "severity"),
    [
        (
            body(llm={"model": "m", "speculative_inference": "true"}),
            "/layers/llm/speculative_inference",
            True,
            "warning",
        ),
        (body(tts={"tts_emotion_control": "False"}), "/layers/tts/tts_emotion_control", False, "warning"),
        (body(stt={"hotwords": ["Roey", "FNOL"]}), "/layers/stt/hotwords", "Roey, FNOL", "error"),
        (body(document_ids="d1"), "/document_ids", ["d1"], "error"),
        (body(document_tags='["a", "b"]'), "/document_tags", ["a", "b"], "error"),
        (body(layers='{"llm": {}}'), "/layers", {"llm": {}}, "error"),
    ],
)
def test_the_fixed_value_is_offered(spec: dict[str, Json], pointer: str, fixed: Json, severity: str) -> None:
    spec = {**spec, "layers": '{"llm": {}}'} if pointer == "/layers" else spec
    (finding,) = findings("L20", spec)
    assert (finding.pointer, finding.severity.value) == (pointer, severity)
    assert finding.fix is not None
    assert finding.fix.value == fixed
    assert finding.hint


def test_tools_as_a_text() -> None:
    (finding,) = findings("L20", body(llm={"model": "m", "tools": json.dumps([function()])}))
    assert finding.is_error
    assert finding.fix is not None
    assert finding.fix.value == [function()]


def test_tools_as_a_broken_text_have_no_fix() -> None:
    (finding,) = findings("L20", body(llm={"model": "m", "tools": "[{"}))
    assert finding.fix is None


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (body(system_prompt=7), "/system_prompt"),
        (body(system_prompt=["a", 7]), "/system_prompt"),
        ({"layers": []}, "/layers"),
        (body(llm="tavus-gpt-oss"), "/layers/llm"),
        (body(llm={"model": "m", "speculative_inference": 1}), "/layers/llm/speculative_inference"),
        (body(document_ids={"a": 1}), "/document_ids"),
        (body(llm={"model": "m", "extra_body": [1]}), "/layers/llm/extra_body"),
    ],
)
def test_without_a_safe_reading_there_is_no_fix(spec: dict[str, Json], pointer: str) -> None:
    (finding,) = findings("L20", spec)
    assert (finding.pointer, finding.severity.value) == (pointer, "error")
    assert finding.fix is None


def test_emotion_as_a_text() -> None:
    (finding,) = findings("L20", body(tts={"voice_settings": {"emotion": "positivity:high, curiosity"}}))
    assert finding.pointer == "/layers/tts/voice_settings/emotion"
    assert finding.fix is not None
    assert finding.fix.value == ["positivity:high", "curiosity"]


@pytest.mark.parametrize(
    "spec",
    [
        body(),
        body(llm={"model": {"env": "M"}, "speculative_inference": {"env": "S"}}),
        body(system_prompt=None, document_ids=None),
        body(document_ids=[{"ref": "document.x"}, "d1"]),
        body(llm={"model": "m", "extra_body": {"temperature": 1, "top_p": 0.5}}),
    ],
)
def test_quiet(spec: dict[str, Json]) -> None:
    assert said("L20", spec) == []


@given(st.text(), st.sampled_from(list(Type)))
def test_what_is_meant_has_the_wanted_type(text: str, wanted: Type) -> None:
    value = meant(wanted, text)
    if value is not None:
        assert isinstance(value, {Type.OBJECT: dict, Type.LIST: list, Type.STRINGS: list}[wanted])


RULE = {"text": "CVI", "pronunciation": "see-vee-eye", "type": "alias"}


@pytest.mark.parametrize(
    ("kind", "spec", "pointer"),
    [
        ("document", {"crawl": {"depth": 0}}, "/crawl/depth"),
        ("document", {"crawl": {"max_pages": 101}}, "/crawl/max_pages"),
        ("deployment", {"limits": {"max_call_duration": 0}}, "/limits/max_call_duration"),
        ("pronunciation_dictionary", {"name": ""}, "/name"),
        (
            "pronunciation_dictionary",
            {"rules": [RULE, {**RULE, "pronunciation": "x" * 501}]},
            "/rules/1/pronunciation",
        ),
        ("persona", {"skills": {"presentation": {"document_ids": []}}}, "/skills/presentation/document_ids"),
    ],
)
def test_what_is_out_of_bounds(kind: str, spec: dict[str, Json], pointer: str) -> None:
    assert (pointer, "error") in said("L39", spec, kind=kind)


@pytest.mark.parametrize(
    "spec",
    [
        {"crawl": {"env": "X"}},
        {"crawl": {"depth": {"env": "DEPTH"}, "max_pages": "many"}},
        {"crawl": None, "document_url": ""},
        {"crawl": {"depth": 1, "max_pages": 100}},
    ],
)
def test_what_fits_or_is_the_affair_of_another_rule(spec: dict[str, Json]) -> None:
    assert said("L39", spec, kind="document") == []


@pytest.mark.parametrize("word", ["tools", "guardrail_ids", "guardrail_tags"])
def test_each_limit_is_told_once(word: str) -> None:
    assert said("L39", body(**{word: ["x"] * 51})) == []
