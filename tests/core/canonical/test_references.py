"""Names and references: from manifests to resources, and to ids."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.references import bind, bind_resource, references, resources_of
from reconciler.types.address import ResourceRef
from tests.support.making import at, listing, live, manifest


def test_a_tool_is_found_by_the_name_of_its_manifest_or_of_its_function():
    found = resources_of(
        [
            manifest("tool.look-up", {"name": "look_up"}),
            manifest("persona.a", {"tools": ["look_up", "look-up", "theirs"]}),
        ]
    )
    assert found[at("persona.a")].spec["tools"] == [
        ResourceRef("tool.look-up"),
        ResourceRef("tool.look-up"),
        "theirs",
    ]
    assert found[at("persona.a")].refs == (at("tool.look-up"),)
    assert found[at("persona.a")].leaves["/tools"] == ["theirs", ResourceRef("tool.look-up")]


def test_a_resource_is_called_what_its_body_says_else_what_its_manifest_says():
    found = resources_of([manifest("persona.a", {"persona_name": "Ada"}), manifest("persona.b", {})])
    assert [one.name for one in found.values()] == ["Ada", "b"]


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_name_is_none(name):
    found = resources_of([manifest("persona.a", {"persona_name": name, "system_prompt": "Hi"})])
    assert found[at("persona.a")].name == "a"
    assert found[at("persona.a")].leaves == {"/system_prompt": "Hi"}


def test_references_anywhere():
    value = {"a": [ResourceRef("tool.x")], "b": {"c": ResourceRef("persona.y")}, "d": {"$ref": 3}}
    assert list(references(value)) == ["tool.x", "persona.y"]
    assert bind(value, {at("tool.x"): "t1"}) == {"a": ["t1"], "b": {"c": ResourceRef("persona.y")}, "d": {"$ref": 3}}


def test_a_schema_has_references_of_its_own():
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "other.json"}}}
    found = resources_of([manifest("tool.x", {"name": "x", "description": "d", "parameters": schema})])
    assert found[at("tool.x")].refs == ()
    assert bind(schema, {}) == schema


def bound(tools, ids=None):
    one = resources_of([manifest("tool.x", {"name": "x"}), manifest("persona.a", {"tools": tools})])[at("persona.a")]
    account = listing("tool", live("tool", "t9", {"name": "theirs"}), live("tool", "t1", {"name": "x"}))
    return bind_resource(one, ids or {}, account)


def test_account_tools_are_named_by_name_or_id():
    resource, problems = bound(["theirs", "t1"])
    assert resource.leaves["/tools"] == ["t1", "t9"]
    assert problems == ()


def test_a_tool_that_nobody_has_is_an_error():
    _, problems = bound(["nobodys"])
    assert "'nobodys'" in problems[0].summary
    assert problems[0].pointer == "/tools"


def test_an_id_that_is_not_known_yet_stays_a_reference():
    assert bound(["x"])[0].leaves["/tools"] == [ResourceRef("tool.x")]
    assert bound(["x"], {at("tool.x"): "t1"})[0].leaves["/tools"] == ["t1"]


def test_a_resource_without_references_is_left_as_it_is():
    one = resources_of([manifest("persona.a", {"pal_name": "A"})])[at("persona.a")]
    assert bind_resource(one, {}, None) == (one, ())
