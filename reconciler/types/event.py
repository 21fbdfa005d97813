"""What happens during a run, as it happens: one closed union for progress, JSON lines and logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from reconciler.types.address import Address
from reconciler.types.change import Action


@dataclass(frozen=True, slots=True)
class Reading:
    """`done` of `total` objects of a kind were read; total None while unknown."""

    kind: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class RunStarted:
    operation: str
    steps: int


@dataclass(frozen=True, slots=True)
class StepStarted:
    address: Address
    action: Action


@dataclass(frozen=True, slots=True)
class StepProgress:
    """The vendor still works on an object that was created: `percent` where it says how far it is."""

    address: Address
    action: Action
    status: str
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class StepDone:
    address: Address
    action: Action
    id: str | None
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepFailed:
    address: Address
    action: Action
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class StepSkipped:
    address: Address
    action: Action
    because: str


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is; told every few seconds, and when it waits for something else than before."""

    done: int
    """Changes that have ended, however they did."""
    total: int
    seconds: float
    """Since the run began to carry out its plan."""
    requests_per_second: float | None = None
    """Since the last progress was told; None where nobody counts."""
    limit: float | None = None
    """About how many requests a second the account takes; None while no limit was met."""
    seconds_left: float | None = None
    """If it goes on like this; None while that cannot be told."""
    waits_for: tuple[Address, ...] = ()
    """Objects that the vendor still works on."""
    held_up: int = 0
    """Changes that cannot start before these are done."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a line: a lock taken over, a retry, a lock that is held while reading."""

    message: str
    level: str = "info"
    """info | warning | always (said to everybody, without being a warning)"""


@dataclass(frozen=True, slots=True)
class LimitMet:
    """The account turned a request away (429): the run goes on with about so many requests a second."""

    requests_per_second: float


@dataclass(frozen=True, slots=True)
class StateSaved:
    serial: int


@dataclass(frozen=True, slots=True)
class RunFinished:
    operation: str
    done: int
    failed: int
    skipped: int


Event: TypeAlias = (
    Reading
    | RunStarted
    | StepStarted
    | StepProgress
    | StepDone
    | StepFailed
    | StepSkipped
    | RunProgress
    | Notice
    | LimitMet
    | StateSaved
    | RunFinished
)
