"""L30."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import said

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
def test_quiet(spec: dict[str, Json]) -> None:
    assert said("L30", spec) == []
