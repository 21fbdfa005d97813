"""JSON values in words: one value on one line, and what differs inside lists and objects."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.reporters.plan_json import dump
from reconciler.reporters.values import (
    ValueDifference,
    explain_value,
    flatten,
    list_items,
    quote,
    shorten,
    show,
    summarize,
)
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import SENSITIVE, Json


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.5, "1.5"),
        ("a", '"a"'),
        ('a "b" \\ \n\t', '"a \\"b\\" \\\\ \\n\\t"'),
        (SENSITIVE, "(sensitive)"),
        ("(sensitive)", '"(sensitive)"'),
        (SecretRef("env", "X"), "(sensitive)"),
        (ResourceRef("tool.x"), "tool.x (known after apply)"),
        ({"a": [1, SecretRef("env", "X"), ResourceRef("tool.x")]}, '{"a": [1, "(sensitive)", "tool.x"]}'),
        ([], "[]"),
    ],
)
def test_show(value: Json, shown: str) -> None:
    assert show(value).startswith(shown)


def test_a_number_that_python_does_not_print() -> None:
    assert show(10**5000).startswith("0x")


def test_long_collections_are_counted() -> None:
    assert summarize(["item"] * 100) == "[100 items]"
    assert summarize({str(number): "value" for number in range(100)}) == "{100 members}"
    assert summarize([1, 2]) == "[1, 2]"


@given(st.text(), st.integers(40, 400))
def test_shortening_tells_how_much_is_missing(text: str, limit: int) -> None:
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        kept = max(min(40, limit // 3), 8)
        assert short == f"{text[:kept]} …{len(text) - 2 * kept:,} characters… {text[-kept:]}"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_a_quoted_text_is_one_safe_line(text: str) -> None:
    shown = quote(text)
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), "\ud800", [10**5000], {"a": "é"}])
def test_anything_can_be_written_as_json(value: Json) -> None:
    assert dump(value).encode("utf-8").decode("utf-8") == dump(value)


def test_texts_stay_readable_in_json() -> None:
    assert dump({"a": "é"}, indent=None) == '{"a": "é"}'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "l", "m"]), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["k", "l", "m"]), VALUES, max_size=3)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 2}, [ValueDifference("~", "a", 1, 2)]),
        ({"a": {"b": 1}}, {"a": {}}, [ValueDifference("-", "a.b", 1)]),
        ({}, {"a": None}, [ValueDifference("+", "a")]),
        ({"a": [1, 2]}, {"a": [2, 1]}, [ValueDifference("~", "(the order of its items)")]),
        ({"a": ["x", "y"]}, {"a": ["x"]}, [ValueDifference("-", "a[]", "y")]),
        ({"a": True}, {"a": 1}, [ValueDifference("~", "a", True, 1)]),
        ({"a": 1}, {"a": 1.0}, []),
        (
            [{"n": "a", "v": 1}, {"n": "b", "v": 2}],
            [{"n": "b", "v": 2}, {"n": "a", "v": 9}],
            [ValueDifference("~", "[].v", 1, 9)],
        ),
    ],
)
def test_explain(before: Json, after: Json, found: list[ValueDifference]) -> None:
    assert explain_value(before, after) == found


def test_what_cannot_be_explained() -> None:
    assert explain_value("a", {}) is None
    assert explain_value({}, []) is None
    large: Json = {"items": list(range(5_000))}
    assert explain_value(large, {"items": []}) is None


@settings(max_examples=60, deadline=None)
@given(OBJECTS, OBJECTS)
def test_nothing_is_found_exactly_where_nothing_differs(before: dict[str, Json], after: dict[str, Json]) -> None:
    found = explain_value(before, after)
    assert found is not None
    assert bool(found) == (not json_equal(before, after))


@given(st.lists(VALUES, max_size=5), st.lists(VALUES, max_size=5))
def test_items_that_came_and_went_account_for_the_difference(before: list[Json], after: list[Json]) -> None:
    found = list_items(before, after)
    gone = sum(item.sign == "-" for item in found)
    come = sum(item.sign == "+" for item in found)
    assert len(before) - gone + come == len(after)
    assert bool(found) == (not json_equal(before, after))


def test_flatten() -> None:
    value: Json = {"a": {"b": 1, "c": [1, 2]}, "d": {}, "e": ResourceRef("tool.x")}
    assert dict(flatten(value)) == {"a.b": 1, "a.c": [1, 2], "d": {}, "e": ResourceRef("tool.x")}
