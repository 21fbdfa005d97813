"""L16."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, findings, said

POINTER = "/layers/tts/voice_id"


@pytest.mark.parametrize(
    "others",
    [{"external_voice_id": "e"}, {"tts_engine": "cartesia"}, {"external_voice_id": "e", "tts_engine": "cartesia"}],
)
def test_two_voices(others: dict[str, Json]) -> None:
    (finding,) = findings("L16", body(tts={"voice_id": "v", **others}))
    assert finding.pointer == POINTER
    assert finding.severity.value == "warning"
    assert all(word in finding.summary for word in others)


@pytest.mark.parametrize(
    "tts",
    [
        {"voice_id": "v"},
        {"voice_id": "v", "external_voice_id": "", "tts_engine": None},
        {"voice_id": "", "tts_engine": "cartesia"},
        {"external_voice_id": "e", "tts_engine": "elevenlabs"},
        {},
        None,
        [],
    ],
)
def test_quiet(tts: Json) -> None:
    assert said("L16", body(tts=tts)) == []
