"""What a step is: one change on its way, which says what it waits for and holds no thread meanwhile."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.types.live import LiveObject


@dataclass(frozen=True, slots=True)
class Look:
    """A step waits for one object to be read. It is handed the object, None where the account has none, or the
    `ProviderError` of the reading."""

    kind: str
    id: str
    after: float = 0.0
    """Seconds from now before which it is of no use to read."""
    shared: bool = False
    """A list serves as well as a reading of the one object: several steps may be answered by one request."""
    patient: bool = False
    """The vendor works on the object, maybe for minutes: a run that is asked to stop does not wait for it."""


Done: TypeAlias = tuple[str | None, tuple[str, ...]]
"""The live id, and notes for a person."""
Step: TypeAlias = Generator[Look, LiveObject | None, Done]
"""Raises `ProviderError`, `PlanStale`, `StateError` and the like where the change failed."""
