"""How much of a law is tried: enough for every change, or all of it in the night (`NIGHTLY=1`)."""

from __future__ import annotations

import os
from typing import TypeVar

NIGHTLY = os.environ.get("NIGHTLY", "") not in {"", "0"}
REPEATABLE = "CI" in os.environ and not NIGHTLY
"""Where a change is judged, the same is tried each time: what nobody has seen comes to light at night and at home."""
T = TypeVar("T")


def tried(always: T, at_night: T) -> T:
    """How often, or which ones."""
    return at_night if NIGHTLY else always
