"""Windows: whether an account may be written at a moment, and if not, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.errors import UsageError
from reconciler.types.watch import Window

STEPS = 100
"""How many windows in a row are followed to say when writing is allowed again."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing may be written."""

    window: Window
    """The one that denies, or an allowing one that is not open."""
    until: datetime | None
    """In UTC; None where no end is in sight."""


def closed(windows: Sequence[Window], now: datetime) -> Closed | None:
    """What denies writing at `now` (aware); None where it is allowed.

    Raises `UsageError` for a schedule or a time zone that cannot be read: nothing may be written then.
    """
    found = _denying(windows, now)
    if found is None:
        return None
    window, until = found
    for _ in range(STEPS):
        if until is None:
            break
        further = _denying(windows, until)
        if further is None:
            return Closed(window, until)
        until = further[1]
    return Closed(window, None)


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
    last = _nearest(window, now + timedelta(seconds=1), backwards=True)
    if last is None or now - last >= timedelta(seconds=window.seconds):
        return None
    return last


def _opens(window: Window, now: datetime) -> datetime | None:
    """When it opens next after `now`, in UTC."""
    return _nearest(window, now, backwards=False)


def _nearest(window: Window, now: datetime, *, backwards: bool) -> datetime | None:
    """The nearest opening before or after `now`; None for a day that never comes."""
    try:
        from cronsim import CronSim, CronSimError
    except ImportError as error:
        from reconciler.installation import extra_hint

        raise UsageError(
            "`windows:` needs the package cronsim, which is not installed", hint=extra_hint("windows")
        ) from error
    try:
        zone = ZoneInfo(window.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            f"the time zone {window.timezone!r} of a window is not known here",
            hint="write a name like Europe/Berlin or UTC; where the system has no time zones, install tzdata",
        ) from error
    try:
        found = next(CronSim(window.cron, now.astimezone(zone), backwards), None)
    except CronSimError as error:
        raise UsageError(
            f"the schedule {window.cron!r} of a window cannot be read",
            hint="write five fields as for cron: minute, hour, day of month, month, day of week",
        ) from error
    return None if found is None else found.astimezone(UTC)
