"""The real time, as the engine wants it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The real time."""

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
