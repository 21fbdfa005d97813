"""Many values in one text: found as each would be alone, in time that grows with the text."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.secrets.secret_search import MANY, Needles, SecretSearch
from reconciler.core.secrets.secret_spellings import SpelledText
from tests.support.nightly import tried

letters = st.sampled_from(
    ["+/ab", "ab+/\n", "ab%25&amp;\\", "ab\\ \n\t\x00+", "a«»\\u0é", "abc012+/=-_ \n", "\"'<>&ab\\"]
)
PLAINLY = "abcdefgh01"


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[str], str]:
    """Values, and a text of pieces of them: whole, begun, ended, escaped, with other letters between."""
    used = draw(letters)
    values = [one.strip() for one in draw(st.lists(st.text(used, min_size=8, max_size=24), min_size=1, max_size=5))]
    values = [one for one in values if len(one) >= 8] or [PLAINLY]
    parts = []
    for value in draw(st.lists(st.sampled_from(values), min_size=1, max_size=4)):
        cut = draw(st.integers(0, len(value)))
        piece = draw(st.sampled_from([value, value[:cut] + "...", "..." + value[cut:], value[:cut] + "#"]))
        spell = draw(st.sampled_from([str, lambda one: json.dumps(one)[1:-1], lambda one: quote(one, safe="")]))
        parts += [spell(piece), draw(st.text(used, max_size=4))]
    return values, "".join(parts)


def slowly(value: SpelledText, text: str) -> Iterator[tuple[int, int]]:
    """Where the value stands, by patterns of all of it, each place tried in its turn."""
    patterns = [atom.pattern for atom in value.atoms]
    counts = [sum(atom.length for atom in value.atoms[: count + 1]) for count in range(len(patterns))]
    head = next((count + 1 for count, length in enumerate(counts) if length >= 8), len(patterns))
    place = 0
    while place < len(text):
        start, end = place, None
        if re.compile("".join(patterns[:head])).match(text, place) is not None:
            whole = re.compile("".join(patterns)).match(text, place)
            end = None if whole is None else whole.end()
        if end is not None:
            while start and text[start - 1] == "\\":
                start -= 1
            yield start, end
        place = max(place + 1, end or 0)


@settings(max_examples=tried(60, 600))
@given(texts())
def test_every_value_that_stands_whole_is_found_as_by_its_pattern(story: tuple[list[str], str]) -> None:
    values, text = story
    search = SecretSearch()
    spelled = [SpelledText(value) for value in dict.fromkeys(values)]
    for value in spelled:
        search.add(value)
    covered = {place for start, end in search.find(text, ()) for place in range(start, end)}
    for value in spelled:
        for start, end in slowly(value, text):
            assert covered >= set(range(start, end)), (value.text, text[start:end])


@settings(max_examples=tried(60, 600))
@given(texts())
def test_together_they_are_found_as_each_alone(story: tuple[list[str], str]) -> None:
    values, text = story
    together = SecretSearch()
    alone: set[tuple[int, int]] = set()
    for value in dict.fromkeys(values):
        together.add(SpelledText(value))
        single = SecretSearch()
        single.add(SpelledText(value))
        alone |= set(single.find(text, ()))
    assert set(together.find(text, ())) == alone
    assert together.may_find(text) or not alone


@settings(max_examples=tried(30, 300))
@given(st.text("ab", max_size=30), st.lists(st.text("ab", min_size=1, max_size=9), max_size=6))
def test_few_and_many_texts_are_looked_for_alike(text: str, needles: list[str]) -> None:
    few, many = Needles(), Needles()
    few.add(needles)
    many.add((*needles, *(f"{number:0{length}}" for length in range(3, 10) for number in range(MANY))))
    assert set(few.found(text)) == set(many.found(text)) == {one for one in needles if one in text}


def test_a_text_that_repeats_itself_is_found_once() -> None:
    search = SecretSearch()
    search.add(SpelledText("abcdefgh" * 3))
    assert list(search.find("abcdefgh" * 6, ())) == [(0, 24), (24, 48)]


@settings(max_examples=tried(40, 400))
@given(
    st.binary(max_size=5), st.binary(max_size=5), st.sampled_from([b64encode, urlsafe_b64encode]),
    st.sampled_from(["", "=", "==", "%3D", "%3d%3D"]), st.sampled_from(["", " ", "\n", ":"]),
)  # fmt: skip
def test_a_value_in_base64_is_found_with_its_neighbours_and_its_ending_and_nothing_else(
    before: bytes, after: bytes, encode, ending: str, gap: str
) -> None:
    search = SecretSearch()
    search.add(SpelledText("sk-live-0123456789~?>abcdef"))
    code = encode(before + b"sk-live-0123456789~?>abcdef" + after).decode().rstrip("=") + ending
    other = b64encode(b"something quite different").decode()
    text = f"{other} <{gap}{code}{gap}> {other}"
    assert search.may_find(text)
    assert list(search.find(text, ())) == [(text.index(code), text.index(code) + len(code))]
    assert not search.may_find(f"{other} <{other}>")
    assert list(search.find(f"{other} <{other}>", ())) == []


@pytest.mark.parametrize("count", [1, MANY + 1])
def test_nothing_is_found_before_anything_is_added_and_nothing_in_an_empty_text(count: int) -> None:
    needles = Needles()
    assert not needles.any_in("a text")
    needles.add(f"{number:04}" for number in range(count))
    assert needles.any_in("a 0000")
    assert not needles.any_in("")
    assert not needles.any_in("000 0")
