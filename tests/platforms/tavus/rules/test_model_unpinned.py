"""L08."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"system_prompt": "Hi"}, ""),
        ({"system_prompt": "Hi", "layers": {}}, "/layers"),
        ({"system_prompt": "Hi", "layers": {"llm": {}}}, "/layers/llm"),
        ({"system_prompt": "Hi", "layers": {"llm": {"model": ""}}}, "/layers/llm/model"),
        ({"system_prompt": "Hi", "layers": {"llm": {"model": None}}}, "/layers/llm/model"),
        ({"system_prompt": "Hi", "layers": None}, "/layers"),
    ],
)
def test_no_model(spec: dict[str, Json], pointer: str) -> None:
    assert said("L08", spec) == [(pointer, "warning")]


@pytest.mark.parametrize(
    "spec",
    [
        body(),
        body(llm=CUSTOM),
        body(llm={"base_url": "https://a.example"}),
        {"pipeline_mode": "echo"},
        {"pipeline_mode": "speech-to-speech"},
    ],
)
def test_quiet(spec: dict[str, Json]) -> None:
    assert said("L08", spec) == []


def test_the_hint_is_the_default_of_the_configured_generation() -> None:
    (now,) = findings("L08", {"system_prompt": "Hi"})
    (then,) = findings("L08", {"system_prompt": "Hi"}, generation="2026-02")
    assert now.hint is not None and "tavus-gemma-4" in now.hint
    assert then.hint is not None and "tavus-gpt-oss" in then.hint
