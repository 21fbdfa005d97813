"""Rules of tools: parameters, limits, masks, and layers that are replaced whole (L21 to L23, L31)."""

from __future__ import annotations

import json

import pytest

from reconciler.platforms.tavus.rules.tool_rules import misfits
from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, function, said

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


@pytest.mark.parametrize("name", ["a b", "1a", "a-b", "a.b", "", "a" * 65, "é"])
def test_names_that_the_registry_refuses(name: str) -> None:
    assert said("L22", {"name": name, "description": "x"}, kind="tool") == [("/name", "error")]


@pytest.mark.parametrize("name", ["a", "_a", "A1_b", "a" * 64])
def test_names_that_it_takes(name: str) -> None:
    assert said("L22", {"name": name, "description": "x"}, kind="tool") == []


def test_size_is_description_and_parameters_together() -> None:
    parameters: dict[str, Json] = {"type": "object", "properties": {"a": {"type": "string"}}}
    room = 10_000 - len(json.dumps(parameters))
    fits: dict[str, Json] = {"name": "x", "description": "d" * room, "parameters": parameters}
    assert said("L22", fits, kind="tool") == []
    assert said("L22", {**fits, "description": "d" * (room + 1)}, kind="tool") == [("/parameters", "error")]


def test_a_long_description_alone() -> None:
    assert said("L22", {"name": "x", "description": "d" * 10_001}, kind="tool") == [("/description", "error")]


def test_reserved_parameters() -> None:
    spec: dict[str, Json] = {"name": "x", "parameters": {"properties": {"tavus_id": {}, "my_tavus_id": {}}}}
    assert said("L22", spec, kind="tool") == [("/parameters/properties/tavus_id", "error")]


@pytest.mark.parametrize("word", ["tools", "tool_ids"])
def test_fifty_tools_are_enough(word: str) -> None:
    assert said("L22", body(**{word: [f"t{n}" for n in range(50)]})) == []
    ((pointer, severity),) = said("L22", body(**{word: [f"t{n}" for n in range(51)]}))
    assert pointer in ("/tools", "/tool_ids")  # two spellings of one field
    assert severity == "error"


def test_inline_tools_run_as_they_are() -> None:
    spec = body(llm={"model": "m", "tools": [function("look up"), {"name": "1x"}]})
    assert said("L22", spec) == [("/layers/llm/tools/0/function/name", "info"), ("/layers/llm/tools/1/name", "info")]


def test_many_inline_tools_are_not_counted() -> None:
    assert said("L22", body(llm={"model": "m", "tools": [function(f"f{n}") for n in range(60)]})) == []


@pytest.mark.parametrize(
    "spec", [{}, {"name": 7}, {"name": None, "parameters": []}, {"parameters": {"properties": 1}}, {"description": 7}]
)
def test_strange_shapes(spec: dict[str, Json]) -> None:
    assert list(misfits(spec)) == []


@pytest.mark.parametrize("word", ["token", "password", "value", "secret", "client_secret"])
def test_the_mask_of_a_tools_secret(word: str) -> None:
    spec: dict[str, Json] = {"name": "x", "delivery": {"api": {"auth": {word: "********"}}}}
    (finding,) = findings("L23", spec, kind="tool")
    assert finding.pointer == f"/delivery/api/auth/{word}"
    assert finding.is_error
    assert finding.hint is not None
    assert "leave it out" in finding.hint


def test_headers_of_a_tool() -> None:
    spec: dict[str, Json] = {"name": "x", "delivery": {"api": {"headers": {"X-Key": "********"}}}}
    assert said("L23", spec, kind="tool") == [("/delivery/api/headers/X-Key", "error")]


def test_keys_of_a_persona() -> None:
    spec = body(llm={**CUSTOM, "api_key": "********"}, tts={"api_key": "*****"})
    assert said("L23", spec) == [("/layers/llm/api_key", "error"), ("/layers/tts/api_key", "error")]


@pytest.mark.parametrize("value", ["***", "a********", "", None, 7, {"env": "K"}, ["********"]])
def test_what_is_no_mask(value: Json) -> None:
    assert said("L23", body(llm={**CUSTOM, "api_key": value})) == []


def test_asterisks_elsewhere_are_text() -> None:
    assert said("L23", body(system_prompt="********", pal_name="********")) == []


@pytest.mark.parametrize(
    ("layers", "pointer"),
    [(None, "/layers"), ({"llm": None}, "/layers/llm"), ({"perception": None}, "/layers/perception")],
)
def test_null_takes_the_layer_away(layers: Json, pointer: str) -> None:
    assert said("L31", {"system_prompt": "Hi", "layers": layers}) == [(pointer, "warning")]


@pytest.mark.parametrize("layers", [{}, {"llm": {}}, {"tts": None}, {"llm": {"tools": None}}, "text", []])
def test_whole_layer_replace_quiet(layers: Json) -> None:
    assert said("L31", {"system_prompt": "Hi", "layers": layers}) == []


def test_an_absent_layer_is_not_ours() -> None:
    assert said("L31", {"system_prompt": "Hi"}) == []
