"""What a manifest writes for data that looks like a reference is read back as that data."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.field_tree import UNKNOWN, node_at, shape
from reconciler.core.canonical.manifest_words import is_reserved, spell, spell_members, unspellable
from reconciler.manifests.read.manifest_references import Included, References
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.tree.file_tree import WorkTree
from reconciler.manifests.tree.problems import Findings
from reconciler.manifests.tree.repository import link_boundary
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, Object

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
    found, findings = read(name, spell_members(shape(kind(name)), body))
    assert found == body
    assert [one for one in findings.items if one.code == "E-ref"] == []
    assert "Ref(" not in repr(found)


@pytest.mark.parametrize("word", ["env", "file", "ref", "value", "join", "null", "literal"])
@pytest.mark.parametrize("place", [("tool", "/parameters"), ("persona", "/layers/llm/extra_body"), ("persona", "/x")])
def test_every_reserved_word_is_escaped(word: str, place: tuple[str, str]) -> None:
    data: Json = {word: ["X"] if word == "join" else "X"}
    node = node_at(kind(place[0]), place[1])
    assert spell(node, {"a": [data]}) == {"a": [{"literal": data}]}
    assert spell(node, data) == {"literal": data}


def test_a_member_that_is_declared_is_no_word() -> None:
    auth = node_at(kind("tool"), "/delivery/api/auth")
    assert not is_reserved(auth, {"value": "x"})
    assert spell(auth, {"value": SecretRef("env", "K")}) == {"value": {"env": "K"}}


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
    assert [*unspellable(UNKNOWN, {"a": {"literal": SecretRef("env", "X")}, "b": {"literal": 1}})] == ["/a"]
    assert [*unspellable(UNKNOWN, {"a": [{"literal": [ResourceRef("tool.x")]}]})] == ["/a"]
