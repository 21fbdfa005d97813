"""Bytes -> text: marks, encodings, size."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.tree.decode import MAX_BYTES, decode
from reconciler.manifests.tree.problems import Findings

TEXT = "a: é\nb: 🧠\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    ],
)
def test_every_unicode_encoding_is_read_without_its_mark(data: bytes) -> None:
    findings = Findings()
    assert decode(data, "x.yaml", findings) == TEXT
    assert findings.items == []


@pytest.mark.parametrize(
    ("data", "place", "offset"),
    [
        ("a: caf\xe9\n".encode("latin-1"), "x.yaml:1:7", 6),
        (b"a: 1\nb: \xff\n", "x.yaml:2:4", 8),
        ("é: \xe9".encode() + b"\xff", "x.yaml:1:5", 6),
        (b"\x80", "x.yaml:1:1", 0),
        (b"a: \xed\xa0\x80", "x.yaml:1:4", 3),
    ],
)
def test_other_bytes_are_an_error_with_offset_and_place(data: bytes, place: str, offset: int) -> None:
    findings = Findings()
    assert decode(data, "x.yaml", findings) is None
    (found,) = findings.items
    assert found.code == "E-encoding"
    assert str(found.span) == place
    assert f"offset {offset}" in found.summary
    assert found.hint


@pytest.mark.parametrize("data", [codecs.BOM_UTF16_LE + b"\x00", codecs.BOM_UTF16_LE + b"\x00\xd8a\x00"])
def test_broken_utf_16_is_an_error(data: bytes) -> None:
    findings = Findings()
    assert decode(data, "x.yaml", findings) is None
    assert "UTF-16" in findings.items[0].summary


def test_a_large_file_is_refused() -> None:
    findings = Findings()
    assert decode(b"x" * (MAX_BYTES + 1), "x.yaml", findings) is None
    (found,) = findings.items
    assert found.code == "E-size"
    assert "10 MB" in found.summary


def test_the_largest_file_is_read() -> None:
    assert decode(b"#" * MAX_BYTES, "x.yaml", Findings()) == "#" * MAX_BYTES


@given(st.binary(max_size=40))
def test_any_bytes_give_text_or_one_finding(data: bytes) -> None:
    findings = Findings()
    text = decode(data, "x.yaml", findings)
    assert (text is None) == (len(findings.items) == 1)
