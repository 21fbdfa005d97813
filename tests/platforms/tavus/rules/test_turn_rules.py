"""Rules of turn-taking and transport: settings that have no effect beside others (L28 to L30)."""

from __future__ import annotations

import pytest

from reconciler.types.address import SecretRef
from reconciler.types.json import Json
from tests.support.rulecase import body, findings, said

OLD: dict[str, Json] = {
    "participant_pause_sensitivity": "high",
    "participant_interrupt_sensitivity": "low",
    "smart_turn_detection": False,
}


@pytest.mark.parametrize(
    "flow",
    [
        {"turn_detection_model": "sparrow-1"},
        {"turn_detection_model": "sparrow-2"},
        {"turn_taking_patience": "low"},
    ],
)
def test_the_flow_overrides_the_old_fields(flow: Json) -> None:
    found = findings("L28", body(stt=OLD, conversational_flow=flow))
    assert [finding.pointer for finding in found] == [f"/layers/stt/{word}" for word in OLD]
    assert all(finding.fix is not None and finding.fix.remove for finding in found)


@pytest.mark.parametrize(
    "flow",
    [
        {"turn_detection_model": "sparrow-0"},
        {"turn_detection_model": "time-based"},
        {},
        None,
        "x",
        SecretRef("env", "X"),
    ],
)
def test_without_a_newer_flow_they_count(flow: Json) -> None:
    assert said("L28", body(stt=OLD, conversational_flow=flow)) == []


def test_empty_and_other_fields_say_nothing() -> None:
    stt: dict[str, Json] = {"participant_pause_sensitivity": None, "stt_engine": "tavus-auto", "hotwords": "x"}
    assert said("L28", body(stt=stt, conversational_flow={"turn_detection_model": "sparrow-1"})) == []


def test_sparrow_2_ignores_it() -> None:
    flow: Json = {"turn_detection_model": "sparrow-2", "voice_isolation": "near"}
    assert said("L29", body(conversational_flow=flow)) == [("/layers/conversational_flow/voice_isolation", "info")]


@pytest.mark.parametrize(
    "flow",
    [
        {"turn_detection_model": "sparrow-1", "voice_isolation": "near"},
        {"turn_detection_model": "sparrow-2"},
        {"turn_detection_model": "sparrow-2", "voice_isolation": None},
        {"voice_isolation": "near"},
        None,
        7,
    ],
)
def test_quiet(flow: Json) -> None:
    assert said("L29", body(conversational_flow=flow)) == []


LIVEKIT: dict[str, Json] = {"transport": {"transport_type": "livekit"}}


@pytest.mark.parametrize(
    ("mode", "pointer"),
    [
        ({}, "/layers/transport/transport_type"),
        ({"pipeline_mode": "full"}, "/pipeline_mode"),
        ({"pipeline_mode": "speech-to-speech"}, "/pipeline_mode"),
        ({"pipeline_mode": 7}, "/pipeline_mode"),
    ],
)
def test_livekit_wants_echo(mode: dict[str, Json], pointer: str) -> None:
    assert said("L30", {**mode, "layers": LIVEKIT}) == [(pointer, "warning")]


@pytest.mark.parametrize("layer", ["llm", "stt", "tts", "perception", "conversational_flow"])
def test_layers_of_the_agent_have_no_effect(layer: str) -> None:
    spec: dict[str, Json] = {"pipeline_mode": "echo", "layers": {**LIVEKIT, layer: {"a": 1}}}
    assert said("L30", spec) == [(f"/layers/{layer}", "warning")]


@pytest.mark.parametrize(
    "spec",
    [
        {"pipeline_mode": "echo", "layers": LIVEKIT},
        {"pipeline_mode": "echo", "layers": {**LIVEKIT, "llm": {}, "tts": None}},
        {"pipeline_mode": "echo", "layers": {"llm": {"model": "m"}}},
        {"layers": {"transport": {"transport_type": "daily"}}},
        {"layers": {"transport": "livekit"}},
        {"layers": {}},
    ],
)
def test_transport_livekit_quiet(spec: dict[str, Json]) -> None:
    assert said("L30", spec) == []
