"""The requests of one account that several machines send, in PostgreSQL: a row says when the next one may leave.

<schema>.rate        name, next, held    when the next request of an account may leave; a pause that was asked for
<schema>.rate_user   name, id, seen      who sends, so that each knows its share while the database is away
<schema>.rate_found  name, slow, at      how many times slower than agreed the account turned out to be, and when

The rule is GCRA (ITU-T I.371): each request moves `next` on by the time that one takes at the rate of the account. A
process takes a few turns in one statement, for requests that wait already, so one that is killed costs as much as
those took. All times are by the server; a process is told how many seconds from now, never a time of day.
"""

from __future__ import annotations

import threading
import time
from uuid import uuid4

from reconciler.backends.context import BackendContext, check_settings
from reconciler.backends.postgres_connection import Database, Statements, read_place, read_row
from reconciler.core.setting_reader import STATE
from reconciler.errors import ReconcilerError
from reconciler.types.event import Notice
from reconciler.types.options import Limits
from reconciler.types.ports import Emit, SharedRate, Turns
from reconciler.types.project import BackendSettings

SETTINGS = ("dsn", "password", "schema", "name", *STATE)
TABLES = (
    "create schema if not exists {schema}",
    "create table if not exists {schema}.rate (name text primary key, next timestamptz not null,"
    " held timestamptz not null)",
    "create table if not exists {schema}.rate_user (name text not null, id text not null, seen timestamptz not null,"
    " primary key (name, id))",
    "create table if not exists {schema}.rate_found (name text primary key, slow float8 not null,"
    " at timestamptz not null)",
)
NAMES = ("rate", "rate_user", "rate_found")
SLOWER = 1.25
"""How many times slower all are after a refusal; several of one moment, or during a pause, are one."""
SLOWEST = 1000.0
FASTER = 600.0
"""Seconds in which half of that is taken back: the account may take more again."""
SLOW_NOW = (
    "greatest(1.0, 1 + (f.slow - 1) * power(0.5,"
    " greatest(0.0, extract(epoch from clock_timestamp() - f.at)::float8) / %(faster)s))"
)
"""What is left by now of how slow a row of `rate_found` says it is."""
FOUND = (
    f"select {SLOW_NOW}"  # noqa: S608 - a text of ours
    " from {schema}.rate_found f where f.name = %(name)s"
)
REFUSED = (
    "insert into {schema}.rate_found as f (name, slow, at)"  # noqa: S608 - a text of ours
    " values (%(name)s, %(slower)s, clock_timestamp())"
    " on conflict (name) do update set at = clock_timestamp(), slow = least(%(slowest)s, %(slower)s *"
    f" {SLOW_NOW})"
    " where f.at < clock_timestamp() - interval '1 s' and not exists"
    " (select from {schema}.rate r where r.name = %(name)s and r.held > clock_timestamp())"
)
USED = 0.9
"""Share of the rate that is made use of: requests do not arrive as evenly as they leave. Where any second is counted
by itself, none is refused while none is more than 0.11 s later than others; on busy machines they are at times."""
PATIENCE = 2.0
"""Seconds for which the database is waited for, before each process goes on with its share of the rate."""
AWAY = 10.0
"""Seconds until a database that was away is asked again."""
SEEN = 10.0
"""How often a process says that it is there."""
GONE = 60.0
"""Seconds without that after which it does not count any more."""
UNKNOWN = 4
"""How many processes are reckoned with while that could never be asked."""
LEAD = 1.0
"""Seconds that a turn is at most later because answers of the database take so long."""
DRIFT = 0.0001
"""Seconds by which two clocks may go apart in one."""
LONGEST_PAUSE = 3600.0
"""Seconds; what an answer asks for beyond that is not believed."""


def open_shared_rate(
    settings: BackendSettings, context: BackendContext, name: str, rate: float, emit: Emit
) -> SharedRate:
    """The row of an account that takes `rate` requests a second, called as `settings` say, else `name`.

    Connects to nothing yet. Raises `UsageError` and `NotTrusted` as the state in PostgreSQL does.
    """
    check_settings(settings, SETTINGS)
    dsn, schema, place = read_place(settings, context)
    row = read_row(settings, context, name)
    where = f"{place} {schema}.rate {row!r}"
    return PostgresRate(Database(dsn, schema, row, where, Limits(whole=PATIENCE), TABLES, NAMES), rate, emit)


class ServerClock:
    """When by this process's clock something was, of which the server told its own time: known the better, the
    quicker one of its answers came. One that took long would else move the turns that it gives into those of others.
    """

    def __init__(self) -> None:
        self._best: tuple[float, float, float] | None = None
        """How far apart the clocks are, by how much that may be wrong, and when that was found."""

    def find(self, asked: float, said: float, there: float) -> float:
        """The moment between `asked` and `said` at which the server's clock showed `there`; all in seconds."""
        wrong = (said - asked) / 2
        apart, known, at = self._best or (0.0, float("inf"), said)
        found, known = there - apart, known + DRIFT * (said - at) + 0.001
        if wrong <= known or not asked - known <= found <= said + known:
            self._best = there - asked - wrong, wrong, said
            return asked + wrong
        return min(max(found, asked), said)


