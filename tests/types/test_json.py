"""JSON pointers and marker objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.history.preimage import read_item, write_item
from reconciler.manifests.edit.manifest_writer import manifest_file, write_document
from reconciler.types.address import Address
from reconciler.types.json import (
    MOST_DIGITS,
    SENSITIVE,
    Json,
    escape,
    index_of,
    is_mask,
    join,
    lift_masks,
    lookup,
    masks,
    number_in,
    put_masks,
    refuse_masks,
    seconds_in,
    split,
    within,
)
from reconciler.types.state import Preimage

TOKENS = st.lists(st.text(max_size=6), max_size=5)
DOCUMENT: Json = {"a": {"b~c/d": [10, {"e": None}]}, "": 1, "0": "zero"}


@given(TOKENS)
def test_split_undoes_join(tokens: list[str]) -> None:
    assert split(join(*tokens)) == tuple(tokens)


@given(TOKENS, TOKENS)
def test_no_two_places_share_a_pointer(left: list[str], right: list[str]) -> None:
    assert (join(*left) == join(*right)) == (left == right)


@given(TOKENS, TOKENS)
def test_a_longer_path_lies_within_a_shorter_one(parent: list[str], rest: list[str]) -> None:
    assert within(join(*parent, *rest), join(*parent))


@pytest.mark.parametrize(
    ("token", "escaped"),
    [("plain", "plain"), ("a/b", "a~1b"), ("a~b", "a~0b"), ("~1", "~01"), ("/~", "~1~0"), ("", "")],
)
def test_tokens_are_escaped_as_the_standard_says(token: str, escaped: str) -> None:
    assert escape(token) == escaped
    assert split("/" + escaped) == (token,)


@pytest.mark.parametrize(
    ("pointer", "parent", "expected"),
    [
        ("/layers/llm", "/layers/llm", True),
        ("/layers/llm/model", "/layers/llm", True),
        ("/layers/llmx", "/layers/llm", False),
        ("/layers", "/layers/llm", False),
        ("/anything", "", True),
    ],
)
def test_within_ends_at_a_token(pointer: str, parent: str, expected: bool) -> None:
    assert within(pointer, parent) is expected


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/a/b~0c~1d/0", 10),
        ("/a/b~0c~1d/1/e", None),
        ("/", 1),
        ("/0", "zero"),
    ],
)
def test_lookup_finds_what_is_there(pointer: str, value: Json) -> None:
    assert lookup(DOCUMENT, pointer, "absent") == value


@pytest.mark.parametrize("pointer", ["/b", "/a/b", "/a/b~0c~1d/2", "/a/b~0c~1d/-", "/a/b~0c~1d/x", "/0/1", "//x"])
def test_lookup_answers_with_the_default_elsewhere(pointer: str) -> None:
    assert lookup(DOCUMENT, pointer, "absent") == "absent"


@pytest.mark.parametrize("token", ["²", "٣", "00", "01", "+1", "-0", "-", "", " 1", "1_0", "1.0", "9" * 5000])
def test_an_item_has_no_other_spelling_than_its_number(token: str) -> None:
    many: list[Json] = list(range(20))
    assert index_of(token, len(many)) is None
    assert lookup(many, f"/{token}", "absent") == "absent"


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_the_number_of_an_item_is_its_spelling(number: int, length: int) -> None:
    assert index_of(str(number), length) == (number if number < length else None)


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


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1 ", "1.0", "1e3", "²", "٣", "0x1", "1_0", "9" * 5_000, "x"])
def test_what_is_no_number(text: str) -> None:
    assert number_in(text) is None


@given(st.integers(0, 10**MOST_DIGITS - 1))
def test_what_is(number: int) -> None:
    assert number_in(str(number)) == number


@given(st.text())
def test_any_text_is_one_or_none(text: str) -> None:
    assert number_in(text) in (None, int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30.0), ("1.5h", 5400.0), ("10m", 600.0), ("2d", 172_800.0), ("0s", 0.0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1 s", "1s ", "1ms", "1w", "1e3s", ".5s"])
def test_what_is_no_duration(text: str) -> None:
    assert seconds_in(text) is None


def test_only_the_units_asked_for_count() -> None:
    assert (seconds_in("2d", "smh"), seconds_in("2h", "smh")) == (None, 7200.0)
