"""Names and references: from manifests to resources, and to ids."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.field_tree import UNKNOWN, build_field_tree, node_at
from reconciler.core.canonical.references import (
    bind,
    bind_resource,
    differs_in_ids,
    inexpressible_references,
    is_reserved,
    is_written_reference,
    reference_texts,
    resources_of,
    write_member_references,
    write_references,
)
from reconciler.manifests.read.manifest_references import Included, References
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.tree.file_tree import WorkTree
from reconciler.manifests.tree.problems import Findings
from reconciler.manifests.tree.repository import link_boundary
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, Object
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
    assert list(reference_texts(value)) == ["tool.x", "persona.y"]
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


WORDS = st.sampled_from(["env", "file", "ref", "null", "literal", "value", "join", "$secret", "$ref", "a", "type"])
DATA = st.recursive(
    st.sampled_from(["X", "tool.x", "", "p.txt", 1, True]),
    lambda inner: (
        st.dictionaries(WORDS, inner, max_size=2)
        | st.builds(lambda word, member: {word: member}, WORDS, inner)
        | st.lists(inner, max_size=2)
    ),
    max_leaves=8,
)
PLACES = [
    ("tool", "/parameters"), ("tool", "/delivery/api/url"), ("persona", "/layers/llm/extra_body"),
    ("persona", "/layers/llm/tools"), ("persona", "/layers/tts/voice_settings"), ("persona", "/greeting"),
    ("persona", "/layers"), ("persona", "/unknown"), ("persona", "/layers/llm/new"), ("guardrail", "/tags"),
    ("objectives", "/data"), ("document", "/document_ids"),
]  # fmt: skip


def read(name: str, body: Object) -> tuple[Object, Findings]:
    """`body` of a manifest as the loader resolves it."""
    findings = Findings()
    folder = str(Path.cwd())
    included = Included(WorkTree(), folder, (folder,), link_boundary(folder, folder), {})
    draft = RawManifest(Address(name, "x"), kind(name), body, Source("x.yaml"))
    References(included, {}, findings, KINDS, allow_literals=True).resolve(draft, folder)
    return draft.body, findings


def placed(pointer: str, value: Json) -> Object:
    body: Json = value
    for token in reversed(pointer.split("/")[1:]):
        body = {token: body}
    assert isinstance(body, dict)
    return body


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), DATA)
def test_what_is_spelled_reads_as_it_was(place: tuple[str, str], value: Json) -> None:
    name, pointer = place
    body = placed(pointer, value)
    found, findings = read(name, write_member_references(build_field_tree(kind(name)), body))
    assert found == body
    assert [one for one in findings.items if one.code == "E-ref"] == []
    assert "Ref(" not in repr(found)


@pytest.mark.parametrize("word", ["env", "file", "ref", "value", "join", "null", "literal"])
@pytest.mark.parametrize("place", [("tool", "/parameters"), ("persona", "/layers/llm/extra_body"), ("persona", "/x")])
def test_every_reserved_word_is_escaped(word: str, place: tuple[str, str]) -> None:
    data: Json = {word: ["X"] if word == "join" else "X"}
    node = node_at(kind(place[0]), place[1])
    assert write_references(node, {"a": [data]}) == {"a": [{"literal": data}]}
    assert write_references(node, data) == {"literal": data}


def test_a_member_that_is_declared_is_no_word() -> None:
    auth = node_at(kind("tool"), "/delivery/api/auth")
    assert not is_reserved(auth, {"value": "x"})
    assert write_references(auth, {"value": SecretRef("env", "K")}) == {"value": {"env": "K"}}


@pytest.mark.parametrize(("word", "target"), [("env", "NAME"), ("file", "pyproject.toml"), ("literal", "x")])
def test_a_tools_parameters_hold_references(word: str, target: str) -> None:
    body: Object = {"parameters": {"properties": {"a": {"default": {word: target}, "ref": {"ref": "x.y"}}}}}
    found, findings = read("tool", body)
    assert findings.items == []
    properties = found["parameters"]["properties"]  # type: ignore[index,call-overload]
    assert properties["a"]["default"] != {word: target}  # type: ignore[index,call-overload]
    assert properties["a"]["ref"] == {"ref": "x.y"}  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    "spec",
    [
        {"greeting": {"value": "hello"}}, {"greeting": {"join": ["a", {"value": "x"}]}},
        {"layers": {"llm": {"extra_body": {"a": {"value": "x"}}}}},
    ],
)  # fmt: skip
def test_a_value_that_nobody_gives_is_an_error_wherever_it_stands(spec: Object) -> None:
    _, findings = read("persona", spec)
    (one,) = findings.items
    assert one.code == "E-ref"
    assert "literal" in str(one.hint)


def test_a_secret_in_a_literal_is_one_all_the_same() -> None:
    for layer in ({"api_key": {"literal": "sk-1"}}, {"headers": {"literal": {"Authorization": "Bearer x"}}}):
        found, findings = read("persona", {"layers": {"llm": layer}})
        assert [one.code for one in findings.items] == ["L03"]
        assert "sk-1" not in repr(found) and "Bearer" not in repr(found)


def test_a_literal_cannot_hold_a_reference() -> None:
    assert [*inexpressible_references(UNKNOWN, {"a": {"literal": SecretRef("env", "X")}, "b": {"literal": 1}})] == [
        "/a"
    ]
    assert [*inexpressible_references(UNKNOWN, {"a": [{"literal": [ResourceRef("tool.x")]}]})] == ["/a"]


def test_only_a_literal_cannot_hold_a_reference() -> None:
    inside = SecretRef("env", "X")
    assert [*inexpressible_references(UNKNOWN, {"a": {"null": inside}, "b": {"value": inside}, "c": inside})] == []
    assert [*inexpressible_references(UNKNOWN, {"literal": inside})] == [], "a body as a whole is no reference"


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ({"env": "X"}, True), ({"literal": {"a": 1}}, True), ({"value": "x"}, True), ({"join": ["a"]}, True),
        ({"value": {"a": 1}}, False), ({"join": "a"}, False), ({"env": 1}, True), ({"null": True}, False),
        ({"env": "X", "file": "y"}, False), ({}, False), ("env", False), (["env"], False), ({"other": "x"}, False),
    ],
)  # fmt: skip
def test_what_its_author_wrote_as_a_reference(value: Json, is_one: bool) -> None:
    assert is_written_reference(value) is is_one


REF = ResourceRef("tool.x")


@pytest.mark.parametrize(
    ("before", "after", "only_ids"),
    [
        ("t1", REF, True), (None, REF, True), (7, REF, False), ({"a": 1}, REF, False), (["t1"], REF, False),
        ({"a": "t1", "b": 2}, {"a": REF, "b": 2}, True), ({"a": "t1", "b": 2}, {"a": REF, "b": 3}, False),
        ({"a": "t1"}, {"a": REF, "b": 2}, False), ({"a": "t1"}, [REF], False), ("t1", [REF], False),
        (["t1", "t2"], [REF, "t2"], True), (["t1", "t2"], ["t2", REF], False), (["t1"], [REF, REF], False),
        (["t1"], "t1", False), ("a", "a", True), ("a", "b", False), (None, None, True), (1, True, True),
    ],
)  # fmt: skip
def test_whether_two_values_differ_in_nothing_but_ids(before: Json, after: Json, only_ids: bool) -> None:
    assert differs_in_ids(before, after) is only_ids


def test_without_a_list_of_the_accounts_tools_a_name_cannot_be_told() -> None:
    one = resources_of([manifest("persona.a", {"tools": ["theirs"]})])[at("persona.a")]
    _, problems = bind_resource(one, {}, None)
    assert [problem.code for problem in problems] == ["E-ref"]
