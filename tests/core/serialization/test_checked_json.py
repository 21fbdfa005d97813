"""Checked reading: right types pass unchanged, wrong ones are named with their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.core.serialization import checked_json
from reconciler.core.serialization.checked_json import Malformed


@pytest.mark.parametrize(
    ("read", "value", "result"),
    [
        (checked_json.mapping, {"a": 1}, {"a": 1}),
        (checked_json.items, [1], [1]),
        (checked_json.text, "a", "a"),
        (checked_json.optional_text, None, None),
        (checked_json.optional_text, "a", "a"),
        (checked_json.texts, None, ()),
        (checked_json.texts, ["a", "b"], ("a", "b")),
        (checked_json.whole, 0, 0),
        (checked_json.flag, None, False),
        (checked_json.flag, True, True),
        (checked_json.text_map, None, {}),
        (checked_json.text_map, {"a": "b"}, {"a": "b"}),
    ],
)
def test_right_values_pass(read: Callable[..., Any], value: Any, result: Any) -> None:
    assert read(value, "/here") == result


@pytest.mark.parametrize(
    ("read", "value", "said"),
    [
        (checked_json.mapping, [], "/here: an object was expected, not a list"),
        (checked_json.items, {}, "/here: a list was expected, not an object"),
        (checked_json.text, None, "/here: a text was expected, not null"),
        (checked_json.optional_text, 1, "/here: a text was expected, not a number"),
        (checked_json.texts, "a", "/here: a list was expected, not a text"),
        (checked_json.texts, [1.5], "/here: a text was expected, not a number"),
        (checked_json.whole, True, "/here: a whole number was expected, not a boolean"),
        (checked_json.whole, -1, "/here: a whole number was expected, not a number"),
        (checked_json.flag, 1, "/here: true or false was expected, not a number"),
        (checked_json.text_map, {"a": "b", "c": None}, "/here/c: a text was expected, not null"),
        (checked_json.text_map, "x", "/here: an object was expected, not a text"),
    ],
)
def test_wrong_values_are_named(read: Callable[..., Any], value: Any, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(value, "/here")
    assert str(caught.value) == said


def test_unknown_members() -> None:
    checked_json.refuse_unknown({"a": 1}, frozenset({"a", "b"}), "")
    with pytest.raises(Malformed, match="/x: unknown member 'c'"):
        checked_json.refuse_unknown(["a", "d", "c"], frozenset({"a"}), "/x")
