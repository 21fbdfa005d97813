"""The single splices; what they add up to is tested in test_rewrite."""

from __future__ import annotations

import pytest

from reconciler.manifests.edit.manifest_writer import Manner
from reconciler.manifests.edit.splice import raw_value, splice_remove, splice_rename, splice_set
from reconciler.manifests.edit.text_layout import CannotEdit, yaml_layout

MANNER = Manner()


def test_a_value_is_taken_over_as_it_was_written() -> None:
    text = "a: {b: 0.50}\nc: 1\n"
    (root,) = yaml_layout(text)
    raw = raw_value(text, root, "/a/b")
    assert raw == "0.50"
    assert splice_set(text, root, "/d", 0.5, MANNER, raw) == "a: {b: 0.50}\nc: 1\nd: 0.50\n"


@pytest.mark.parametrize("text", ["a: |\n  x\n", "a:\n  b: 1\n", "a: &x 1\n", "a: 'x #y'\n", "a: [1,\n  2]\n"])
def test_what_means_something_else_elsewhere_is_not_taken_over(text: str) -> None:
    (root,) = yaml_layout(text)
    assert raw_value(text, root, "/a") is None


def test_an_alias_is_not_entered() -> None:
    text = "a: &x {b: 1}\nc: *x\n"
    (root,) = yaml_layout(text)
    for act in (
        lambda: splice_set(text, root, "/c/b", 1, MANNER),
        lambda: splice_remove(text, root, "/c/b", MANNER),
        lambda: splice_rename(text, root, "/c/b", "z", MANNER),
    ):
        with pytest.raises(CannotEdit, match="alias"):
            act()


def test_a_key_with_an_anchor_keeps_its_name() -> None:
    text = "&k a: 1\n"
    (root,) = yaml_layout(text)
    with pytest.raises(CannotEdit):
        splice_rename(text, root, "/a", "b", MANNER)


def test_an_alias_may_be_replaced_or_removed_as_a_whole() -> None:
    text = "a: &x 1\nc: *x\nd: 2\n"
    (root,) = yaml_layout(text)
    assert splice_set(text, root, "/c", 3, MANNER) == "a: &x 1\nc: 3\nd: 2\n"
    assert splice_remove(text, root, "/c", MANNER) == "a: &x 1\nd: 2\n"


def test_kinds_of_collections_are_not_mixed() -> None:
    text = "a: [1]\nb: {c: 1}\n"
    (root,) = yaml_layout(text)
    for pointer in ("/a/x", "/b/-"):
        with pytest.raises(CannotEdit):
            splice_set(text, root, pointer, 1, MANNER)