class PostgresRate:
    """The port over one connection; safe for several threads."""

    def __init__(self, database: Database, rate: float, emit: Emit) -> None:
        self._database = database
        self._gap = 1.0 / (rate * USED)
        self._emit = emit
        self._id = str(uuid4())
        self._turn = threading.Lock()
        self._said = self._back = self._own = float("-inf")
        self._users = UNKNOWN
        self._slow = 1.0
        self._lead = 0.0
        self._clock = ServerClock()

    def take(self, most: int) -> Turns:
        """Turns for at most `most` requests; with the database away those of this process's share. Never raises."""
        with self._turn:
            if time.monotonic() >= self._back:
                try:
                    return self._database.do(lambda run: self._take(run, most))
                except ReconcilerError as error:
                    self._went_away(error)
            return self._alone()

    def pause(self, seconds: float) -> None:
        """Nobody sends for so long, and everybody more slowly afterwards. Never raises."""

        def work(run: Statements) -> int:
            run.change(REFUSED, slower=SLOWER, slowest=SLOWEST, faster=FASTER)
            return run.change(
                "update {schema}.rate set held = greatest(held, clock_timestamp() + make_interval(secs => %(pause)s))"
                " where name = %(name)s",
                pause=min(seconds, LONGEST_PAUSE),
            )

        with self._turn:
            self._own = max(self._own, time.monotonic() + seconds)
            if time.monotonic() >= self._back:
                try:
                    self._database.do(work)
                except ReconcilerError as error:
                    self._went_away(error)

    def close(self) -> None:
        """Give the connection back; the next method makes a new one."""
        self._database.close()

    def _take(self, run: Statements, most: int) -> Turns:
        found = run.one(FOUND, faster=FASTER)
        self._slow = found[0] if found and isinstance(found[0], float) else 1.0
        gap = self._gap * self._slow
        asked = time.monotonic()
        row = run.one(
            "insert into {schema}.rate as r (name, next, held) values (%(name)s,"
            " clock_timestamp() + make_interval(secs => %(whole)s), clock_timestamp())"
            " on conflict (name) do update set next = make_interval(secs => %(whole)s) + case"
            " when greatest(r.next, r.held) > clock_timestamp() + make_interval(secs => %(never)s)"
            " then clock_timestamp()"
            " else greatest(r.next, r.held, clock_timestamp() + make_interval(secs => %(lead)s)) end,"
            # A server whose clock was put back would hold everybody until it is there again.
            " held = case when r.held > clock_timestamp() + make_interval(secs => %(never)s)"
            " then clock_timestamp() else r.held end"
            " returning extract(epoch from next - clock_timestamp())::float8,"
            " extract(epoch from clock_timestamp())::float8",
            whole=most * gap, never=LONGEST_PAUSE + 100 * gap, lead=self._lead,
        )  # fmt: skip
        said = time.monotonic()
        self._lead = min(LEAD, max(said - asked, 0.9 * self._lead))
        self._say(run)
        left, there = (float(str(one)) for one in row) if row else (most * gap, 0.0)
        first = self._clock.find(asked, said, there) + max(0.0, left - most * gap)
        return Turns(first - time.monotonic(), most, gap)

    def _say(self, run: Statements) -> None:
        """Note that this process is there, now and then, and who else is."""
        now = time.monotonic()
        if now - self._said < SEEN:
            return
        self._said = now
        run.change(
            "insert into {schema}.rate_user (name, id, seen) values (%(name)s, %(id)s, clock_timestamp())"
            " on conflict (name, id) do update set seen = excluded.seen",
            id=self._id,
        )
        run.change(
            "delete from {schema}.rate_user where name = %(name)s"
            " and seen < clock_timestamp() - make_interval(secs => %(gone)s)",
            gone=GONE,
        )
        row = run.one("select count(*)::int from {schema}.rate_user where name = %(name)s")
        self._users = max(1, row[0]) if row and isinstance(row[0], int) else UNKNOWN

    def _alone(self) -> Turns:
        """A turn without asking: this process's share of the rate."""
        now = time.monotonic()
        start = max(now, self._own)
        gap = self._gap * self._slow * self._users
        self._own = start + gap
        return Turns(start - now, 1, gap)

    def _went_away(self, error: ReconcilerError) -> None:
        self._back = time.monotonic() + AWAY
        self._own = max(self._own, time.monotonic() + self._gap * self._slow * self._users)
        share = f"until it is back each of {self._users} takes its share of the rate"
        self._emit(Notice(f"{error.message}; {share}", "warning"))
