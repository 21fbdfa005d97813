"""Edits of raw documents as data."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.raw_edit import (
    EditUnfit,
    edit_document,
    exists,
    merge,
    merge_written,
    prunable_pointer,
    rebase,
    sibling,
    steps,
)
from reconciler.types.json import Json
from reconciler.types.manifest import Edit, MoveValue, RemoveValue, RenameKey, SetValue

DOCUMENT: Json = {"a": {"b": {"c": 1}}, "list": [1, {"x": 2}], "null": None}


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (SetValue("/a/b/c", 2), {"a": {"b": {"c": 2}}, "list": [1, {"x": 2}], "null": None}),
        (SetValue("/new/deep", 1), {**DOCUMENT, "new": {"deep": 1}}),  # type: ignore[dict-item]
        (SetValue("/list/-", 3), {**DOCUMENT, "list": [1, {"x": 2}, 3]}),  # type: ignore[dict-item]
        (SetValue("/list/1/x", 3), {**DOCUMENT, "list": [1, {"x": 3}]}),  # type: ignore[dict-item]
        (SetValue("/null/x", 3), {**DOCUMENT, "null": {"x": 3}}),  # type: ignore[dict-item]
        (SetValue("/null/-", 3), {**DOCUMENT, "null": [3]}),  # type: ignore[dict-item]
        (RemoveValue("/a/b/c"), {**DOCUMENT, "a": {"b": {}}}),  # type: ignore[dict-item]
        (RemoveValue("/a/b/c", prune=True), {"list": [1, {"x": 2}], "null": None}),
        (RemoveValue("/a/b/c", prune=True, floor="/a"), {**DOCUMENT, "a": {}}),  # type: ignore[dict-item]
        (RemoveValue("/list/0"), {**DOCUMENT, "list": [{"x": 2}]}),  # type: ignore[dict-item]
        (RenameKey("/a/b", "z"), {**DOCUMENT, "a": {"z": {"c": 1}}}),  # type: ignore[dict-item]
        (MoveValue("/a/b/c", "/d/e"), {"list": [1, {"x": 2}], "null": None, "d": {"e": 1}}),
        (MoveValue("/a/b/c", "/d", prune=False), {**DOCUMENT, "a": {"b": {}}, "d": 1}),  # type: ignore[dict-item]
    ],
)
def test_an_edit_changes_what_it_names(edit: Edit, after: Json) -> None:
    assert edit_document(DOCUMENT, edit) == after


@pytest.mark.parametrize(
    "edit",
    [
        SetValue("/a/b/c/d", 1),
        SetValue("/list/7", 1),
        SetValue("/list/x", 1),
        RemoveValue("/nothing"),
        RemoveValue("/list/7"),
        RemoveValue(""),
        RenameKey("/nothing", "z"),
        RenameKey("/a", "list"),
        MoveValue("/nothing", "/d"),
        MoveValue("/a", "/list"),
        MoveValue("/a", "/a/inside"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit: Edit) -> None:
    with pytest.raises(EditUnfit):
        edit_document(DOCUMENT, edit)


def test_the_original_stays_as_it_was() -> None:
    before = repr(DOCUMENT)
    edit_document(DOCUMENT, SetValue("/a/b/c", 2))
    edit_document(DOCUMENT, MoveValue("/a/b/c", "/d"))
    assert repr(DOCUMENT) == before


def test_renaming_keeps_the_order() -> None:
    changed = edit_document({"a": 1, "b": 2, "c": 3}, RenameKey("/b", "z"))
    assert list(changed) == ["a", "z", "c"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("edit", "moved"),
    [
        (SetValue("/x", 1), SetValue("/spec/x", 1)),
        (RemoveValue("/x", prune=True), RemoveValue("/spec/x", prune=True, floor="/spec")),
        (RenameKey("/x", "y"), RenameKey("/spec/x", "y")),
        (MoveValue("/x", "/y"), MoveValue("/spec/x", "/spec/y", floor="/spec")),
    ],
)
def test_rebase_takes_every_pointer_along(edit: Edit, moved: Edit) -> None:
    assert rebase(edit, "/spec") == moved


def test_pruning_never_takes_the_body_itself() -> None:
    document: Json = {"spec": {"layers": {"vqa": 1}}}
    assert prunable_pointer(document, RemoveValue("/spec/layers/vqa", prune=True, floor="/spec")) == "/spec/layers"


def test_null_is_there_and_absent_is_not() -> None:
    assert exists(DOCUMENT, "/null")
    assert exists(DOCUMENT, "/list/0")
    assert not exists(DOCUMENT, "/a/c")


def test_small_words() -> None:
    assert sibling("/a/b", "c/d") == "/a/c~1d"
    assert steps(DOCUMENT, MoveValue("/a/b", "/d")) == (
        SetValue("/d", {"c": 1}),
        RemoveValue("/a/b", prune=True),
    )


def test_a_dash_is_a_name_like_any_other_in_a_mapping() -> None:
    assert edit_document({"a": {"b": 1}}, SetValue("/a/-", 2)) == {"a": {"b": 1, "-": 2}}
    assert edit_document({}, SetValue("/a/-/b", 2)) == {"a": {"-": {"b": 2}}}


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [  # the examples of RFC 7386, appendix A, as far as its null is ours
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": 1}, {"a": {"null": True}}, {"a": None}),
        ({"a": 1}, {"a": {"null": True, "b": 2}}, {"a": {"null": True, "b": 2}}),
        ({"a": 1}, {"a": {"null": 1}}, {"a": {"null": 1}}),
        ({"a": 1}, {"a": {"b": True}}, {"a": {"b": True}}),
    ],
)
def test_merging(target: Json, patch: Json, merged: Json) -> None:
    assert merge(target, patch) == merged


def test_references_are_replaced_whole() -> None:
    body: Json = {"a": {"env": "X"}, "b": {"c": 1}}
    assert merge_written(body, {"a": {"file": "y"}, "b": {"ref": "tool.x"}}) == {
        "a": {"file": "y"},
        "b": {"ref": "tool.x"},
    }
    assert merge_written(body, {"a": {"c": 2}}) == {"a": {"c": 2}, "b": {"c": 1}}
