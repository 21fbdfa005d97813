"""How much of a law is tried: enough for every change, or all of it in the night (`NIGHTLY=1`)."""

from __future__ import annotations

import os
from typing import TypeVar

NIGHTLY = os.environ.get("NIGHTLY", "") not in {"", "0"}
T = TypeVar("T")


def tried(always: T, at_night: T) -> T:
    """How often, or which ones."""
    return at_night if NIGHTLY else always
