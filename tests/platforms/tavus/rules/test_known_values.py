"""L17."""

from __future__ import annotations

import pytest

from reconciler.core.kind_table import KINDS
from reconciler.manifests.project.read_catalogue import load_catalogue
from reconciler.platforms.tavus.rules.known_values import known_values
from reconciler.types.json import Json
from tests.support.rulecase import body, findings, said

FLOW = "/layers/conversational_flow"


@pytest.mark.parametrize(
    ("layer", "word", "value", "near"),
    [
        ("conversational_flow", "turn_detection_model", "sparow-1", "sparrow-1"),
        ("conversational_flow", "turn_taking_patience", "verylow", "low"),
        ("conversational_flow", "interruptibility", "hi", None),
        ("conversational_flow", "voice_isolation", "nearby", "near"),
        ("conversational_flow", "idle_engagement", "eagre", "eager"),
        ("perception", "perception_model", "raven1", "raven-1"),
        ("perception", "emotion_recognition", "ful", "full"),
        ("stt", "stt_engine", "whisper", "tavus-whisper"),
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


def test_top_level_fields_too() -> None:
    assert said("L17", body(pipeline_mode="ful")) == [("/pipeline_mode", "warning")]
    assert said("L17", body(disclosure_type="sometimes")) == [("/disclosure_type", "warning")]


@pytest.mark.parametrize("spelling", ["replica_interruptibility", "pal_interruptibility", "face_interruptibility"])
def test_every_spelling_of_interruptibility(spelling: str) -> None:
    assert said("L17", body(conversational_flow={spelling: "extreme"})) == [(f"{FLOW}/interruptibility", "warning")]


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
    assert said("L17", {"name": "x", word: value}, kind="tool") == [(f"/{word}", "warning")]


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
