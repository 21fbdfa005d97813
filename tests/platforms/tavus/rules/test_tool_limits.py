"""L22."""

from __future__ import annotations

import json

import pytest

from reconciler.platforms.tavus.rules.tool_limits import misfits
from reconciler.types.json import Json
from tests.support.rulecase import body, function, said


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
