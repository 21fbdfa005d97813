"""What a file holds: its text, or the pointer that Git LFS put in its place; what cannot be read is a finding."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from hashlib import sha256

from reconciler.manifests.tree.problems import CONFLICT, ENCODING, SIZE, Findings
from reconciler.types.diagnostic import Span

MAX_BYTES = 10 * 1024 * 1024
"""Larger files are refused: no persona is that large, and a plan would hold it in memory several times."""

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


_CONFLICT = re.compile(r"^(?:<{7,}|>{7,}) \S", re.MULTILINE)
"""What git, Mercurial and Subversion write around the two sides of a conflict."""
LONGEST_POINTER = 1024
"""A pointer is shorter (Git LFS specification)."""
_START = (b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/")
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\r?$", re.MULTILINE)
_SIZE = re.compile(rb"^size ([0-9]{1,18})\r?$", re.MULTILINE)


def decode(data: bytes, path: str, findings: Findings, *, merged: bool = True) -> str | None:
    """The text of a file without its byte order mark; None (and an error) when it is not text, too large, or, unless
    `merged` is false, when a merge was not finished in it.

    UTF-8 with or without mark, and UTF-16 or UTF-32 with one. Line ends stay as they are.
    """
    if len(data) > MAX_BYTES:
        findings.error(
            SIZE,
            f"the file is larger than {MAX_BYTES // (1024 * 1024)} MB ({len(data):,} bytes)",
            span=Span(path, 1, 1),
            hint="split it, or move it out of the manifests' folder",
        )
        return None
    encoding = "utf-8"
    if data[:1] in {b"\xef", b"\xff", b"\xfe", b"\x00"}:
        for mark, name in _MARKS:
            if data.startswith(mark):
                encoding = name
                data = data[len(mark) :] if name == "utf-8" else data
                break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        findings.error(
            ENCODING,
            f"the file is not {encoding.upper()} text: byte 0x{data[problem.start]:02x} at offset {problem.start}",
            span=_place(data, problem.start, path),
            hint="save the file as UTF-8",
        )
        return None

    if "\0" in text:
        findings.error(
            ENCODING,
            "the file is not UTF-8 text: it holds NUL characters, as UTF-16 without a mark does",
            span=Span(path, text.count("\n", 0, text.index("\0")) + 1, 1),
            hint="save the file as UTF-8",
        )
        return None
    if merged and (found := conflict(text)) is not None:
        findings.error(
            CONFLICT,
            "an unfinished merge: both sides of a conflict stand in the file",
            span=Span(path, text.count("\n", 0, found) + 1, 1),
            hint="keep one of them and remove the marker lines; indent a line that is meant to look so",
        )
        return None
    return text


def readable(data: bytes) -> str:
    """As much of a text as can be read: for a look at it only."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    return data.decode(encoding, "replace").lstrip("\ufeff")


def conflict(text: str) -> int | None:
    """Offset of the first marker line of an unfinished merge."""
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return None
    found = _CONFLICT.search(text)
    return found.start() if found is not None else None


def _place(data: bytes, offset: int, path: str) -> Span:
    start = data.rfind(b"\n", 0, offset) + 1
    column = len(data[start:offset].decode("utf-8", "replace")) + 1
    return Span(path, data.count(b"\n", 0, offset) + 1, column)


@dataclass(frozen=True, slots=True)
class LfsPointer:
    """What a pointer says about its file."""

    oid: str
    """SHA-256 of the file."""
    size: int
    """In bytes."""


def parse_lfs_pointer(data: bytes) -> LfsPointer | None:
    """The pointer that `data` is, None where it is an ordinary file."""
    if len(data) >= LONGEST_POINTER or not data.startswith(_START):
        return None
    oid, size = _OID.search(data), _SIZE.search(data)
    return LfsPointer(oid.group(1).decode("ascii"), int(size.group(1))) if oid and size else None


def read_lfs_object(pointer: LfsPointer, git_dir: str) -> bytes | None:
    """The file from `lfs/objects` of a git directory; None where it is not there or is another one than it should."""
    oid = pointer.oid
    path = os.path.join(git_dir, "lfs", "objects", oid[:2], oid[2:4], oid)  # noqa: PTH118
    if pointer.size > MAX_BYTES:
        return None
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - plain strings, like every tree
            data = file.read(pointer.size + 1)
    except OSError:
        return None
    return data if len(data) == pointer.size and sha256(data).hexdigest() == oid else None
