"""When the next round of a watched workspace is due, and what earlier rounds mean for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from reconciler.errors import UsageError
from reconciler.types.watch import Memory, Round, Status, Watch, Window

UNAUTHORIZED_SECONDS = 600.0
"""A refused key is tried again after this: it may have been renewed."""
TROUBLED = frozenset({Status.FAILED, Status.LOCKED, Status.FROZEN})
"""Ends that are tried again sooner or later than the interval, with growing waits."""


def is_due(watch: Watch, memory: Memory, commit: str | None, now: datetime) -> bool:
    """Whether the account is to be looked at though nothing asks for it: a new commit, or its time has come."""
    if memory.looked is None or commit != memory.commit:
        return True
    if memory.status is not None and memory.status is not Status.SYNCED:
        return True
    still = timedelta(seconds=watch.drift_interval * memory.stretch)
    return not timedelta() <= now - memory.looked < still  # a clock may be put back


def seconds_to_next(watch: Watch, memory: Memory, last: Round, random: float) -> float:
    """How long to wait after `last`, which `memory` has in it already; `random` is a number from 0 up to 1."""
    if last.after is not None:
        return max(0.0, last.after)
    if last.status is Status.UNAUTHORIZED:
        return UNAUTHORIZED_SECONDS
    wait = watch.interval
    if last.status in TROUBLED:
        wait = watch.retry.seconds(max(0, memory.failures - 1))
    elif period(watch, last.status) <= watch.interval:
        wait *= memory.stretch  # each round asks the account
    return wait * (1.0 + watch.jitter * random)


def period(watch: Watch, status: Status) -> float:
    """Seconds between two looks at the account, as the project file wants them."""
    return max(watch.interval, watch.drift_interval) if status is Status.SYNCED else watch.interval


def seconds_to_heal(watch: Watch, memory: Memory, changes: str, now: datetime) -> float:
    """Seconds until the drift that `changes` (a digest) names may be put back; 0: now.

    The same drift again and again is somebody's doing: each time it is put back later.
    """
    if memory.healed != changes or memory.healed_at is None:
        return 0.0
    wait = watch.heal.seconds(memory.heals - 1)
    left = wait - (now - memory.healed_at).total_seconds()
    return min(max(0.0, left), wait)  # no longer, where the clock was put back


def update_memory(
    memory: Memory, done: Round, now: datetime, *, healed: str | None = None, stretch: float = 1.0
) -> Memory:
    """What to know after a round. `healed`: a digest over the changes, where the round put back drift alone.

    A new commit, or a round in which nothing differs, forgets what was put back.
    """
    if healed is not None:
        again = healed == memory.healed and done.commit == memory.commit
        memory = replace(memory, healed=healed, heals=memory.heals + 1 if again else 1, healed_at=now)
    elif done.commit != memory.commit or (done.status is Status.SYNCED and not done.wrote):
        memory = replace(memory, healed=None, heals=0, healed_at=None)
    return replace(
        memory,
        status=done.status,
        since=memory.since if memory.status is done.status and memory.since is not None else now,
        commit=done.commit,
        synced=done.commit if done.status is Status.SYNCED else memory.synced,
        looked=now,
        failures=memory.failures + 1 if done.status in TROUBLED else 0,
        stretch=stretch,
    )


def has_recovered(memory: Memory, done: Round) -> bool:
    """Whether this round ended a trouble that people were told of."""
    return done.status is Status.SYNCED and memory.status not in (None, Status.SYNCED, Status.PENDING)


LONGEST_SHIFT = timedelta(hours=3)
"""More than any clock is put back at once."""
STEPS = 100
"""How many windows in a row are followed to say when writing is allowed again."""


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """Why nothing may be written."""

    window: Window
    """The one that denies, or an allowing one that is not open."""
    until: datetime | None
    """In UTC; None where no end is in sight."""


def closed_window(windows: Sequence[Window], now: datetime, *, manual: bool = False) -> ClosedWindow | None:
    """What denies writing at `now` (aware); None where it is allowed. `manual`: a person asked for this write.

    Raises `UsageError` for a schedule or a time zone that cannot be read: nothing may be written then.
    """
    if manual:
        windows = [window for window in windows if not window.manual]
    found = _denying(windows, now)
    if found is None:
        return None
    window, until = found
    for _ in range(STEPS):
        if until is None:
            break
        further = _denying(windows, until)
        if further is None:
            return ClosedWindow(window, until)
        until = further[1]
    return ClosedWindow(window, None)


def check_window(window: Window) -> None:
    """Raise `UsageError` where its schedule or its time zone says nothing."""
    _opened(window, datetime(2026, 1, 1, tzinfo=UTC))


def _denying(windows: Sequence[Window], now: datetime) -> tuple[Window, datetime | None] | None:
    """The window that denies at `now`, and when that changes."""
    for window in windows:
        if window.kind == "deny" and (opened := _opened(window, now)) is not None:
            return window, opened + timedelta(seconds=window.seconds)
    allowing = [window for window in windows if window.kind == "allow"]
    if not allowing or any(_opened(window, now) is not None for window in allowing):
        return None
    opens = [(moment, window) for window in allowing if (moment := _opens(window, now)) is not None]
    if not opens:
        return allowing[0], None
    moment, window = min(opens, key=lambda found: found[0])
    return window, moment


def _opened(window: Window, now: datetime) -> datetime | None:
    """When the window that is open at `now` was opened, in UTC; None where it is not open.

    How long it stays open is counted in real hours, also over the change to or from daylight saving time.
    """
    start = _before_the_shift(window, now)
    last = max(takewhile(lambda moment: moment <= now, _openings(window, start)), default=None)
    last = last or next(_openings(window, start + timedelta(seconds=1), backwards=True), None)
    if last is None or now - last >= timedelta(seconds=window.seconds):
        return None
    return last


def _opens(window: Window, now: datetime) -> datetime | None:
    """When it opens next after `now`, in UTC."""
    return next((moment for moment in _openings(window, _before_the_shift(window, now)) if moment > now), None)


def _before_the_shift(window: Window, now: datetime) -> datetime:
    """A moment some hours before `now` from which both directions can be searched: within an hour that clocks show
    for the second time the search knows nothing of the first."""
    start = now - LONGEST_SHIFT
    return start - LONGEST_SHIFT if start.astimezone(_zone(window)).fold else start


def _openings(window: Window, start: datetime, *, backwards: bool = False) -> Iterator[datetime]:
    """When it opens after (before) `start`, in UTC, the nearest first; nothing for a day that never comes. What a
    clock that is put back shows twice opens it once, what a clock that is put forward leaves out as it goes on."""
    try:
        from cronsim import CronSim, CronSimError
    except ImportError as error:
        from reconciler.installation import extra_hint

        raise UsageError(
            "`windows:` needs the package cronsim, which is not installed", hint=extra_hint("windows")
        ) from error
    zone = _zone(window)
    try:
        for found in CronSim(window.cron, start.astimezone(zone), backwards):
            yield found.astimezone(UTC)
    except CronSimError as error:
        raise UsageError(
            f"the schedule {window.cron!r} of a window cannot be read",
            hint="write five fields as for cron: minute, hour, day of month, month, day of week",
        ) from error


def _zone(window: Window) -> ZoneInfo:
    try:
        return ZoneInfo(window.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            f"the time zone {window.timezone!r} of a window is not known here",
            hint="write a name like Europe/Berlin or UTC; where the system has no time zones, install tzdata",
        ) from error
