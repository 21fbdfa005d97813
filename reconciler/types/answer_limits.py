"""How much one answer may be: bytes, pages and seconds, settable by whoever runs the program."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024
SLOWEST = 4
"""From connecting to the last byte of the answer an attempt may take this many timeouts in all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on what a server sends."""

    answer: int = 64 * MB
    """Bytes of one decoded answer of the API."""
    state: int = 1024 * MB
    """Bytes of a decoded state."""
    pages: int = 10_000
    """Pages of one list."""
    whole: float = 120.0
    """Seconds of one request, from connecting to the last byte."""

    def seconds(self, timeout: float) -> float:
        """Seconds for the whole of a request whose single waits end after `timeout` seconds."""
        return min(self.whole, timeout * SLOWEST)
