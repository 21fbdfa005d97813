from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import same
from reconciler.reporters.value_diff import Inside, explain_value, flatten, list_items
from reconciler.types.json import Json
from reconciler.types.reference import ResourceRef

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "l", "m"]), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["k", "l", "m"]), VALUES, max_size=3)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 2}, [Inside("~", "a", 1, 2)]),
        ({"a": {"b": 1}}, {"a": {}}, [Inside("-", "a.b", 1)]),
        ({}, {"a": None}, [Inside("+", "a")]),
        ({"a": [1, 2]}, {"a": [2, 1]}, [Inside("~", "(the order of its items)")]),
        ({"a": ["x", "y"]}, {"a": ["x"]}, [Inside("-", "a[]", "y")]),
        ({"a": True}, {"a": 1}, [Inside("~", "a", True, 1)]),
        ({"a": 1}, {"a": 1.0}, []),
        (
            [{"n": "a", "v": 1}, {"n": "b", "v": 2}],
            [{"n": "b", "v": 2}, {"n": "a", "v": 9}],
            [Inside("~", "[].v", 1, 9)],
        ),
    ],
)
def test_explain(before: Json, after: Json, found: list[Inside]) -> None:
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
    assert bool(found) == (not same(before, after))


@given(st.lists(VALUES, max_size=5), st.lists(VALUES, max_size=5))
def test_items_that_came_and_went_account_for_the_difference(before: list[Json], after: list[Json]) -> None:
    found = list_items(before, after)
    gone = sum(item.sign == "-" for item in found)
    come = sum(item.sign == "+" for item in found)
    assert len(before) - gone + come == len(after)
    assert bool(found) == (not same(before, after))


def test_flatten() -> None:
    value: Json = {"a": {"b": 1, "c": [1, 2]}, "d": {}, "e": ResourceRef("tool.x")}
    assert dict(flatten(value)) == {"a.b": 1, "a.c": [1, 2], "d": {}, "e": ResourceRef("tool.x")}
