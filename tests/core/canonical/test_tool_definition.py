"""When two tools mean the same: by name, description, parameters and origin, and by nothing else."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.tool_definition import body_digest, inline_body, registry_tool

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
