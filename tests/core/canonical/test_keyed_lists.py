"""Lists of named items: by name, back, and what a patch of them looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import leaf_at, leaves
from reconciler.core.canonical.field_tree import node_at
from reconciler.core.canonical.keyed_lists import (
    as_list,
    body_digest,
    enclosing_item,
    inline_body,
    is_named,
    item_index,
    item_names,
    items_by_name,
    lists_to_objects,
    named_lists,
    objects_to_lists,
    registry_tool,
)
from reconciler.core.canonical.vocabulary import to_canonical, to_wire, wire_pointer, wire_value
from reconciler.core.diff.json_patch import apply_patch, build_patch
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import ResourceRef
from reconciler.types.json import Json, Object

SET = kind("guardrail_set")
STEPS = kind("objectives")
LIVE: Object = {
    "guardrails_id": "g1",
    "guardrails_name": "Old",
    "data": [
        {"uuid": "ga", "guardrail_name": "a", "guardrail_prompt": "A", "callback_url": "https://x.example"},
        {"uuid": "gb", "guardrail_name": "b", "guardrail_prompt": "B"},
    ],
}
CANONICAL = lists_to_objects(SET, to_canonical(SET, LIVE)[0])


def ops(*edits: Edit) -> list[Json]:
    return [op.to_json() for op in build_patch(SET, LIVE, edits, "pal")[0]]


def test_each_member_of_an_item_is_a_leaf_and_what_the_server_owns_is_none() -> None:
    assert leaves(SET, CANONICAL) == {
        "/name": "Old",
        "/data/a/guardrail_name": "a",
        "/data/a/guardrail_prompt": "A",
        "/data/a/callback_url": "https://x.example",
        "/data/b/guardrail_name": "b",
        "/data/b/guardrail_prompt": "B",
    }
    assert leaf_at(SET, CANONICAL, "/data/b/guardrail_prompt") == "B"


def test_a_field_edit_names_the_place_and_nothing_else() -> None:
    """An item that is written whole gets a new id, and personas lose it."""
    assert ops(Edit("/data/b/guardrail_prompt", "C")) == [
        {"op": "replace", "path": "/data/1/guardrail_prompt", "value": "C"}
    ]
    assert ops(Edit("/data/b/modality", "visual")) == [{"op": "add", "path": "/data/1/modality", "value": "visual"}]
    assert ops(Edit("/data/a/callback_url", remove=True)) == [{"op": "remove", "path": "/data/0/callback_url"}]


def test_a_new_item_is_one_operation_at_the_end() -> None:
    edits = [Edit("/data/c/guardrail_name", "c"), Edit("/data/c/guardrail_prompt", "C")]
    assert ops(*edits) == [
        {"op": "add", "path": "/data/-", "value": {"guardrail_name": "c", "guardrail_prompt": "C"}}
    ]


def test_removed_items_go_by_the_place_they_have_by_then() -> None:
    assert ops(Edit("/data/a", remove=True), Edit("/data/b", remove=True)) == [
        {"op": "remove", "path": "/data/0"},
        {"op": "remove", "path": "/data/0"},
    ]


def test_all_at_once() -> None:
    edits = [
        Edit("/data/a", remove=True),
        Edit("/data/b/guardrail_prompt", "B2"),
        Edit("/data/c/guardrail_name", "c"),
        Edit("/name", "New"),
    ]
    patched = apply_patch(build_patch(SET, LIVE, edits, "pal")[0], LIVE)
    assert patched["guardrails_name"] == "New", "in the word that the live object has"
    assert patched["data"] == [
        {"uuid": "gb", "guardrail_name": "b", "guardrail_prompt": "B2"},
        {"guardrail_name": "c"},
    ]


def test_a_list_that_is_not_there_is_added_whole() -> None:
    built = build_patch(SET, {"guardrails_id": "g1", "data": None}, [Edit("/data/a/guardrail_name", "a")], "pal")
    assert [op.to_json() for op in built[0]] == [{"op": "add", "path": "/data", "value": [{"guardrail_name": "a"}]}]


def test_back_on_the_wire_it_is_a_list() -> None:
    assert to_wire(SET, CANONICAL, "pal", LIVE)["data"] == LIVE["data"]
    assert wire_value(SET, "/data", CANONICAL["data"], "pal") == LIVE["data"]
    assert wire_value(SET, "/data/a", {"x": 1}, "pal") == {"x": 1}
    assert wire_pointer(SET, "/data/b/tags", "pal", LIVE) == "/data/1/tags"
    assert wire_pointer(SET, "/data/z/tags", "pal", LIVE) == "/data/-/tags"


@pytest.mark.parametrize(
    ("items", "names"),
    [
        ([], []),
        ([{"n": "a"}, {"n": "a"}, {"n": "a"}], ["a", "a~2", "a~3"]),
        ([{"n": "a"}, {}, {"n": ""}, {"n": 1}, 7], ["a", "#2", "#3", "#4", "#5"]),
        ([{"n": "a~2"}, {"n": "a"}, {"n": "a"}], ["a~2", "a", "a~3"]),
    ],
)
def test_every_item_has_a_name_of_its_own(items: list[Json], names: list[str]) -> None:
    assert item_names("n", items) == names


@given(st.lists(st.dictionaries(st.sampled_from("nx"), st.sampled_from(["a", "b", "a~2", "#1", None, 1]))))
def test_there_and_back(items: list[Json]) -> None:
    named = items_by_name("guardrail_name", items)
    assert as_list(node_at(SET, "/data"), named) == items


@pytest.mark.parametrize("value", [None, "x", 7, ["x"], [{"a": 1}, None]])
def test_what_is_no_list_of_objects_stays(value: Json) -> None:
    assert items_by_name("n", value) == value
    assert lists_to_objects(SET, {"data": value})["data"] == value


@pytest.mark.parametrize("value", [None, [], ResourceRef("guardrail.x")])
def test_what_is_no_object_of_items_stays(value: Json) -> None:
    assert as_list(node_at(SET, "/data"), value) == value


def test_where_named_lists_are() -> None:
    assert named_lists(SET) == named_lists(STEPS) == ("/data",)
    assert named_lists(kind("persona")) == ()
    assert enclosing_item(SET, "/data/a/tags") == "/data/a"
    assert enclosing_item(SET, "/data/a") == "/data/a"
    assert enclosing_item(SET, "/data") is None
    assert enclosing_item(SET, "/name") is None
    assert is_named(node_at(SET, "/data"))
    assert not is_named(node_at(SET, "/name"))


def test_places() -> None:
    node = node_at(SET, "/data")
    assert item_index(node, "b", LIVE["data"]) == 1
    assert item_index(node, "z", LIVE["data"]) is None
    assert item_index(node, "a", None) is None
    assert item_index(node_at(SET, "/name"), "a", LIVE["data"]) is None


def test_kinds_without_named_lists_are_not_copied() -> None:
    body: Object = {"layers": {"llm": {}}}
    for name in KINDS:
        if not named_lists(kind(name)):
            assert lists_to_objects(kind(name), body) is body


@pytest.mark.parametrize("name", KINDS)
def test_a_document_by_place_is_what_it_was_before_it_went_by_name(name: str) -> None:
    spec = kind(name)
    items: list[Json] = [{"uuid": "g1"}, {"guardrail_name": "a", "objective_name": "a"}, {"guardrail_name": "a"}]
    for document in (
        {},
        {"name": "x", "data": items},
        {"data": []},
        {"data": "text"},
        {"data": ResourceRef("tool.x")},
    ):
        assert objects_to_lists(spec, lists_to_objects(spec, document)) == document


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a", "b"]}
TURNED = {"required": ["b", "a"], "properties": {"b": {"type": "string"}, "a": {"type": "string"}}, "type": "object"}
FUNCTION = {"name": "find", "description": "Finds.", "parameters": SCHEMA}


@pytest.mark.parametrize(
    "item",
    [
        {"type": "function", "function": FUNCTION},
        {"type": "function", **FUNCTION},
        {"function": {**FUNCTION, "parameters": TURNED, "strict": True}},
    ],
)
def test_both_forms_and_any_order_equal_the_registry_tool(item):
    registry = {**FUNCTION, "on_call": "silent", "delivery": {"app_message": True}}
    assert inline_body(item, "llm") == registry_tool(registry, "other")


@pytest.mark.parametrize(
    "more", [{"name": "seek"}, {"description": "Finds. "}, {"parameters": {}}, {"origin": "vision"}]
)
def test_name_description_parameters_and_origin_count(more):
    assert inline_body({"function": FUNCTION}, "llm") != registry_tool({**FUNCTION, **more}, "find")


@pytest.mark.parametrize("item", [None, 1, "find", [], {}, {"function": {}}, {"function": {"name": ""}}, {"name": 1}])
def test_what_has_no_name_is_no_tool(item):
    assert inline_body(item, "llm") is None


def test_a_manifest_without_a_name_is_called_as_its_address():
    body = {key: value for key, value in FUNCTION.items() if key != "name"}
    assert registry_tool(body, "find") == inline_body({"function": FUNCTION}, "llm")
    assert registry_tool({**body, "origin": ""}, "find").digest == body_digest("Finds.", SCHEMA, "llm")


def test_no_parameters_are_empty_ones():
    assert body_digest("x", None, "llm") == body_digest("x", {}, "llm")


@pytest.mark.parametrize(
    ("schema", "other", "same"),
    [
        ({"required": ["a", "b"]}, {"required": ["b", "a", "a"]}, True),
        ({"required": ["a"]}, {"required": ["a", "b"]}, False),
        ({"anyOf": [{"required": ["a", "b"]}]}, {"anyOf": [{"required": ["b", "a"]}]}, True),
        ({"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "number"}]}, False),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}, False),
        ({"properties": {"required": {"type": "string"}}}, {"properties": {"required": {"type": "number"}}}, False),
        ({"required": [1, "a"]}, {"required": ["a", 1]}, False),
        ({"required": "ab"}, {"required": "ba"}, False),
        ({"required": True}, {"required": False}, False),
    ],
)
def test_the_order_of_required_names_alone_says_nothing(schema: Json, other: Json, same: bool) -> None:
    assert (body_digest("d", schema, "llm") == body_digest("d", other, "llm")) == same
