"""Git LFS pointers: the small text that stands in place of a large file, and the file itself in git's own store."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import sha256

from reconciler.manifests.tree.decode import MAX_BYTES

LARGEST = 1024
"""A pointer is shorter (Git LFS specification)."""
_START = (b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/")
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\r?$", re.MULTILINE)
_SIZE = re.compile(rb"^size ([0-9]{1,18})\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a pointer says about its file."""

    oid: str
    """SHA-256 of the file."""
    size: int
    """In bytes."""


def pointer_of(data: bytes) -> Pointer | None:
    """The pointer that `data` is, None where it is an ordinary file."""
    if len(data) >= LARGEST or not data.startswith(_START):
        return None
    oid, size = _OID.search(data), _SIZE.search(data)
    return Pointer(oid.group(1).decode("ascii"), int(size.group(1))) if oid and size else None


def stored(pointer: Pointer, git_dir: str) -> bytes | None:
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
