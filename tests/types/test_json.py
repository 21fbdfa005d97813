"""JSON pointers and marker objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.types.json import Json, escape, index_of, join, lookup, split, within

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
