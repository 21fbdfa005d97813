"""One secret text where somebody escaped it, wrapped it, cut it short or put it in base64: found from end to end."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.secrets.secret_search import SecretSearch
from reconciler.core.secrets.secret_spellings import TOLD, Folded, SpelledText
from reconciler.core.text import visible

PIECES = st.sampled_from(["abc", "x", "%2B", "%2f", "\n  ", "\\n", "\u200b", " ", "\\/", "é"])
ALPHABET = "".join(map(chr, (*range(48, 58), *range(65, 91), *range(97, 123))))

CHARACTERS = ("'", '"', "<", ">", "&", "%", "/", "+", "=", ":", "\\", " ", "\t", "\n", "\x00", "\x1b", "\x7f",
              "é", "ÿ", "Ā", "漢", "\U0001f600", "\u200b")  # fmt: skip
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "json": lambda one: json.dumps(one)[1:-1],
    "json, not ascii": lambda one: json.dumps(one, ensure_ascii=False)[1:-1],
    "json in json": lambda one: json.dumps(json.dumps(one)[1:-1])[1:-1],
    "python": lambda one: repr(one)[1:-1],
    "python bytes": lambda one: one.encode("unicode_escape").decode(),
    "eight digits": lambda one: f"\\U{ord(one):08x}",
    "javascript": lambda one: "".join(
        f"\\u{one.encode('utf-16-be')[at : at + 2].hex().upper()}" for at in range(0, len(one.encode("utf-16-be")), 2)
    ),
    "url": lambda one: quote(one, safe=""),
    "url, small letters": lambda one: quote(one, safe="").lower(),
    "url, plus": quote_plus,
    "url, twice": lambda one: quote(quote(one, safe=""), safe=""),
    "url, five times": lambda one: quote(one, safe="").replace("%", "%25252525"),
    "html": html.escape,
    "html, names": lambda one: html.escape(one).replace("&#x27;", "&apos;"),
    "html, great names": lambda one: html.escape(one).replace("&lt;", "&LT;").replace("&gt;", "&GT;"),
    "html, numbers": lambda one: f"&#{ord(one)};",
    "html, hexadecimal": lambda one: f"&#x{ord(one):X};",
    "html, leading noughts": lambda one: f"&#X000{ord(one):x};",
    "html, twice": lambda one: html.escape(html.escape(one)),
    "html in javascript": lambda one: html.escape(one).replace("&", "\\u0026"),
    "written out": visible,
}  # fmt: skip


def places(secret: str, text: str, spared: tuple[str, ...] = ()) -> set[tuple[int, int]]:
    search = SecretSearch()
    search.add(SpelledText(secret))
    return set(search.find(text, spared))


def whole(before: str, told: str) -> set[tuple[int, int]]:
    return {(len(before), len(before) + len(told))}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("place", [1, 12])
def test_every_way_to_write_a_character(character: str, way: str, place: int) -> None:
    letters = "Abcdefghijklmnop"
    secret = letters[:place] + character + letters[place:]
    told = letters[:place] + WAYS[way](character) + letters[place:]
    assert places(secret, f"key {told} end") == whole("key ", told)


@pytest.mark.parametrize("secret", ["ab12cd34ef", "ab?c>d~e<fgh", "\xff\xfe\xfd secret words", "x" * 50])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "u:"])
def test_base64_wherever_it_begins(secret: str, encode: Callable[[bytes], bytes], before: str) -> None:
    told = encode((before + secret).encode()).decode()
    assert places(secret, f"key {told} end") == whole("key ", told)


various = st.text(ALPHABET, min_size=20, max_size=40).filter(lambda one: len(set(one)) > 9)


@given(various, st.integers(8, 39))
def test_a_beginning_that_was_cut_off_is_found_to_its_last_letter(secret: str, length: int) -> None:
    begun = secret[:length]
    for cut in ("...", "…", "**", " [truncated]", '"', ""):
        assert places(secret, f"key {begun}{cut}") == whole("key ", begun)
    if length < len(secret):
        assert not places(secret, f"key {begun} and more of another")
        assert not places(secret, f"key {begun}- and more of another")


@given(various, st.integers(1, 12), st.sampled_from(["...", "…", "** ", "[cut] ", "\\u2026"]))
def test_an_end_whose_beginning_was_cut_off_is_found_from_its_first_letter(secret: str, gone: int, cut: str) -> None:
    """A last sign of `cut` that is also the one before in the value goes with it."""
    left = secret[gone:]
    for before in (cut, f"first {cut} then {cut}"):
        [(start, end)] = places(secret, f"{before}{left} end")
        assert len(before) - 1 <= start <= len(before)
        assert end == len(before) + len(left)
    assert not places(secret, f"... {secret[gone - 1].swapcase()}-{left}"), "another text that ends alike"


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("ab]cdefghijkl", "]cdefghijkl"),
        ("ab..cdefghijkl", "...cdefghijkl"),
        ("ab**cdefghijkl", "****cdefghijkl"),
        ("ab6cdefghijkl", "\\u2026cdefghijkl"),
        ("u2026cdefghijkl", "\\u2026cdefghijkl"[1:] + " \\u2026cdefghijkl"),
    ],
)
def test_a_sign_of_a_cut_that_stands_in_the_value_as_well(secret: str, told: str) -> None:
    """The end of the value seemed to begin before the sign, which then was none: it stayed in clear."""
    assert any(end == len(told) for _, end in places(secret, told))


def test_a_text_of_which_only_seven_letters_are_left_is_not_found() -> None:
    assert not places("abcdefghijklmn", "abcdefg...")
    assert not places("abcdefghijklmn", "...hijklmn"[:3] + "ijklmn!")
    assert places("abcdefghijklmn", "abcdefgh...")


def test_a_scheme_alone_is_no_beginning() -> None:
    assert not places("Bearer abcdefghijkl", "Bearer abcdefg...")
    assert places("Bearer abcdefghijkl", "Bearer abcdefghi...") == {(0, 16)}
    assert not places("https://host.example/abcdef", "https://host.ex...")
    assert places("https://host.example/abcdef", "https://host.exa...") == {(0, 16)}


def test_so_long_a_beginning_tells_the_value_whatever_follows() -> None:
    secret = "".join(ALPHABET[n * n % 62] + ALPHABET[n % 61] for n in range(300))
    assert places(secret, secret[:TOLD] + " other") == {(0, TOLD)}
    assert not places(secret, secret[: TOLD - 1] + " other")


def test_blanks_and_what_no_screen_shows() -> None:
    secret = "first word,\t second \x00\u200b word"
    for told in (
        "first word, second word", "firstword,secondword", "first\n  word,\r\nsecond word",
        "first+word,%20second&nbsp;word", secret,
    ):  # fmt: skip
        assert places(secret, f"key {told} end") == whole("key ", told)
    assert places("abc\x00\x01defgh", "abc\x02\x03defgh") == set(), "too few letters to fold what is between"


def test_backslashes_are_told_however_many_there_are() -> None:
    secret = "abcd\\\\efghij"
    for told in ("abcd\\efghij", "abcd\\\\\\\\efghij", "abcd%5C%5cefghij", "abcd&#92;efghij"):
        assert places(secret, f"key {told}") == whole("key ", told)
    assert places("nabcdefgh", "x\\\\nabcdefgh") == {(1, 12)}, "those before it go, too: they would escape what comes"
    assert places("nabcdefgh", "\\nabcdefgh") == {(0, 10)}


def test_one_that_took_what_belongs_to_the_next() -> None:
    """`&amp;lt;` may be an ampersand escaped twice, or one and `lt;`."""
    for secret in ("abcdefgh&lt;ijklmno", "abcdefgh&amp;ijklmno", "abcdefgh%25ijklmno", "ab&lt;cdefghij"):
        for way in ("as it is", "html", "url", "json"):
            told = WAYS[way](secret)
            assert places(secret, f"key {told} end") == whole("key ", told)


def test_names_that_were_spared() -> None:
    name = "persona.production-desk"
    assert not places("production", f"apply {name} now", (name,))
    assert not places("production", name, (name, "other-name"))
    assert places("production", "the production of it", (name,))
    assert places("production", "production-desk", (name,)), "a piece of the name is not the name"
    assert places("production", f"{name} production", (name,)) == {(len(name) + 1, len(name) + 11)}


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=12))
def test_a_part_of_the_folded_text_is_found_in_the_original(pieces: list[str]) -> None:
    original = "".join(pieces)
    folded = Folded(original)
    for start in range(len(folded.text)):
        for stop in range(start + 1, len(folded.text) + 1):
            first, last = folded.span((start, stop))
            assert Folded(original[first:last]).text == folded.text[start:stop]
