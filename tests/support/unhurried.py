"""What is slow on purpose is quick in tests: digests that make guessing dear, and waiting for a disk.

For this process, and for those that `tests/support/forked.py` forks: all of them come to the same digests. A module
whose tests share a state with processes of another kind, or that is about digests, says `pytestmark =
pytest.mark.usefixtures("slow_digests")`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

REAL: Callable[..., bytes] = hashlib.scrypt


def quick_scrypt(password: bytes, *, salt: bytes, n: int, r: int, p: int, dklen: int = 64) -> bytes:
    """`hashlib.scrypt` over the same password, salt and cost, at the least cost that there is."""
    return REAL(password, salt=b"%d %d %d " % (n, r, p) + salt, n=2, r=1, p=1, dklen=dklen)


def quick_fsync(file: int) -> None:
    """What is written outlives a killed process without the disk; only a lost machine would need it."""
    os.fstat(file)


def hurry() -> None:
    """From now on in this process."""
    hashlib.scrypt = quick_scrypt
    os.fsync = quick_fsync  # type: ignore[assignment]
