"""What people ask of a watched workspace, and what its watcher says there: the document beside the state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.types.watch import Memory, Round


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is looked at or written until it ends."""

    who: str
    since: datetime
    until: datetime | None = None
    """None: until somebody resumes."""
    reason: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at `now`."""
        return self.until is None or now < self.until

    @property
    def ending(self) -> str:
        """Until when it lasts, and why, in words."""
        until = f"until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else "until somebody resumes it"
        return f"{until}: {self.reason}" if self.reason else until


@dataclass(frozen=True, slots=True)
class WaitingPlan:
    """A plan that is carried out once a person says yes to it."""

    digest: str
    commit: str
    made: datetime
    expires: datetime
    summary: str
    """What it would do, in words."""
    text: str
    """The plan file; it holds no secrets."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to one plan."""

    digest: str
    yes: bool
    who: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A round that a person asked for."""

    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What the watcher said last."""

    watcher: str
    """Who runs it: user, host and process."""
    at: datetime
    next: datetime | None
    """When the next round is due; None where the watcher ended."""
    mode: str
    round: Round
    memory: Memory


@dataclass(frozen=True, slots=True)
class Requests:
    """The document beside the state."""

    lineage: str = ""
    serial: int = 0
    pause: Pause | None = None
    waiting: WaitingPlan | None = None
    answer: Answer | None = None
    """To `waiting`; one to another plan counts for nothing."""
    call: Call | None = None
    report: Report | None = None

    def answered(self, now: datetime) -> Answer | None:
        """What was said to the plan that waits; a yes ends with the plan, a no stays."""
        if self.waiting is None or self.answer is None or self.answer.digest != self.waiting.digest:
            return None
        return None if self.answer.yes and now >= self.waiting.expires else self.answer

    @property
    def voice(self) -> tuple[Pause | None, Answer | None, Call | None]:
        """What people asked for: when it changes, a round is due."""
        return self.pause, self.answer, self.call
