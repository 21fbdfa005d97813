"""One process of this host at a time: for the instant in which a dead process's lock on a remote store is replaced.

Only processes of one host can tell that a holder is dead, so it is enough that they do not do it side by side.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GUARD_SECONDS = 30.0


@contextmanager
def host_guard(name: str) -> Iterator[None]:
    """Hold a kernel lock named after `name` while the block runs; freed by the kernel when the process dies.

    Without a writable temporary folder, or without kernel locks, the block runs all the same.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    mark = hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
    path = Path(tempfile.gettempdir()) / f"reconciler-{user}-{mark}.guard"
    try:
        # No link is followed: the folder belongs to everybody.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(path, flags, 0o600)
    except OSError:
        yield
        return
    try:
        _wait(handle)
        yield
    finally:
        os.close(handle)


def _wait(handle: int) -> None:
    try:
        import fcntl
    except ImportError:
        return
    deadline = time.monotonic() + GUARD_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            return
        else:
            return
