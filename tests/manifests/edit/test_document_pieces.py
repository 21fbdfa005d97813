"""Anchors, aliases and merge keys in the way of an edit are written out as the values that they are."""

from __future__ import annotations

import pytest
import yaml

from reconciler.core.canonical.raw_edit import edit_document
from reconciler.manifests.edit.editable_file import EditableFile
from reconciler.manifests.read.envelope import read_documents
from reconciler.manifests.tree.problems import Findings
from reconciler.types.json import Json
from reconciler.types.manifest import Edit, EditRefused, RemoveValue, RenameKey, SetValue

SHARED = "a: &x {m: 1, n: 2}  # the first\nb: *x\nc:\n  - *x  # again\n  - k: 3\n"
BLOCK = "a: &x\n  m: 1\n  # why\n  n: [1, 2]\nb: *x\nc:\n  d: *x\n"
MERGED = "a: &x {m: 1, n: 2}\nb:\n  <<: *x\n  n: 5\nc:\n  <<: [*x]\n"
NESTED = "a: &x\n  m: &y [1]\nb: *x\nc: *y\n"


def value(data: bytes) -> Json:
    return read_documents(data, "p.yaml", Findings())[0].value


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "edit"),
    [
        (SHARED, SetValue("/a/m", 9)),
        (SHARED, RemoveValue("/a")),
        (SHARED, RenameKey("/a/m", "z")),
        (SHARED, SetValue("/b/m", 9)),
        (SHARED, RemoveValue("/c/0/m")),
        (BLOCK, RemoveValue("/a")),
        (BLOCK, SetValue("/a/n/-", 3)),
        (BLOCK, RemoveValue("/c/d/n")),
        (MERGED, SetValue("/a/m", 9)),
        (MERGED, RemoveValue("/a")),
        (MERGED, RemoveValue("/b/m")),
        (MERGED, RenameKey("/b/m", "z")),
        (NESTED, RemoveValue("/a")),
        (NESTED, SetValue("/a/m/0", 2)),
    ],
)
def test_an_edit_changes_its_place_and_no_value_beside_it(text: str, edit: Edit, newline: str) -> None:
    data = text.replace("\n", newline).encode()
    wanted = edit_document(value(data), edit)
    file = EditableFile(data, "p.yaml", values=True)
    file.edit(0, [edit])
    assert value(file.data()) == wanted == yaml.safe_load(file.data())


def test_what_is_not_tied_to_the_place_stays_as_it_is_written() -> None:
    data = b"a: &x {m: 1}\nb: *x\nc: &y {n: 2}  # mine\nd: *y\n"
    file = EditableFile(data, "p.yaml", values=True)
    file.edit(0, [SetValue("/a/m", 9)])
    assert file.data() == b"a: &x {m: 9}\nb:\n  m: 1\nc: &y {n: 2}  # mine\nd: *y\n"


def test_without_being_asked_it_is_refused() -> None:
    with pytest.raises(EditRefused):
        EditableFile(SHARED.encode(), "p.yaml").edit(0, [SetValue("/a/m", 9)])
