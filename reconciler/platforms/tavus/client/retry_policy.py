"""How often a request is tried, how long to wait in between, and what `Retry-After` means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from math import inf, isfinite

from reconciler.types.json import Json, Object, lookup, split


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


NOTHING = "\0absent"
VOLATILE = frozenset({"updated_at"})


def is_repeatable(operations: Json) -> bool:
    """Whether sending the operations a second time changes nothing more and is not refused."""
    return isinstance(operations, list) and not any(_depends_on_place(op) or _consumes(op) for op in operations)


def needs_image(operations: Json) -> bool:
    """Whether only a look at the object before the request can tell: list items are named by their place."""
    return (
        isinstance(operations, list)
        and any(_depends_on_place(op) for op in operations)
        and not any(_consumes(op) for op in operations)
    )


def _depends_on_place(operation: Json) -> bool:
    """`add` and `remove` at a number, or at the end, of a list."""
    if not isinstance(operation, dict) or operation.get("op") not in ("add", "remove", "move", "copy"):
        return False
    paths = [operation.get("path")]
    if operation.get("op") == "move":
        paths.append(operation.get("from"))
    return any(isinstance(path, str) and _is_place(path) for path in paths)


def _is_place(path: str) -> bool:
    tokens = split(path)
    return bool(tokens) and (tokens[-1] == "-" or tokens[-1].isdecimal())


def _consumes(operation: Json) -> bool:
    """The removal, or the moving away, of a named member: whether it is still there tells the outcome."""
    return (
        isinstance(operation, dict)
        and operation.get("op") in ("remove", "move")
        and not _depends_on_place(operation)
        and isinstance(operation.get("from" if operation["op"] == "move" else "path"), str)
    )


def judge(operations: Json, image: Object | None) -> Callable[[Object], bool]:
    """A question to put to the object as read after the lost answer: was the patch carried out?

    Patches are all or nothing, so one operation that is visibly done stands for all. `image` is the object before
    the request, for operations that cannot be told otherwise.
    """

    def landed(body: Object) -> bool:
        if image is not None:
            return _stable(body) != _stable(image)
        for operation in operations if isinstance(operations, list) else ():
            if isinstance(operation, dict) and _consumes(operation):
                source = operation["from"] if operation["op"] == "move" else operation["path"]
                return lookup(body, str(source), NOTHING) in (NOTHING, None)
        return False

    return landed


def _stable(body: Object) -> Object:
    return {word: value for word, value in body.items() if word not in VOLATILE}
