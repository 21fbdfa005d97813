"""Answers are read in every shape in which they are known to come."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.client.endpoint import (
    attached_in,
    id_of,
    is_stock,
    items_in,
    name_of,
    object_in,
    owners_in,
    total_in,
)
from reconciler.platforms.tavus.client.endpoints import ENDPOINTS
from reconciler.platforms.tavus.kinds import KINDS, kind

PERSONA = kind("persona")
TOOL = kind("tool")


@pytest.mark.parametrize("name", list(ENDPOINTS))
def test_every_endpoint_is_of_a_kind_and_has_a_path_per_vocabulary(name: str) -> None:
    endpoint = ENDPOINTS[name]
    assert endpoint.kind == name
    assert name in KINDS
    for vocabulary in ("pal", "persona"):
        assert endpoint.paths[vocabulary].startswith("/")
        assert not endpoint.paths[vocabulary].endswith("/")
    assert endpoint.page_base in (0, 1)
    assert (endpoint.attachments is not None) == (kind(name).attachments is not None)


@pytest.mark.parametrize("name", list(ENDPOINTS))
def test_the_patch_style_is_what_the_kind_says(name: str) -> None:
    assert (ENDPOINTS[name].patch_style.value == "merge") is kind(name).merge_patch


@pytest.mark.parametrize(
    ("item", "id"),
    [
        ({"pal_id": "p1", "persona_id": "p2"}, "p1"),
        ({"persona_id": "p2", "uuid": "u"}, "p2"),
        ({"uuid": "u", "id": "i"}, "u"),
        ({"id": "i"}, "i"),
        ({"id": 7}, "7"),
        ({"pal_id": None, "id": "i"}, "i"),
        ({"pal_id": "", "name": "n"}, None),
        ({"id": True}, None),
        ({}, None),
        ("p1", None),
        (None, None),
    ],
)
def test_ids(item: Any, id: str | None) -> None:
    assert id_of(PERSONA, item) == id


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"pal_name": "a", "persona_name": "b"}, "a"),
        ({"persona_name": "b"}, "b"),
        ({"name": "c"}, "c"),
        ({"pal_name": None}, None),
        ({"pal_name": ""}, ""),
        ({}, None),
    ],
)
def test_names(item: Any, name: str | None) -> None:
    assert name_of(PERSONA, item) == name
    assert name_of(TOOL, {"name": "t"}) == "t"


@pytest.mark.parametrize(
    "answer",
    [
        {"pal_id": "p1", "x": 1},
        {"data": {"pal_id": "p1", "x": 1}},
        {"data": [{"pal_id": "p1", "x": 1}]},
        {"data": [{"pal_id": "p1", "x": 1}], "total_count": 1},
        {"persona": {"pal_id": "p1", "x": 1}},
        [{"pal_id": "p1", "x": 1}],
    ],
)
def test_one_object(answer: Any) -> None:
    assert object_in(PERSONA, answer) == {"pal_id": "p1", "x": 1}


def test_an_object_with_data_of_its_own_is_not_unwrapped() -> None:
    answer = {"pal_id": "p1", "data": [{"pal_id": "p2"}]}
    assert object_in(PERSONA, answer) is answer


@pytest.mark.parametrize("answer", [None, "x", 7, [], [{"pal_id": "a"}, {"pal_id": "b"}]])
def test_no_object(answer: Any) -> None:
    assert object_in(PERSONA, answer) is None


@pytest.mark.parametrize(
    ("answer", "items", "total"),
    [
        ({"data": [1, 2], "total_count": 2}, [1, 2], 2),
        ({"data": [], "total_count": 0}, [], 0),
        ({"data": [1], "total": 5}, [1], 5),
        ({"data": [1], "total_count": "5"}, [1], 5),
        ({"pals": [1]}, [1], None),
        ({"personas": [1]}, [1], None),
        ({"deployments": [1], "total": 1}, [1], 1),
        ([1, 2, 3], [1, 2, 3], None),
        ({"data": None}, [], None),
        ({"data": [1], "total_count": None}, [1], None),
        ({"data": [1], "total_count": -1}, [1], None),
        ({"data": [1], "total_count": True}, [1], None),
        ({"error": "no"}, None, None),
        ({"data": {"a": 1}}, None, None),
        ("x", None, None),
        (None, None, None),
    ],
)
def test_lists(answer: Any, items: Any, total: int | None) -> None:
    assert items_in(ENDPOINTS["persona"].list_words, answer) == items
    assert total_in(answer) == total


@pytest.mark.parametrize(
    ("name", "item", "stock"),
    [
        ("persona", {"pal_type": "system"}, True),
        ("persona", {"persona_type": "system"}, True),
        ("persona", {"pal_type": "user"}, False),
        ("persona", {}, False),
        ("tool", {"is_system_tool": True}, True),
        ("tool", {"is_system_tool": False, "type": "user"}, False),
        ("tool", {"type": "system"}, True),
        ("persona", {"is_system_tool": True}, False),
    ],
)
def test_the_vendors_own_objects(name: str, item: Any, stock: bool) -> None:
    assert is_stock(ENDPOINTS[name], item) is stock


@pytest.mark.parametrize(
    ("item", "tools"),
    [
        ({"tool_ids": ["t2", "t1", "t1"]}, ("t1", "t2")),
        ({"tool_ids": []}, ()),
        ({"tool_ids": None}, ()),
        ({"tool_ids": "t1"}, None),
        ({"tool_ids": [1]}, None),
        ({}, None),
        (None, None),
    ],
)
def test_attached_tools(item: Any, tools: Any) -> None:
    assert attached_in(item) == tools


def test_owners() -> None:
    assert list(owners_in([{"owner_id": None}, {}, {"owner_id": "u1"}, {"owner_id": ""}, {"owner_id": "u2"}])) == [
        "u1",
        "u2",
    ]
