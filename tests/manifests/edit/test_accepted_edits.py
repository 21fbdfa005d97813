"""Lists and objects become the live ones by the fewest edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import leaf_at, same
from reconciler.core.canonical.field_tree import node_at
from reconciler.core.canonical.raw_edit import edit_document
from reconciler.core.kind_table import kind
from reconciler.manifests.edit.accepted_edits import list_edits, object_edits
from reconciler.manifests.read.source_pointer import RawPlace
from reconciler.types.json import Json, Object
from reconciler.types.manifest_edit import Edit, RemoveValue, SetValue

TAGS = node_at(kind("persona"), "/document_tags").row
TOOLS = node_at(kind("persona"), "/tools").row
QUERIES = node_at(kind("persona"), "/layers/perception/visual_awareness_queries").row


def lists(old: Json, new: list[Json], row: object = TAGS, ids: dict[str, Json] | None = None) -> list[Edit]:
    return list_edits(row, RawPlace("/x", old is not None, old), new, ids or {}, {"lookup"})  # type: ignore[arg-type]


def test_a_set_gains_and_loses_single_items() -> None:
    assert lists(["b", "a"], ["a", "b"]) == []
    assert lists(["c", "b", "a"], ["b", "d"]) == [RemoveValue("/x/2"), RemoveValue("/x/0"), SetValue("/x/-", "d")]
    assert lists(["a"], ["b"]) == [SetValue("/x", ["b"])]
    assert lists(["a"], []) == [SetValue("/x", [])]
    assert lists(None, ["a"]) == [SetValue("/x", ["a"])]


def test_a_list_with_an_order_is_written_anew() -> None:
    assert lists(["a", "b"], ["b", "a"], QUERIES) == [SetValue("/x", ["b", "a"])]


def test_names_and_references_of_one_tool_are_the_same() -> None:
    ids: dict[str, Json] = {"t1": {"ref": "tool.lookup"}, "t2": {"ref": "tool.other"}}
    assert lists(["lookup", {"ref": "tool.other"}], ["t1", "t2"], TOOLS, ids) == []
    assert lists(["lookup"], ["t1", "t3"], TOOLS, ids) == [SetValue("/x/-", "t3")]
    assert lists(["lookup", "t9"], ["t2"], TOOLS, ids) == [SetValue("/x", [{"ref": "tool.other"}])]


@given(st.lists(st.sampled_from("abcde"), unique=True), st.lists(st.sampled_from("abcde"), unique=True))
def test_the_edited_set_is_the_wanted_one(old: list[Json], new: list[Json]) -> None:
    document: Json = {"x": old}
    for edit in lists(old, new):
        document = edit_document(document, edit)
    assert isinstance(document, dict)
    assert sorted(document["x"], key=str) == sorted(new, key=str)  # type: ignore[arg-type]


SPEC = kind("tool")
DELIVERY = node_at(SPEC, "/delivery")


def delivered(old: Object, live: Object) -> tuple[Object, list[Edit]]:
    """A delivery edited to agree with a live one, and the edits."""
    normal = leaf_at(SPEC, {"delivery": live}, "/delivery")
    assert isinstance(normal, dict)
    edits = object_edits(DELIVERY, RawPlace("/delivery", True, old), normal)
    document: Json = {"delivery": old}
    for edit in edits:
        document = edit_document(document, edit)
    assert isinstance(document, dict)
    assert same(leaf_at(SPEC, document, "/delivery"), normal)
    return document["delivery"], edits  # type: ignore[return-value]


BEARER: Object = {"api": {"url": "u", "method": "POST", "auth": {"type": "bearer", "token": {"env": "T"}}}}


def test_members_that_are_equal_stay_and_secrets_too() -> None:
    live: Object = {"api": {"url": "v", "method": "POST", "auth": {"type": "bearer", "token": "********"}}}
    found, edits = delivered(BEARER, live)
    assert edits == [SetValue("/delivery/api/url", "v")]
    assert found["api"]["auth"] == BEARER["api"]["auth"]  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    "live",
    [
        {"app_message": True},
        {"api": {"url": "u", "timeout": 20, "auth": {"type": "none"}}},
        {"api": {"url": "u", "query_params": {"a": "b"}, "auth": {"type": "bearer"}}},
        {"app_message": False, "api": {"url": "u", "auth": {"type": "api_key", "name": "X", "location": "query"}}},
    ],
)
def test_any_live_delivery_can_be_said(live: Object) -> None:
    delivered(BEARER, live)


def test_nothing_to_do_is_nothing_done() -> None:
    assert delivered(BEARER, BEARER)[1] == []
