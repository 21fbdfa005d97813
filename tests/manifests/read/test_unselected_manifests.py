"""Included files: which ones, and how a new text gets into one."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.read.source_pointer import Misplaced
from reconciler.manifests.read.unselected_manifests import file_with_text, included_files
from reconciler.manifests.tree.decode import conflict


def test_every_include_of_a_body_is_found() -> None:
    body = {
        "a": {"file": "x"},
        "b": [{"c": {"file": "y"}}],
        "d": {"file": "z", "more": 1},
        "e": {"file": 3},
        "f": None,
    }
    assert list(included_files(body)) == ["x", "y"]
    assert list(included_files({"file": "top"})) == ["top"]
    assert list(included_files(None)) == []


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"old\n", "new", b"new\n"),
        (b"old", "new", b"new"),
        (b"", "new", b"new\n"),
        (b"old", "new\n", b"new\n\n"),
        (b"old\n", "", b"\n"),
        (b"a\r\nb\r\n", "x\ny", b"x\r\ny\r\n"),
        (codecs.BOM_UTF8 + b"old\n", "n\u00e9w", codecs.BOM_UTF8 + b"n\xc3\xa9w\n"),
        (codecs.BOM_UTF16_LE + "old\n".encode("utf-16-le"), "new", codecs.BOM_UTF16_LE + "new\n".encode("utf-16-le")),
    ],
)
def test_encoding_and_line_ends_stay(before: bytes, text: str, after: bytes) -> None:
    assert file_with_text(before, text, "p.md") == after


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (b"old\n", "a\r\nb"),
        (b"old\n", "a\0b"),
        (b"old\n", "<<<<<<< HEAD\n"),
        (b"old\n", "half \ud800"),
        (b"\xff\xfe\xff", "x"),
        (b"\xe9", "x"),
    ],
)
def test_what_a_file_cannot_say_is_refused(before: bytes, text: str) -> None:
    with pytest.raises(Misplaced):
        file_with_text(before, text, "p.md")


@given(st.sampled_from([b"", b"x", b"x\n", b"x\r\ny\r\n"]), st.text())
def test_the_file_reads_as_the_text_or_is_refused(before: bytes, text: str) -> None:
    try:
        after = file_with_text(before, text, "p.md")
    except Misplaced:
        unfit = "\r" in text or "\0" in text or text.startswith("\ufeff") or conflict(text) is not None
        assert unfit or any("\ud800" <= sign <= "\udfff" for sign in text)
        return
    assert after.decode("utf-8-sig").replace("\r\n", "\n").removesuffix("\n") == text
