"""The schema check."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.simulator import schema_check as check


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (check.string, ["", "a"], [1, True, [], {}]),
        (check.boolean, [True, False, "true", "false"], ["yes", 1, 0, []]),
        (check.number, [1, 0.5, -2], [True, "1", []]),
        (check.mapping, [{}], [[], "a", 1]),
        (check.sequence, [[]], [{}, "a"]),
        (check.strings(), [[], ["a"]], ["a", [1], {}]),
        (check.strings(2, 3), [["abc", "d"]], [["a", "b", "c"], ["abcd"]]),
        (check.one_of("a", "b"), ["a", "b"], ["c", 1, ["a"]]),
        (check.text(3, 1, "[a-z]*"), ["a", "abc"], ["", "abcd", "A", 1, "a\n"]),
    ],
)
def test_rules(rule: Any, good: list[Any], bad: list[Any]) -> None:
    assert [rule(value) for value in good] == [None] * len(good)
    assert all(isinstance(rule(value), str) for value in bad)


def test_errors_are_nested_like_the_body() -> None:
    rules = {"a": check.mapping, "a.b": check.string, "a.c": check.string, "d": check.string}
    body = {"a": {"b": 1, "c": 2}, "d": 3}
    words = ["Not a valid string."]
    assert check.find_errors(body, rules) == {"a": {"b": words, "c": words}, "d": words}
    assert check.find_errors({"a": "x"}, rules) == {"a": ["Not a valid mapping type."]}


def test_absent_and_null() -> None:
    assert check.find_errors({"a": None}, {"a": check.string, "b": check.string}) == {}
    null = ["Field may not be null."]
    assert check.find_errors({"a": None}, {"a": check.string}, never_null=("a",)) == {"a": null}


def test_required_fields() -> None:
    errors: dict[str, Any] = {"b": ["first"]}
    check.require({"a": None}, errors, "a", "b", "c")
    assert errors == {"b": ["first"], "c": ["Missing data for required field."]}
