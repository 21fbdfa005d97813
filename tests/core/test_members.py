"""Checked reading: right types pass unchanged, wrong ones are named with their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.core import members
from reconciler.core.members import Malformed


@pytest.mark.parametrize(
    ("read", "value", "result"),
    [
        (members.mapping, {"a": 1}, {"a": 1}),
        (members.items, [1], [1]),
        (members.text, "a", "a"),
        (members.optional_text, None, None),
        (members.optional_text, "a", "a"),
        (members.texts, None, ()),
        (members.texts, ["a", "b"], ("a", "b")),
        (members.whole, 0, 0),
        (members.flag, None, False),
        (members.flag, True, True),
        (members.text_map, None, {}),
        (members.text_map, {"a": "b"}, {"a": "b"}),
    ],
)
def test_right_values_pass(read: Callable[..., Any], value: Any, result: Any) -> None:
    assert read(value, "/here") == result


@pytest.mark.parametrize(
    ("read", "value", "said"),
    [
        (members.mapping, [], "/here: an object was expected, not a list"),
        (members.items, {}, "/here: a list was expected, not an object"),
        (members.text, None, "/here: a text was expected, not null"),
        (members.optional_text, 1, "/here: a text was expected, not a number"),
        (members.texts, "a", "/here: a list was expected, not a text"),
        (members.texts, [1.5], "/here: a text was expected, not a number"),
        (members.whole, True, "/here: a whole number was expected, not a boolean"),
        (members.whole, -1, "/here: a whole number was expected, not a number"),
        (members.flag, 1, "/here: true or false was expected, not a number"),
        (members.text_map, {"a": "b", "c": None}, "/here/c: a text was expected, not null"),
        (members.text_map, "x", "/here: an object was expected, not a text"),
    ],
)
def test_wrong_values_are_named(read: Callable[..., Any], value: Any, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(value, "/here")
    assert str(caught.value) == said


def test_unknown_members() -> None:
    members.refuse_unknown({"a": 1}, frozenset({"a", "b"}), "")
    with pytest.raises(Malformed, match="/x: unknown member 'c'"):
        members.refuse_unknown(["a", "d", "c"], frozenset({"a"}), "/x")
