"""Leaves, equality, defaults: the one comparable form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import (
    comparable_document,
    effective_value,
    is_at_default,
    is_masked,
    is_unset,
    json_equal,
    keyed_items,
    keyed_parent,
    leaf_at,
    leaves,
    may_be_omitted,
    normalize,
    sorted_set,
    tool_name,
    with_known_masks,
    write_only_fields,
)
from reconciler.core.canonical.field_tree import field_at
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, split
from reconciler.types.kind import Field, Type

PERSONA, TOOL = kind("persona"), kind("tool")
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
DEPLOYMENT = kind("deployment")
(ROW,) = write_only_fields(DEPLOYMENT)


@given(json)
def test_everything_is_the_same_as_itself(value):
    assert json_equal(value, value)


@given(json, json)
def test_same_is_symmetric(a, b):
    assert json_equal(a, b) == json_equal(b, a)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (True, 1, False),
        (False, 0, False),
        ("1", 1, False),
        (None, False, False),
        (None, "", False),
        ([1, {"a": 2.0}], [1.0, {"a": 2}], True),
        ([1, 2], [2, 1], False),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
    ],
)
def test_json_equality(a, b, expected):
    assert json_equal(a, b) is expected


@pytest.mark.parametrize(
    ("value", "masked"),
    [("********", True), ("****", True), ("***", False), ("****x", False), (None, False), (4, False)],
)
def test_masks(value, masked):
    assert is_masked(value) is masked


def inline(name, **more):
    return {"type": "function", "function": {"name": name, **more}}


def test_leaves_of_a_persona():
    document = {
        "pal_id": "p1",
        "pal_name": "a",
        "created_at": "x",
        "document_tags": ["b", "a", "b"],
        "layers": {
            "llm": {
                "model": "m",
                "speculative_inference": "true",
                "extra_body": {"temperature": "0.5", "deep": {"x": [1]}},
                "headers": {"X-A/B": "v"},
                "tools": [inline("f"), {"name": "g"}],
            },
            "tts": {},
            "stt": None,
            "mcp": {"connectors": {}},
        },
    }
    assert leaves(PERSONA, document) == {
        "/pal_name": "a",
        "/document_tags": ["a", "b"],
        "/layers/llm/model": "m",
        "/layers/llm/speculative_inference": True,
        "/layers/llm/extra_body/temperature": 0.5,
        "/layers/llm/extra_body/deep/x": [1],
        "/layers/llm/headers/X-A~1B": "v",
        "/layers/llm/tools/f": inline("f"),
        "/layers/llm/tools/g": {"name": "g"},
        "/layers/stt": None,
        "/layers/mcp/connectors": {},
    }


@pytest.mark.parametrize("tools", [[inline("a"), inline("a")], [{"type": "function"}], "text", [], 3])
def test_inline_tools_that_cannot_be_told_apart_are_one_leaf(tools):
    assert leaves(PERSONA, {"layers": {"llm": {"tools": tools}}}) == {"/layers/llm/tools": tools}


def test_every_leaf_can_be_looked_up_again():
    document = {"layers": {"llm": {"tools": [inline("f"), inline("g")], "extra_body": {"a/b": {"c~d": 1}}}}}
    for path, value in leaves(PERSONA, document).items():
        assert leaf_at(PERSONA, document, path) == value


@pytest.mark.parametrize("path", ["/nothing", "/layers/llm/tools/nope", "/pal_name/deeper", "/layers/stt/hotwords"])
def test_what_is_not_there_reads_as_none(path):
    assert leaf_at(PERSONA, {"pal_name": "x", "layers": {"llm": {"tools": [inline("f")]}, "stt": None}}, path) is None


def test_markers_are_leaves():
    document = {"guardrail_ids": [ResourceRef("guardrail.x")], "layers": {"llm": {"api_key": SecretRef("env", "K")}}}
    assert leaves(PERSONA, document) == {
        "/guardrail_ids": [ResourceRef("guardrail.x")],
        "/layers/llm/api_key": SecretRef("env", "K"),
    }


def test_an_atomic_object_is_one_leaf_without_its_secrets():
    delivery = {
        "api": {"url": "https://x.example", "auth": {"type": "bearer", "token": "********"}, "headers": {"X": "y"}}
    }
    found = leaves(TOOL, {"delivery": delivery})
    assert found.keys() == {"/delivery", "/delivery/api/auth/token", "/delivery/api/headers/X"}
    assert found["/delivery/api/auth/token"] == "********"
    assert "token" not in str(found["/delivery"])
    assert leaf_at(TOOL, {"delivery": delivery}, "/delivery") == found["/delivery"]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({"app_message": True}, {"app_message": True, "api": None}),
        (
            {"api": {"url": "https://x.example"}},
            {
                "app_message": False,
                "api": {
                    "url": "https://x.example",
                    "method": "POST",
                    "timeout": 10.0,
                    "headers": None,
                    "auth": {"type": "none"},
                },
            },
        ),
        (
            {"api": {"url": "u", "auth": {"type": "api_key", "name": "n", "value": "********"}}},
            {"api": {"url": "u", "auth": {"type": "api_key", "name": "n", "location": "header"}}},
        ),
    ],
)
def test_atomic_objects_are_compared_after_filling_defaults(mine, theirs):
    assert json_equal(
        leaf_at(TOOL, {"delivery": mine}, "/delivery"), leaf_at(TOOL, {"delivery": theirs}, "/delivery")
    )


def test_sets_have_no_order_and_no_doubles():
    assert sorted_set(["b", "a", "b", ResourceRef("tool.x"), ResourceRef("tool.x")]) == [
        "a",
        "b",
        ResourceRef("tool.x"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("/layers/tts/tts_emotion_control", "TRUE", True),
        ("/layers/tts/tts_emotion_control", "maybe", "maybe"),
        ("/layers/llm/extra_body/top_p", "1", 1),
        ("/layers/llm/extra_body/top_p", "fast", "fast"),
        ("/pal_name", "true", "true"),
        ("/unknown", "true", "true"),
    ],
)
def test_declared_types_are_read_out_of_text(path, value, expected):
    assert json_equal(normalize(field_at(PERSONA, path), value), expected)


def test_defaults_absent_and_null_are_one():
    row = field_at(PERSONA, "/pipeline_mode")
    assert effective_value(row, None) == "full"
    assert is_at_default(row, None)
    assert is_at_default(row, "full")
    assert not is_at_default(row, "echo")
    assert effective_value(None, None) is None


def test_the_defaults_of_an_absent_flow_do_not_hold():
    row = field_at(PERSONA, "/layers/conversational_flow/turn_taking_patience")
    assert effective_value(row, None, parent_present=False) is None
    assert effective_value(row, None, parent_present=True) == "medium"


@pytest.mark.parametrize(
    ("path", "value", "hides"),
    [
        ("/layers/llm/model", "tavus-gpt-oss", True),
        ("/layers/llm/model", "gpt-4o", False),
        ("/system_prompt", "", True),
        ("/unknown", [], True),
        ("/unknown", "x", False),
        ("/unknown", False, True),
        ("/unknown", True, False),
        ("/unknown", 0, False),
        ("/layers/stt/smart_turn_detection", False, True),
        ("/layers/llm/speculative_inference", False, False),
        ("/layers/stt/participant_pause_sensitivity", "medium", True),
        ("/layers/stt/participant_pause_sensitivity", "high", False),
        ("/layers/perception/perception_model", "raven-0", True),
        ("/layers/perception/perception_model", "off", False),
    ],
)
def test_values_that_a_server_may_leave_out(path, value, hides):
    assert may_be_omitted(field_at(PERSONA, path), value) is hides


def test_inline_tools_have_a_name_in_both_forms():
    assert tool_name(inline("a")) == "a"
    assert tool_name({"name": "b"}) == "b"
    assert tool_name({"function": {"name": ""}}) is None
    assert keyed_items([inline("a"), {"name": "b"}]) == {"a": inline("a"), "b": {"name": "b"}}
    assert keyed_parent(PERSONA, "/layers/llm/tools/a") == "/layers/llm/tools"
    assert keyed_parent(PERSONA, "/layers/llm/model") is None


def test_whole_objects_are_compared_without_server_owned_members():
    document = {"pal_name": "a", "updated_at": "x", "layers": {"conferencing": {"username": "u", "email": "e"}}}
    assert comparable_document(PERSONA, document) == {"pal_name": "a", "layers": {"conferencing": {"username": "u"}}}


@pytest.mark.parametrize(
    ("document", "password"),
    [
        ({"has_password": True}, "********"),
        ({"has_password": True, "password": None}, "********"),
        ({"has_password": True, "password": "shown"}, "shown"),
        ({"has_password": False}, ""),
        ({"has_password": False, "password": "shown"}, "shown"),
        ({"has_password": None}, None),
        ({"has_password": "yes"}, None),
        ({}, None),
    ],
)
def test_what_the_server_says(document: dict[str, Json], password: Json) -> None:
    before = dict(document)
    assert with_known_masks(DEPLOYMENT, document).get("password") == password
    assert document == before


@given(st.dictionaries(st.sampled_from(["has_password", "password", "name"]), st.none() | st.booleans() | st.text()))
def test_twice_is_once_and_nothing_else_moves(document: dict[str, Json]) -> None:
    once = with_known_masks(DEPLOYMENT, document)
    assert with_known_masks(DEPLOYMENT, once) == once
    assert {k: v for k, v in once.items() if k != "password"} == {
        k: v for k, v in document.items() if k != "password"
    }
    assert not (is_masked(once.get("password")) and is_unset(ROW, once.get("password")))


def test_other_kinds_cost_nothing() -> None:
    document: dict[str, Json] = {"has_password": True}
    assert with_known_masks(kind("persona"), document) is document


def test_a_row_that_is_told_of_is_a_secret_at_the_top_and_the_server_owns_what_tells() -> None:
    for spec in KINDS.all().values():
        rows = {row.path: row for row in spec.fields}
        for row in write_only_fields(spec):
            assert row.secret
            assert len(split(row.path)) == 1
            assert rows[str(row.presence_field)].server_owned


DELIVERY: Json = {"api": {"url": "https://a", "method": None, "auth": {"type": "bearer", "token": "t"}}}
FILLED: Json = {
    "app_message": False,
    "api": {
        "url": "https://a", "method": "POST", "timeout": 10, "headers": {}, "query_params": {},
        "auth": {"type": "bearer"},
    },
}  # fmt: skip


def test_an_atomic_object_is_one_leaf_with_what_the_server_fills_in_and_without_its_secret() -> None:
    document = {"name": "x", "delivery": DELIVERY}
    assert leaves(TOOL, document) == {"/name": "x", "/delivery": FILLED, "/delivery/api/auth/token": "t"}
    assert leaf_at(TOOL, document, "/delivery") == FILLED


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("tool", {"name": "x", "delivery": DELIVERY, "tags": ["b", "a", "b"]}),
        ("persona", {"pal_name": "A", "layers": {"stt": {"smart_turn_detection": "true"}, "llm": {"x": {}}}}),
        ("persona", {"tools": ["b", ResourceRef("tool.a"), "a"], "document_ids": ["d2", "d1"], "greeting": None}),
        ("persona", {"layers": {"llm": {"tools": [{"type": "function", "function": {"name": "a/b"}}]}}}),
        ("pronunciation_dictionary", {"name": "x", "rules": [{"text": "a", "pronunciation": "b"}]}),
    ],
)
def test_a_leaf_is_the_same_alone_as_among_all(name: str, document: dict[str, Json]) -> None:
    for path, value in leaves(kind(name), document).items():
        assert json_equal(leaf_at(kind(name), document, path), value), path


def test_only_a_boolean_is_read_out_of_true_and_false() -> None:
    rows = {type: Field("/x", type, "", "") for type in (Type.BOOLEAN, Type.NUMBER, Type.STRING, Type.ANY)}
    for text, value in (("true", True), ("FALSE", False), ("yes", "yes"), ("", "")):
        assert normalize(rows[Type.BOOLEAN], text) is value
        assert {normalize(rows[type], text) for type in (Type.NUMBER, Type.STRING, Type.ANY)} == {text}
