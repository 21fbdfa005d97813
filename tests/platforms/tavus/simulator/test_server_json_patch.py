"""RFC 6902, against the published library as an independent witness."""

from __future__ import annotations

from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.server_json_patch import (
    Operation,
    PatchConflict,
    PatchMalformed,
    TestFailed,
    apply_patch,
    parse_patch,
    same,
)

LEAF = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "~/"])
NAME = st.sampled_from(["a", "b", "c", "~", "/", "0"])
JSON = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3))


def run(document: Any, *operations: dict[str, Any]) -> Any:
    return apply_patch(document, parse_patch(list(operations)))


@settings(max_examples=150, deadline=None)
@given(JSON, JSON)
def test_a_generated_patch_leads_from_one_document_to_the_other(before: Any, after: Any) -> None:
    before, after = {"x": before}, {"x": after}
    operations = jsonpatch.make_patch(before, after).patch
    kept = repr(before)
    assert apply_patch(before, parse_patch(operations)) == after
    assert repr(before) == kept, "the argument stays as it is"


@pytest.mark.parametrize(
    ("document", "operation", "result"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"op": "add", "path": "/a", "value": 2}, {"a": 2}),
        ({"a": [1]}, {"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1]}),
        ({"a": [1]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": 1}, {"op": "add", "path": "", "value": 7}, 7),
        ({"a": 1}, {"op": "replace", "path": "", "value": 7}, 7),
        ({"a": None}, {"op": "replace", "path": "/a", "value": 7}, {"a": 7}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/1", "value": 7}, {"a": [1, 7]}),
        ({"a/b": 1, "m~n": 2}, {"op": "remove", "path": "/a~1b"}, {"m~n": 2}),
        ({"a/b": 1, "m~n": 2}, {"op": "remove", "path": "/m~0n"}, {"a/b": 1}),
        ({"": 1}, {"op": "replace", "path": "/", "value": 2}, {"": 2}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ({"a": [1, 2, 3]}, {"op": "move", "from": "/a/0", "path": "/a/2"}, {"a": [2, 3, 1]}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"a": 1.0}, {"op": "test", "path": "/a", "value": 1}, {"a": 1.0}),
        ({"a": 1}, {"op": "move", "from": "/a", "path": "/a"}, {"a": 1}),
    ],
)
def test_operations(document: Any, operation: dict[str, Any], result: Any) -> None:
    assert run(document, operation) == result


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        ({}, {"op": "remove", "path": "/a"}),
        ({}, {"op": "remove", "path": ""}),
        ({}, {"op": "replace", "path": "/a", "value": 1}),
        ({}, {"op": "add", "path": "/a/b", "value": 1}),
        ({"a": None}, {"op": "add", "path": "/a/b", "value": 1}),
        ({"a": "text"}, {"op": "add", "path": "/a/b", "value": 1}),
        ({"a": []}, {"op": "add", "path": "/a/1", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/00", "value": 1}),
        ({"a": [1]}, {"op": "replace", "path": "/a/01", "value": 1}),
        ({"a": [1]}, {"op": "remove", "path": "/a/-"}),
        ({"a": [1]}, {"op": "remove", "path": "/a/x"}),
        ({"a": [1]}, {"op": "remove", "path": "/a/²"}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a", "path": "/a/b"}),
        ({}, {"op": "copy", "from": "/a", "path": "/b"}),
    ],
)
def test_conflicts(document: Any, operation: dict[str, Any]) -> None:
    with pytest.raises(PatchConflict):
        run(document, operation)


@pytest.mark.parametrize(
    ("value", "other"), [(1, True), (0, False), ("1", 1), ([], {}), ([1], [1, 2]), ({"a": 1}, {})]
)
def test_what_is_not_the_same(value: Any, other: Any) -> None:
    assert not same(value, other)
    assert not same(other, value)
    assert same(value, value)
    with pytest.raises(TestFailed):
        run({"a": value}, {"op": "test", "path": "/a", "value": other})


def test_copies_do_not_share() -> None:
    value: dict[str, Any] = {"deep": []}
    first = run({}, {"op": "add", "path": "/a", "value": value}, {"op": "copy", "from": "/a", "path": "/b"})
    second = run(first, {"op": "add", "path": "/a/deep/-", "value": 1})
    assert second == {"a": {"deep": [1]}, "b": {"deep": []}}
    assert value == {"deep": []}


@pytest.mark.parametrize("data", [None, {}, "x", [1], [[]], [{"op": "add", "path": 3, "value": 1}], [{"op": None}]])
def test_what_is_no_patch(data: Any) -> None:
    with pytest.raises(PatchMalformed):
        parse_patch(data)


def test_what_an_operation_writes() -> None:
    assert Operation("move", "/a", source="/b").touches() == ("/a", "/b")
    assert Operation("copy", "/a", source="/b").touches() == ("/a",)
    assert Operation("test", "/a").touches() == ()
