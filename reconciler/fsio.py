"""Files that are whole or not there: the new content in a neighbour, with its permissions from the first byte on."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

OWNER_ONLY = 0o600
"""For states, plans, caches and whatever else may hold texts of the account."""


def write_beside(target: Path, data: bytes, mode: int | None = None) -> Path:
    """Put `data`, durably, into a temporary neighbour of `target`, to be renamed over it. Raises `OSError`.

    `mode` None: that of the file which is there, else what the umask leaves, as for any other program's files.
    """
    if mode is None and target.is_file():
        mode = stat.S_IMODE(target.stat().st_mode)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    path = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}")
    handle = os.open(path, flags, 0o666 if mode is None else OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            path.chmod(mode)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def replace_file(target: Path, data: bytes, mode: int | None = None) -> None:
    """The file at `target` with this content, in one step. Raises `OSError`, and leaves what was there."""
    path = write_beside(target, data, mode)
    try:
        path.replace(target)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
