"""What stands for a secret is a type: found wherever it is, and taken by no encoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.history.preimage import read_item, write_item
from reconciler.manifests.edit.new_manifest_files import manifest_file
from reconciler.manifests.edit.yaml_writer import write_document
from reconciler.types.address import Address
from reconciler.types.json import lookup
from reconciler.types.mask import SENSITIVE, is_mask, lift_masks, masks, put_masks, refuse_masks
from reconciler.types.preimage import Preimage

PLAIN = st.sampled_from(["(sensitive)", "a", "", None, 1, True])
VALUES = st.recursive(
    st.just(SENSITIVE) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab/~"), inner, max_size=3),
    max_leaves=8,
)


def test_a_text_of_the_same_letters_is_no_mask():
    assert is_mask(SENSITIVE)
    assert not is_mask("(sensitive)")
    assert str(SENSITIVE) == "(sensitive)"


@given(VALUES)
def test_masks_are_lifted_and_put_back(value):
    places = [*masks(value)]
    bare = lift_masks(value)
    assert not [*masks(bare)]
    again = put_masks(bare, places)
    assert again == value
    assert [*masks(again)] == places
    assert all(is_mask(lookup(value, place)) for place in places)


@given(VALUES)
def test_no_encoder_takes_a_mask(value):
    if not [*masks(value)]:
        refuse_masks(value, "a request")
        return
    document = {"kind": "Persona", "spec": {"x": value}}
    for encode in (refuse_masks, lambda *_: manifest_file(document), lambda *_: write_document(document)):
        with pytest.raises(TypeError, match="only stands for a secret"):
            encode(value, "a request")


@given(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3))
def test_the_history_keeps_the_places_of_secrets_and_no_text_for_them(body):
    item = Preimage(Address("persona", "a"), "update", "p1", body, None)
    written = write_item(item)
    assert not [*masks(written)]
    found = read_item(written, "")
    assert found == item
    assert [*masks(found.body)] == [*masks(body)]


def test_the_history_of_versions_before_has_texts_where_secrets_stood():
    item = {"address": "persona.a", "action": "update", "id": "p1", "body": {"k": ["(sensitive)", "x"]}}
    assert [*masks(read_item(item, "").body)] == ["/k/0"]
