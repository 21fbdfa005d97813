"""What a live value says, and how a manifest would read it."""

from __future__ import annotations

import pytest
from hypothesis import given

from reconciler.core.canonical.canonical_form import json_equal, normalize
from reconciler.core.canonical.field_tree import build_field_tree, node_at
from reconciler.core.export.live_values import (
    has_mask,
    is_implied,
    is_unwritable,
    ordered_members,
    secrets_in,
    unfilled_items,
    unfilled_object,
    with_member,
)
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json
from tests.support.strategies import OBJECTS

PERSONA, TOOL = kind("persona"), kind("tool")
DELIVERY = node_at(TOOL, "/delivery")


def row(pointer: str, name: str = "persona") -> object:
    return node_at(kind(name), pointer).row


@pytest.mark.parametrize(
    ("pointer", "value", "expected"),
    [
        ("/greeting", "", True), ("/greeting", "Hi", False), ("/pipeline_mode", "full", True),
        ("/pipeline_mode", "", False), ("/pal_name", "", True), ("/memories", [], True),
        ("/is_template", "false", True),
        ("/layers/llm/speculative_inference", False, False), ("/objectives_id", "", True), ("/unknown", "", True),
        ("/unknown", 0, False), ("/unknown/deep", "", False),
    ],
)  # fmt: skip
def test_what_says_nothing(pointer: str, value: Json, expected: bool) -> None:
    assert is_implied(row(pointer), value, pointer) is expected  # type: ignore[arg-type]


def test_a_required_field_says_something_even_when_it_is_empty() -> None:
    assert not is_implied(row("/description", "tool"), "", "/description")  # type: ignore[arg-type]


def test_masks_are_found_at_any_depth() -> None:
    assert has_mask({"a": [{"b": "****"}]})
    assert not has_mask({"a": [{"b": "***"}, 1, None, "**** not quite"]})


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, [float("inf")], float("nan"), -(10**301)])
def test_what_no_file_can_hold(value: Json) -> None:
    assert is_unwritable(value)
    assert is_unwritable({"a": [value]})


@pytest.mark.parametrize("value", ["\U0001f3ad", True, None, 10**299, 1e-320, {"a": [0]}, ""])
def test_what_a_file_can_hold(value: Json) -> None:
    assert not is_unwritable(value)


def test_members_stand_in_the_order_of_the_table_then_by_name() -> None:
    assert ordered_members(build_field_tree(PERSONA), {"z": 1, "layers": 1, "b": 1, "pal_name": 1}) == [
        "pal_name",
        "layers",
        "b",
        "z",
    ]


def test_secrets_inside_an_object() -> None:
    value: Json = {
        "api": {"headers": {"X-Key": "h", "X": "h"}, "auth": {"type": "basic", "username": "u", "password": "p"}}
    }
    assert dict(secrets_in(DELIVERY, value, "")) == {"/api/headers/X-Key": "h", "/api/auth/password": "p"}


@given(OBJECTS)
def test_less_than_the_server_fills_in_means_the_same(value: dict[str, Json]) -> None:
    assert DELIVERY.row is not None
    small = unfilled_object(DELIVERY.row, value)
    assert json_equal(normalize(DELIVERY.row, small), normalize(DELIVERY.row, value))


def test_items_of_a_list_lose_what_the_server_filled_in() -> None:
    rules: Json = [{"text": "a", "case_sensitive": False, "word_boundaries": False, "alphabet": None}, "odd"]
    assert isinstance(rules, list)
    found = unfilled_items(row("/rules", "pronunciation_dictionary"), rules)  # type: ignore[arg-type]
    assert found == [{"text": "a", "word_boundaries": False}, "odd"]


def test_put_copies_and_makes_parents() -> None:
    value: Json = {"a": {"b": 1}}
    assert with_member(value, ("a", "c", "d"), 2) == {"a": {"b": 1, "c": {"d": 2}}}
    assert value == {"a": {"b": 1}}
