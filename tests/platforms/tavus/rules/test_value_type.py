"""L20."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.rules.value_type import meant
from reconciler.types.json import Json
from reconciler.types.kind import Type
from tests.support.rulecase import body, findings, function, said


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
