"""Records and JSON: every field is carried, defaults are left out, and nothing odd is let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.serialization.record_codec import from_json, to_json
from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.json import Json, Object


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
