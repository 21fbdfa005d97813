"""Continuous reconciliation as records: how a workspace is watched, what people ask, what a round came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.types.address import SecretRef
from reconciler.types.state import LockInfo


class Mode(StrEnum):
    """What a round may do."""

    AUTO = "auto"
    """Plan, and apply what differs."""
    APPROVE = "approve"
    """Plan, wait until a person says yes to exactly that plan, and carry it out."""
    DRIFT = "drift"
    """Look and tell; never write."""
    OFF = "off"
    """Paused in the project file."""


class Status(StrEnum):
    """How a round ended, and what a workspace is until the next one."""

    SYNCED = "synced"
    """Looked, and nothing differs (any more)."""
    DRIFTED = "drifted"
    """Something differs, and this mode does not write."""
    PENDING = "pending"
    """Something differs and waits: for another workspace, or because the same was put back before."""
    BLOCKED = "blocked"
    """A safety rule, a policy, the manifests themselves or a person's no stand in the way."""
    AWAITING_APPROVAL = "awaiting_approval"
    """A plan waits for a person."""
    FAILED = "failed"
    PAUSED = "paused"
    """Somebody paused it, or the project file says `mode: off`."""
    FROZEN = "frozen"
    """Something differs, and a window denies writing, or could not be read."""
    LOCKED = "locked"
    """Somebody else holds the state."""
    UNAUTHORIZED = "unauthorized"
    """The account refuses the key."""
    STALE_SOURCE = "stale_source"
    """Git could not be reached; what was seen is held against the last commit that was."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow: the n-th (from 0) is `first * factor**n` seconds, and never more than `max`."""

    first: float
    max: float
    factor: float = 2.0

    def seconds(self, times: int) -> float:
        """The wait after `times` earlier ones."""
        if self.first >= self.max or self.factor <= 1.0:
            return min(self.first, self.max)
        wait = self.first
        for _ in range(times):
            wait *= self.factor
            if wait >= self.max:
                return self.max
        return wait


@dataclass(frozen=True, slots=True)
class Window:
    """A time that comes again and again, in which writing is denied, or alone allowed."""

    kind: str
    """deny | allow; where one of each is open, deny wins."""
    cron: str
    """When it opens: minute, hour, day of month, month, day of week."""
    seconds: float
    """How long it stays open."""
    timezone: str = "UTC"
    manual: bool = False
    """Whether what a person approved may be written while it denies."""
    stops: bool = False
    """Whether changes that are under way when it begins to deny are stopped as by Ctrl-C; else they finish."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Who is told, of what, and in which form."""

    webhook: SecretRef
    format: str = "json"
    """slack | teams | json"""
    on: tuple[str, ...] = ("drifted", "failed", "unauthorized", "blocked", "awaiting_approval", "recovered")
    """Statuses, and `recovered`: synced again after one of them."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How one workspace is reconciled continuously; the defaults are those of a workspace without `watch:`."""

    mode: Mode = Mode.DRIFT
    ref: str | None = None
    """Branch or tag whose commits are read; None: the folder as it is."""
    interval: float = 600.0
    """Seconds between two looks at git, or at the folder."""
    drift_interval: float = 3600.0
    """Seconds after which the account is looked at though the manifests stand still."""
    jitter: float = 0.2
    """Share by which an interval may be longer, so that many workspaces do not come at once."""
    retry: Backoff = Backoff(30.0, 1800.0)
    """After rounds that failed."""
    heal: Backoff = Backoff(60.0, 3600.0, 3.0)
    """Before the same drift is put back again."""
    windows: tuple[Window, ...] = ()
    depends_on: tuple[str, ...] = ()
    """Workspaces in which a commit must be synced before it may be written here."""
    notify: tuple[Notification, ...] = ()
    approval_expires: float = 259200.0
    """Seconds after which a plan that nobody answered is made again."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a workspace's next round must know of the earlier ones."""

    status: Status | None = None
    """That of the last round; None before the first."""
    since: datetime | None = None
    """When it became that."""
    commit: str | None = None
    """The version of the manifests that was looked at last: a commit, or a digest of a folder."""
    synced: str | None = None
    """The last version at which nothing differed."""
    looked: datetime | None = None
    """When the account was last looked at."""
    failures: int = 0
    """Rounds in a row that failed."""
    healed: str | None = None
    """What was put back last: a digest over the changes of the plan."""
    heals: int = 0
    """How often in a row that was put back."""
    healed_at: datetime | None = None
    stretch: float = 1.0
    """How many times as long as the project file says the pauses between two looks at the account are, because that
    cannot carry more."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of a workspace came to."""

    workspace: str
    status: Status
    reason: str
    """In words, for people."""
    commit: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Changes by action, as in the plan's summary."""
    wrote: bool = False
    """Whether anything was sent to the account."""
    hint: str | None = None
    """What a person can do about it."""
    plan: str | None = None
    """The digest of the plan that waits for a person, or that a person let through."""
    after: float | None = None
    """Seconds until the next round is of use, where that is known; None: the usual interval."""
    requests: int = 0
    """How many requests it sent to the account."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watcher knows of one of its workspaces at a moment."""

    workspace: str
    watch: Watch
    memory: Memory
    round: Round | None
    """The last one; None before its end."""
    looked: datetime | None
    """When the last round began."""
    next: datetime | None
    """When the next one is due; None while one is under way."""
    doing: str
    """looking | writing, or empty: what a round that is under way does."""
    rounds: Mapping[str, int]
    """Rounds so far, by how they ended."""
    writes: int
    """Rounds so far that sent something to the account."""
    requests: int
    """Requests that rounds sent so far."""
    plan: bool
    """Whether there is a plan to look at."""

    @property
    def status(self) -> Status | None:
        """What the workspace is; None before this watcher looked at it."""
        return None if self.round is None else self.round.status


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
    signature: str = ""
    """Made with RECONCILER_PLAN_KEY, where whoever answered has it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A round that a person asked for."""

    who: str
    at: datetime


def watcher_name(process: int, host: str) -> str:
    """Who watches, in words."""
    return f"process {process} on {host}"


@dataclass(frozen=True, slots=True)
class Report:
    """What the watcher said last."""

    watcher: str
    """Who runs it, as `watcher_name` says."""
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


@dataclass(frozen=True, slots=True)
class Noted:
    """What other processes can tell of a workspace at a moment."""

    workspace: str
    requests: Requests
    """What stands beside its state."""
    holder: LockInfo | None = None
    """Who holds its state, and writes or is about to; None also where its store cannot tell without taking it."""


@dataclass(frozen=True, slots=True)
class WorkerCounts:
    """What a fleet's worker did since it began."""

    running: int = 0
    """Rounds that are under way."""
    rounds: Mapping[str, int] = field(default_factory=dict)
    """Rounds that ended, by status."""
    requests: int = 0
    """Requests that those sent to accounts."""
