"""How far a run is: what is told of it every few seconds."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.types.address import Address
from reconciler.types.event import RunProgress
from reconciler.types.ports import Clock, Emit, Provider

EVERY = 5.0
"""Seconds between two tellings."""
SOON = 1.0
"""Seconds after which it is told that a run waits for something else."""


class Progress:
    """Tells of one run, from the moment at which this is made."""

    def __init__(self, total: int, provider: Provider, clock: Clock, emit: Emit) -> None:
        self._total = total
        self._provider = provider
        self._clock = clock
        self._emit = emit
        self._began = self._told = clock.monotonic()
        self._sent = provider.requests_sent
        self._waits_for: tuple[Address, ...] = ()

    def is_due(self, waits_for: Sequence[Address]) -> bool:
        """Whether it is time to tell something."""
        same = tuple(waits_for) == self._waits_for
        return self._clock.monotonic() - self._told >= (EVERY if same else SOON)

    def tell(self, done: int, waits_for: Sequence[Address], held_up: int) -> None:
        """Tell how far the run is: `done` of its changes have ended, `held_up` wait for objects of the vendor."""
        now, waits = self._clock.monotonic(), tuple(waits_for)
        since, seconds, sent = now - self._told, now - self._began, self._provider.requests_sent
        per_second = None if sent is None or self._sent is None or not since else (sent - self._sent) / since
        left = seconds * (self._total - done) / done if done and not waits else None
        self._told, self._sent, self._waits_for = now, sent, waits
        limit = self._provider.requests_per_second
        self._emit(RunProgress(done, self._total, seconds, per_second, limit, left, waits, held_up))
