"""Files that a command reads and writes: whole or not at all, and never through a link that leaves the repository."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.fsio import Replacement


def write_file(path: str | Path, data: bytes, *, mode: int | None = None) -> None:
    """Put `data` where `path` says: atomically for an ordinary file, straight into a pipe or a device.

    `mode` are its permissions; None: those of the file that is there, else what the umask leaves.

    A missing folder is made. Raises `ReconcilerError`, and leaves what was there, when it cannot be written, or when
    a link that the repository holds leads out of it.
    """
    from reconciler.fsio import replace_file
    from reconciler.manifests.tree.repository import check_way

    check_way(path)
    target = Path(os.path.realpath(path))
    try:
        if Path(path).exists() and not Path(path).is_file():
            Path(path).write_bytes(data)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, data, mode)
    except OSError as error:
        raise ReconcilerError(f"cannot write {path}: {error.strerror}") from error


def write_files(changes: Sequence[Replacement]) -> None:
    """Write several files in this order, all of them or none.

    Raises `ReconcilerError` with nothing written, also where one is no longer what was read, or where a link that the
    repository holds leads out of it.
    """
    from reconciler.fsio import replace_all
    from reconciler.manifests.tree.repository import check_way

    for folder in {Path(change.path).parent for change in changes}:
        check_way(folder)
    replace_all(changes)


def read_file(path: str | Path, *, limit: int = 200_000_000) -> bytes:
    """The bytes of a file. Raises `ReconcilerError` where it is missing, a folder, unreadable or absurdly large.

    Counted while reading, not asked of the file system: a pipe and a device have no size, and /dev/zero has no end.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise ReconcilerError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > limit:
        raise ReconcilerError(f"{path} is larger than {limit:,} bytes; this is no file of ours")
    return data
