"""Pages, order and filters, whatever the collection."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.fixtures import new_world
from reconciler.platforms.tavus.simulator.http_types import Refusal
from reconciler.platforms.tavus.simulator.list_pages import (
    cut,
    matches,
    newest_first,
    page_bounds,
    read_number,
    select,
)


@given(st.integers(0, 60), st.integers(1, 20), st.sampled_from([0, 1]), st.sampled_from(["asc", "desc"]))
def test_pages_show_everything_once(count: int, limit: int, base: int, sort: str) -> None:
    items: list[tuple[str, Any]] = [(f"p{number}", {}) for number in range(count)]
    collected: list[tuple[str, Any]] = []
    for page in range(base, base + count // limit + 2):
        collected += cut(items, {"limit": str(limit), "page": str(page), "sort": sort}, base=base)
    assert collected == (items if sort == "asc" else items[::-1])


@pytest.mark.parametrize(
    ("query", "base", "bounds"),
    [
        ({}, 1, (0, 10)),
        ({}, 0, (0, 10)),
        ({"page": "0"}, 1, (0, 10)),
        ({"page": "1"}, 1, (0, 10)),
        ({"page": "1"}, 0, (10, 10)),
        ({"page": "3", "limit": "7"}, 1, (14, 7)),
        ({"limit": "100000"}, 1, (0, 100)),
        ({"limit": "", "page": ""}, 1, (0, 10)),
    ],
)
def test_bounds(query: Any, base: int, bounds: Any) -> None:
    assert page_bounds(query, base=base) == bounds


@pytest.mark.parametrize("text", ["x", "1.5", "--1", "-", "\u00b2", "0x1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refusal, match="Not a valid integer"):
        read_number({"limit": text}, "limit", 10)


def test_what_is_too_small() -> None:
    with pytest.raises(Refusal, match="greater than or equal to 1"):
        read_number({"limit": "0"}, "limit", 10, least=1)


def test_types() -> None:
    world = new_world("s")
    world.put("pals", "p1", {})
    assert [id for id, _ in select(world, "pals", "user")] == ["p1"]
    assert len(select(world, "pals", "system")) == 2
    assert len(select(world, "pals", "all")) == len(select(world, "pals", "")) == 4


def test_words_for_the_order() -> None:
    assert [newest_first({"sort": word}) for word in ("asc", "ascending", "desc", "descending", "")] == [
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("needle", "fits"), [("", True), ("t1", True), ("t", False), ("LOOK", True), ("policy", True), ("x", False)]
)
def test_name_or_uuid(needle: str, fits: bool) -> None:
    assert matches(needle, "t1", "look_policy") is fits
    assert not matches("look", "t1", None)
