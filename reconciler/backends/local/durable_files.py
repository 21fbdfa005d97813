"""Files that last: whole writes and synced folders; what the system refuses, as an error that says what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import StateError


def write_all(handle: int, data: bytes) -> None:
    """All of `data`, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def write_durably(path: Path, data: bytes) -> None:
    """A file with `data`, for its owner only, on the disk when this returns."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Names that were made, replaced or removed in `folder` are on the disk when this returns."""
    if os.name == "nt":
        return  # Windows has no handle for a folder; its renames are journalled.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # Some network file systems refuse to sync a folder; the file itself is on the disk.
    finally:
        os.close(handle)


@contextmanager
def told(path: Path, done: str) -> Iterator[None]:
    """An error of the system, as an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{path} cannot be {done}: {error.strerror or error}",
            hint="check the rights of its folder and the space on its disk",
        ) from None
