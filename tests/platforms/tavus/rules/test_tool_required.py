"""L21."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, findings, function, said

CITY: dict[str, Json] = {"type": "object", "properties": {"city": {}, "unit": {}}, "required": ["city"]}


def test_registry_tools() -> None:
    (finding,) = findings("L21", {"name": "weather", "parameters": CITY}, kind="tool")
    assert (finding.pointer, finding.severity.value) == ("/parameters/properties", "info")
    assert "unit" in finding.summary
    assert "city" not in finding.summary


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        ("llm", "tools"),
        ("perception", "visual_tools"),
        ("perception", "audio_tools"),
        ("perception", "perception_tools"),
    ],
)
def test_inline_tools_in_both_forms(layer: str, word: str) -> None:
    flat: Json = {"name": "weather", "parameters": CITY}
    spec = body(**{layer: {word: [function(parameters=CITY), flat]}})
    assert [pointer for pointer, _ in said("L21", spec)] == [
        f"/layers/{layer}/{word}/0/function/parameters/properties",
        f"/layers/{layer}/{word}/1/parameters/properties",
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "object", "properties": {"city": {}}, "required": ["city"]},
        {"type": "object", "properties": {}},
        {"type": "object"},
        {"properties": ["city"]},
        {},
        None,
        "text",
        [1],
    ],
)
def test_quiet(parameters: Json) -> None:
    assert said("L21", {"name": "x", "parameters": parameters}, kind="tool") == []
    assert said("L21", body(llm={"model": "m", "tools": [function(parameters=parameters)]})) == []


@pytest.mark.parametrize("required", [None, "city", 7, {}])
def test_a_strange_required_lists_nothing(required: Json) -> None:
    spec: dict[str, Json] = {"parameters": {"properties": {"city": {}}, "required": required}}
    assert said("L21", spec, kind="tool") == [("/parameters/properties", "info")]


@pytest.mark.parametrize("tools", [[None, 7, "x", []], "text", None, {"a": 1}])
def test_strange_tools(tools: Json) -> None:
    assert said("L21", body(llm={"model": "m", "tools": tools})) == []
