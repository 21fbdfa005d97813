"""Checked reading: right types pass unchanged, wrong ones are named with their place."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.serialization import checked_json
from reconciler.core.serialization.checked_json import DEEPEST, MB, Malformed, Unfit, parse_json, receive


@pytest.mark.parametrize(
    ("read", "value", "result"),
    [
        (checked_json.mapping, {"a": 1}, {"a": 1}),
        (checked_json.items, [1], [1]),
        (checked_json.text, "a", "a"),
        (checked_json.optional_text, None, None),
        (checked_json.optional_text, "a", "a"),
        (checked_json.texts, None, ()),
        (checked_json.texts, ["a", "b"], ("a", "b")),
        (checked_json.whole, 0, 0),
        (checked_json.flag, None, False),
        (checked_json.flag, True, True),
        (checked_json.text_map, None, {}),
        (checked_json.text_map, {"a": "b"}, {"a": "b"}),
    ],
)
def test_right_values_pass(read: Callable[..., Any], value: Any, result: Any) -> None:
    assert read(value, "/here") == result


@pytest.mark.parametrize(
    ("read", "value", "said"),
    [
        (checked_json.mapping, [], "/here: an object was expected, not a list"),
        (checked_json.items, {}, "/here: a list was expected, not an object"),
        (checked_json.text, None, "/here: a text was expected, not null"),
        (checked_json.optional_text, 1, "/here: a text was expected, not a number"),
        (checked_json.texts, "a", "/here: a list was expected, not a text"),
        (checked_json.texts, [1.5], "/here: a text was expected, not a number"),
        (checked_json.whole, True, "/here: a whole number was expected, not a boolean"),
        (checked_json.whole, -1, "/here: a whole number was expected, not a number"),
        (checked_json.flag, 1, "/here: true or false was expected, not a number"),
        (checked_json.text_map, {"a": "b", "c": None}, "/here/c: a text was expected, not null"),
        (checked_json.text_map, "x", "/here: an object was expected, not a text"),
    ],
)
def test_wrong_values_are_named(read: Callable[..., Any], value: Any, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(value, "/here")
    assert str(caught.value) == said


def test_unknown_members() -> None:
    checked_json.refuse_unknown({"a": 1}, frozenset({"a", "b"}), "")
    with pytest.raises(Malformed, match="/x: unknown member 'c'"):
        checked_json.refuse_unknown(["a", "d", "c"], frozenset({"a"}), "/x")


ENCODERS = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": lambda data: zlib.compress(data, wbits=-15),
}


@pytest.mark.parametrize("encoding", ENCODERS)
@given(body=st.binary(max_size=300), size=st.integers(1, 40))
def test_a_body_is_what_was_encoded_however_it_is_cut(encoding, body, size):
    data = ENCODERS[encoding](body)
    chunks = [data[place : place + size] for place in range(0, len(data), size)]
    assert receive(chunks, encoding, MB) == body


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "", "br", "gzip, gzip", "zstd", "\u00e4"]))
def test_whatever_comes_is_a_body_or_unfit(data, encoding):
    try:
        assert isinstance(receive([data], encoding, MB), bytes)
    except Unfit as error:
        assert str(error)


def _bomb() -> list[bytes]:
    """1 GB of zeros and more: one piece that does not look back, again and again."""
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(4 * MB)
    first, again = (packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return [first + again * 256]


def test_a_bomb_is_left_before_it_goes_off():
    data = _bomb()
    tracemalloc.start()
    with pytest.raises(Unfit) as caught:
        receive(data, "gzip", 1024 * MB)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.hopeless
    assert peak < 256 * MB


def test_a_body_that_breaks_off_is_no_body():
    with pytest.raises(Unfit):
        receive([gzip.compress(b"x" * 1000)[:-12]], "gzip", MB)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_what_is_nested_too_deep_is_no_document(opening):
    for levels in (DEEPEST + 1, 5_000, 200_000):
        with pytest.raises(Unfit):
            parse_json(opening * levels)


def test_a_document_as_deep_as_allowed_is_one():
    assert parse_json(b"[" * DEEPEST + b"]" * DEEPEST) is not None


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "1e999",
        "9" * 5000,
        '{"total": ' + "1" * 9999 + "}",
        "",
        "\ufeff",
        "{",
        '{"a" 1}',
        "\\u0000",
    ],
)
def test_what_is_no_json_is_unfit(text):
    with pytest.raises(Unfit):
        parse_json(text.encode())


def test_bytes_that_are_no_text_are_unfit():
    for data in (b"\xff\xfe[\x00]\x00", b'"\xed\xa0\x80"', b'"\xc3'):
        with pytest.raises(Unfit):
            parse_json(data)


@given(
    st.recursive(
        st.text(st.characters(codec=None), max_size=4) | st.integers(), lambda one: st.lists(one, max_size=3)
    )
)
def test_every_text_that_is_read_can_be_written(value):
    found = parse_json(json.dumps({"\ud800": value}).encode())
    written = json.dumps(found, ensure_ascii=False).encode()
    assert json.loads(written) == found


def test_a_pair_of_surrogates_is_one_character():
    assert parse_json(b'["\\ud83d\\ude00", "\\ud83d", "\\\\ud83d"]') == ["\U0001f600", "\ufffd", "\\ud83d"]


def test_a_document_of_more_values_than_memory_holds_is_not_read():
    with pytest.raises(Unfit):
        parse_json(b"[" + b"{}," * (3 * MB) + b"0]")
