"""The circuit of an account: once it refused a key, nobody asks it for a while; then one does, for all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.errors import AuthRefused
from reconciler.types.ports import Clock

SECONDS = 600.0
"""How long a refused key is not tried again: it may have been renewed by then."""
UNAUTHORIZED = 401
"""Of a key that opens nothing; 403 is one right that it lacks."""


class Circuit:
    """Whether the account takes the key that it was opened with. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._refusal: AuthRefused | None = None
        self._until = 0.0

    @contextmanager
    def closed(self) -> Iterator[None]:
        """A run over the account. Raises `AuthRefused`, with the seconds to wait, where the key was refused a moment
        ago: nothing is asked then."""
        self._pass()
        try:
            yield
        except AuthRefused as error:
            if error.status == UNAUTHORIZED:
                with self._lock:
                    self._refusal, self._until = error, self._clock.monotonic() + SECONDS
            raise
        else:
            with self._lock:
                self._refusal = None

    def _pass(self) -> None:
        with self._lock:
            now = self._clock.monotonic()
            if self._refusal is None:
                return
            if now >= self._until:  # this run finds out; the others wait for what it is told
                self._until = now + SECONDS
                return
            raise AuthRefused(
                f"{self._refusal.message}; found out by another run, and not asked again before ten minutes are over",
                status=self._refusal.status, hint=self._refusal.hint, retry_after=self._until - now,
            )  # fmt: skip
