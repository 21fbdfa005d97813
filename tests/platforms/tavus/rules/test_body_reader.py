"""Reading values out of bodies of any shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.rules import body_reader
from reconciler.types.address import SecretRef
from reconciler.types.json import Json
from tests.support.rulecase import body, function

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["layers", "llm", "a/b"]), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", True),
        (" ", False),
        ("", False),
        (None, False),
        (0, True),
        (False, True),
        ([], False),
        ({}, False),
        ([None], True),
        (SecretRef("env", "X"), True),
    ],
)
def test_is_filled(value: Json, expected: bool) -> None:
    assert body_reader.is_filled(value) is expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, "full"),
        ({"pipeline_mode": None}, "full"),
        ({"pipeline_mode": ""}, "full"),
        ({"pipeline_mode": "echo"}, "echo"),
        ({"pipeline_mode": 7}, ""),
    ],
)
def test_mode(spec: dict[str, Json], expected: str) -> None:
    assert body_reader.mode(spec) == expected


def test_nearest_is_the_closest_place_that_exists() -> None:
    spec: dict[str, Json] = {"layers": {"llm": {"model": None}, "a/b": {}}}
    assert body_reader.nearest(spec, "/layers/llm/model") == "/layers/llm/model"
    assert body_reader.nearest(spec, "/layers/llm/base_url") == "/layers/llm"
    assert body_reader.nearest(spec, "/layers/tts/api_key") == "/layers"
    assert body_reader.nearest(spec, "/layers/a~1b/c") == "/layers/a~1b"
    assert body_reader.nearest(spec, "/pal_name") == ""


def test_who_hosts_the_llm() -> None:
    assert body_reader.is_hosted_llm({})
    assert body_reader.is_hosted_llm(body(llm={"model": "tavus-x"}))
    assert not body_reader.is_hosted_llm(body(llm={"model": "gpt-4o"}))
    assert not body_reader.is_hosted_llm(body(llm={"base_url": "https://a.example"}))


def test_inline_tools_of_all_layers_with_their_places() -> None:
    spec = body(
        llm={"tools": [function()]}, perception={"visual_tools": [1], "audio_tools": [2], "perception_tools": "x"}
    )
    assert [pointer for pointer, _ in body_reader.inline_tools(spec)] == [
        "/layers/llm/tools/0",
        "/layers/perception/visual_tools/0",
        "/layers/perception/audio_tools/0",
    ]


@pytest.mark.parametrize(
    ("item", "below"), [(function(), "/function"), ({"name": "x"}, ""), ({"function": 7}, ""), (None, ""), ([], "")]
)
def test_both_forms_of_a_tool(item: Json, below: str) -> None:
    found, pointer = body_reader.tool_body(item)
    assert isinstance(found, dict)
    assert pointer == below


@given(st.dictionaries(st.sampled_from(["layers", "pipeline_mode"]), JSON))
def test_no_shape_is_too_strange(spec: dict[str, Json]) -> None:
    assert isinstance(body_reader.text(spec, "/layers/llm/model"), str)
    assert isinstance(body_reader.mapping(spec, "/layers/llm"), dict)
    assert isinstance(body_reader.sequence(spec, "/layers"), list)
    assert isinstance(body_reader.has_dead_turn_settings(spec), bool)
