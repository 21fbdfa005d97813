"""How often a request is tried, how long to wait in between, and what `Retry-After` means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from math import inf, isfinite


class Trouble(Enum):
    """Why an attempt failed. All but the first two leave open whether the request was carried out."""

    UNSENT = "unsent"
    """No connection: the API never saw the request."""
    THROTTLED = "throttled"
    """429: turned away at the door, nothing was done."""
    TIMEOUT = "timeout"
    BROKEN = "broken"
    """The connection or the answer broke off, or could not be read."""
    ODD = "odd"
    """A success of the wrong shape: mostly a wrong address, sometimes a fault."""
    FAULT = "fault"
    """5xx."""

    @property
    def may_have_happened(self) -> bool:
        return self not in (Trouble.UNSENT, Trouble.THROTTLED)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts per trouble (a timeout has cost half a minute already; a refused connection seldom heals).

    A 429 is not counted: it costs nothing and says only that the account is busy.
    """

    unsent: int = 5
    timeout: int = 3
    broken: int = 8
    odd: int = 3
    fault: int = 8
    base: float = 0.5
    """Seconds; the n-th wait is anything up to `base * 2**n`."""
    cap: float = 20.0
    retry_after_cap: float = 60.0
    """An API that asks for more is asked again after this."""
    give_up_after: float = 600.0
    """Seconds in which the account lets nothing through at all, after which a request that met a 429 is given up."""

    def attempts(self, trouble: Trouble) -> float:
        """How many attempts may meet this trouble before the request is given up."""
        return inf if trouble is Trouble.THROTTLED else int(getattr(self, trouble.value))

    def delay(self, failures: int, retry_after: float | None, random: Callable[[], float]) -> float:
        """Seconds to wait after the `failures`-th failure (from 1): full jitter, never less than asked for."""
        jitter = random() * min(self.cap, self.base * 2.0 ** min(failures - 1, 16))
        if retry_after is None:
            return jitter
        # The jitter on top keeps ten threads from coming back in the same moment.
        return min(retry_after, self.retry_after_cap) + min(jitter, 1.0)


def parse_retry_after(value: str | None, *, now: str, date: str | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number, or an HTTP date.

    A date is held against the answer's own `Date` header where there is one (the clocks may differ), else against
    `now` (ISO 8601, UTC). None for an absent header or one that says nothing.
    """
    if value is None or not value.strip():
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        moment = _http_date(text)
        reference = _http_date(date) if date else None
        if reference is None:
            reference = _iso(now)
        if moment is None or reference is None:
            return None
        seconds = (moment - reference).total_seconds()
    return max(0.0, seconds) if isfinite(seconds) else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
