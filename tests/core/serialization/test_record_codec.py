"""Records and JSON: every field is carried, defaults are left out, and nothing odd is let in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.history.preimage import pack
from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.serialization.digest import canonical_bytes
from reconciler.core.serialization.record_codec import from_json, lookalikes, read_marks, to_json, write_marks
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action
from reconciler.types.json import SENSITIVE, Json, Object


@dataclass(frozen=True)
class Inner:
    count: int = 0
    ratio: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    address: Address
    action: Action = Action.NOOP
    inner: Inner = Inner()
    maybe: Inner | None = None
    several: tuple[Inner, ...] = ()
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    value: Json = None
    object: Object | None = None
    on: bool = False


X = Address("persona", "x")
FULL = Outer(
    "n", X, Action.CREATE, Inner(1), Inner(2, 1.5), (Inner(3), Inner()), {"k": ("a", "b")}, [1, {"a": None}], {}, True
)


def test_round_trip() -> None:
    assert from_json(Outer, to_json(FULL)) == FULL
    assert from_json(Outer, to_json(Outer("n", X))) == Outer("n", X)


def test_defaults_are_left_out() -> None:
    assert to_json(Outer("n", X)) == {"name": "n", "address": "persona.x"}
    assert to_json(FULL)["several"] == [{"count": 3}, {}]  # type: ignore[index, call-overload]
    assert to_json(FULL)["action"] == "CREATE"  # type: ignore[index, call-overload]


@pytest.mark.parametrize("value", [False, 0, 0.0, "", [], {}])
def test_empty_values_are_not_null(value: Any) -> None:
    found = from_json(Outer, to_json(Outer("n", X, value=value))).value
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 1}, "/name: a text"),
        ({"address": "nodot"}, "/address"),
        ({"action": "EXPLODE"}, "/action: 'EXPLODE' is none of NOOP"),
        ({"inner": []}, "/inner: an object"),
        ({"inner": {"count": True}}, "/inner/count: a whole number"),
        ({"inner": {"ratio": "x"}}, "/inner/ratio: a number"),
        ({"several": {}}, "/several: a list"),
        ({"several": [{}, 1]}, "/several/1: an object"),
        ({"named": {"k": [1]}}, "/named/k/0: a text"),
        ({"object": 1}, "/object: an object"),
        ({"on": 1}, "/on: true or false"),
        ({"later": 1}, "unknown member 'later'"),
    ],
)
def test_wrong_members_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed) as caught:
        from_json(Outer, {"name": "n", "address": "persona.x", **change})
    assert said in str(caught.value)


def test_a_missing_member_is_named() -> None:
    with pytest.raises(Malformed, match="/name is missing"):
        from_json(Outer, {"address": "persona.x"})


@dataclass(frozen=True)
class Ambiguous:
    value: int | str


@dataclass(frozen=True)
class Foreign:
    value: complex


@pytest.mark.parametrize("kind", [Ambiguous, Foreign])
def test_what_json_cannot_tell_apart_is_refused_at_once(kind: type[Any]) -> None:
    with pytest.raises(TypeError):
        from_json(kind, {"value": 1})


TEXTS = st.text(max_size=4) | st.sampled_from(["X", "tool.x", "#/a", "(sensitive)", "$secret", "env"])
WORDS = st.sampled_from(
    ["$secret", "$$secret", "$ref", "$$$ref", "$mask", "$$mask", "secret", "env", "file", "literal", "$"]
)
REFERENCES = (
    st.builds(SecretRef, st.sampled_from(["env", "file", "literal"]), TEXTS)
    | st.builds(lambda name: ResourceRef(f"tool.{name}x"), TEXTS)
    | st.just(SENSITIVE)
)


def values(leaves: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """JSON with look-alikes at every depth."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(WORDS | TEXTS, inner, max_size=2)
            | st.builds(lambda word, member: {word: member}, WORDS, inner)
            | st.builds(lambda word, name: {word: {"env": name}}, WORDS, TEXTS)
        ),
        max_leaves=8,
    )


DATA = values(st.none() | st.booleans() | st.integers(-3, 3) | TEXTS)


@settings(max_examples=300, deadline=None)
@given(values(st.none() | st.booleans() | TEXTS | REFERENCES))
def test_every_value_comes_back(value: Json) -> None:
    written = json.loads(json.dumps(write_marks(value)))
    assert repr(read_marks(written)) == repr(value)


@settings(max_examples=200, deadline=None)
@given(DATA)
def test_data_never_becomes_a_reference(value: Json) -> None:
    assert [*lookalikes(read_marks(json.loads(json.dumps(write_marks(value)))))] == [*lookalikes(value)]
    assert "Ref(" not in repr(read_marks(write_marks(value)))


@pytest.mark.parametrize("value", [SecretRef("env", "X"), ResourceRef("tool.x")])
@pytest.mark.parametrize("encode", [json.dumps, canonical_bytes, pack])
def test_no_other_encoder_takes_a_reference(value: Json, encode: object) -> None:
    for one in (value, {"a": [value]}, [{"b": value}]):
        with pytest.raises(TypeError):
            encode(one)  # type: ignore[operator]
