"""State in PostgreSQL: a row for the workspace of a project, the lines of a journal, documents before, the lock.

<schema>.state     name, version, data     replaced where its version is still the one that was read
<schema>.journal   name, number, line      lines appended since the document was written
<schema>.history   name, version, data     the last documents before, `keep` of them
<schema>.lock      name, holder            who holds the lock, renewed while he lives

Every method is one transaction and nothing outlives it: advisory locks are those of transactions, statements are not
prepared, no setting of a session is used. So this works through a connection pooler in any mode; and while a run
holds the lock, its writes and lines are taken only as long as the row of the lock still names it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from reconciler.backends.context import BackendContext, check_settings, default_place, read_number, read_text
from reconciler.backends.lease import HeldLease, keep_lease
from reconciler.backends.lock_acquire import (
    MOST_HOLDER,
    MOST_NAME,
    MOST_NEIGHBOURS,
    Held,
    StoreClock,
    acquire,
    describe_holder,
    dump_holder,
    lease_end,
    parse_holder,
    reason_to_take,
    refuse_other,
    tell_takeover,
)
from reconciler.backends.postgres_connection import (
    Database,
    PostgresJournal,
    Statements,
    as_bytes,
    as_whole,
    check_hosts,
    server_time,
    shared_database,
    too_large,
)
from reconciler.core.settings.setting_reader import STATE, read_limits, reference_in
from reconciler.errors import StateLocked, StateMoved, UsageError
from reconciler.installation import extra_hint
from reconciler.types.answer_limits import Limits
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo

SETTINGS = ("dsn", "password", "schema", "name", "keep", *STATE)
SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
USUAL = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "tcp_user_timeout": "30000",
    "application_name": "reconciler",
}


def open_backend(settings: BackendSettings, context: BackendContext) -> Backend:
    """The row `name` (else `<project>/<workspace>`) in `schema` of the database at `dsn`. Connects to nothing yet.

    Without `dsn`, the variables of PostgreSQL's own programs count (PGHOST, PGSERVICE, ...). Raises `UsageError` for
    unknown settings, and where psycopg is not installed; `NotTrusted` for a host that is not the operator's.
    """
    check_settings(settings, SETTINGS)
    try:
        from psycopg import Error
        from psycopg.conninfo import conninfo_to_dict, make_conninfo
    except ImportError:
        raise UsageError(
            "state backend 'postgres' needs psycopg, which is not installed",
            hint=extra_hint("postgres"),
        ) from None
    schema = read_text(settings, "schema", context) or "reconciler"
    if not SCHEMA.fullmatch(schema):
        raise UsageError(
            "the setting `schema` of state backend 'postgres' is no plain name",
            hint="lower-case letters, digits and _, for example schema: reconciler",
        )
    written = read_text(settings, "dsn", context)
    dsn = written or context.environ.get("PG_CONN_STR") or ""
    try:
        given = conninfo_to_dict(dsn)
        reference = reference_in(settings.settings.get("dsn"))
        theirs = reference is None or reference.variable is None
        if written is not None and not settings.own and theirs:
            check_hosts(given, context.operator)
        usual = {key: value for key, value in USUAL.items() if key not in given}
        password = read_text(settings, "password", context)
        dsn = make_conninfo(dsn, **usual, **({"password": password} if password else {}))
    except Error:
        # Its message quotes the text, and that may hold a password.
        raise UsageError(
            "the setting `dsn` of state backend 'postgres' cannot be read",
            hint="postgresql://user@host/database, or host=... dbname=...; and `password: {env: NAME}`",
        ) from None
    name = read_text(settings, "name", context) or default_place(context)
    where = f"{given.get('host') or 'postgres'}/{given.get('dbname') or ''} {schema}.state {name!r}"
    limits = read_limits(settings.settings, context.environ)
    database = shared_database(dsn, schema, name, where, limits)
    return PostgresBackend(database, schema, name, where, int(read_number(settings, "keep", 20)), context, limits)


class PostgresBackend:
    """The port over one connection; safe for several threads of one process."""

    tells_holder = True
    seal = None

    def __init__(
        self,
        database: Database,
        schema: str,
        name: str,
        where: str,
        keep: int,
        context: BackendContext,
        limits: Limits,
    ) -> None:
        self._database = database
        self._schema = schema
        self._name = name
        self._where = where
        self._keep = keep
        self._most = limits.state
        self._lease = context.lease_seconds
        self._heartbeat = context.heartbeat_seconds
        self.journal = PostgresJournal(self._database, self._refuse_lost, f"the journal of {where}", limits.state)
        self._seen: int | None = None
        self._held: str | None = None

    def read(self) -> bytes | None:
        """The document. Raises `StateError`."""

        def work(run: Statements) -> bytes | None:
            found = run.one(
                "select version, case when octet_length(data) <= %(most)s then data end from {schema}.state"
                " where name = %(name)s",
                most=self._most,
            )
            self._seen = as_whole(found[0]) if found else 0
            if found and found[1] is None:
                raise too_large(self._where, self._most)
            return as_bytes(found[1]) if found else None

        return self._database.read(work, None)

    def write(self, data: bytes) -> None:
        """Replace the document. Raises `StateError`, `StateMoved` where another version is there, `StateLocked`."""

        def work(run: Statements) -> None:
            found = run.one("select version, data from {schema}.state where name = %(name)s for update")
            version = as_whole(found[0]) if found else 0
            if found and self._seen is not None and version != self._seen:
                if as_bytes(found[1]) == data:
                    self._seen = version
                    return  # An earlier try arrived, though its answer did not.
                raise StateMoved(
                    f"{self._where} was written by somebody else during this run", hint="run the same command again"
                )
            self._refuse_lost(run)
            if not found:
                if not run.change(
                    "insert into {schema}.state (name, version, data) values (%(name)s, 1, %(data)s)"
                    " on conflict do nothing",
                    data=data,
                ):
                    raise StateMoved(f"{self._where} was written by somebody else in this very moment")
            else:
                run.change(
                    "insert into {schema}.history (name, version, data) select name, version, data"
                    " from {schema}.state where name = %(name)s on conflict do nothing"
                )
                run.change(
                    "delete from {schema}.history where name = %(name)s and version <= %(old)s",
                    old=version - self._keep,
                )
                run.change(
                    "update {schema}.state set version = version + 1, data = %(data)s, written = now()"
                    " where name = %(name)s",
                    data=data,
                )
            self._seen = version + 1

        self._database.do(work)

    def lock(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[Lease]:
        """Hold the row of the lock. Raises `StateLocked`, `StateError`."""
        return self._hold(info, timeout, clock, emit)

    def holder(self) -> LockInfo | None:
        """Who holds the lock."""

        def work(run: Statements) -> LockInfo | None:
            found = self._find(run)
            return None if found is None or reason_to_take(found, server_time(run).isoformat()) else found.info

        return self._database.read(work, None)

    def break_lock(self, id: str) -> None:
        """Remove the lock with this id. Raises `StateError`."""

        def work(run: Statements) -> None:
            refuse_other(self._find(run), id)
            run.change("delete from {schema}.lock where name = %(name)s and id = %(id)s", id=id)

        self._database.do(work)

    def describe(self) -> str:
        """Host, database, table and row."""
        return self._where

    def neighbours(self) -> Sequence[str]:
        """Rows `<project>/<workspace>` of this workspace, at most `MOST_NEIGHBOURS`."""
        owner, slash, workspace = self._name.rpartition("/")

        def work(run: Statements) -> list[str]:
            found = run.all(
                "select left(name, %(size)s) from {schema}.state where right(name, %(length)s) = %(end)s"
                " and name <> %(name)s order by written desc limit %(most)s",
                size=MOST_NAME, length=len(slash + workspace), end=slash + workspace, most=MOST_NEIGHBOURS,
            )  # fmt: skip
            return [str(row[0]).removesuffix(slash + workspace) for row in found]

        nothing: list[str] = []
        return sorted(self._database.read(work, nothing)) if owner else ()

    def heed(self, stop: Callable[[], bool]) -> None:
        """Pauses between two tries end once `stop` says so."""
        self._database.waits.heed(stop)

    def close(self) -> None:
        """Give the connection back; the next method makes a new one."""
        self._database.close()

    @contextmanager
    def _hold(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> Iterator[HeldLease]:
        server = StoreClock(clock)
        acquire(lambda: self._attempt(info, server, emit), timeout=timeout, clock=clock, emit=emit)
        self._held = info.id
        try:
            with keep_lease(
                info, ask=self._holding, renew=lambda: self._renew(info), release=lambda: self._release(info),
                heartbeat=self._heartbeat, emit=emit, lease=self._lease,
            ) as lease:  # fmt: skip
                yield lease
        finally:
            self._held = None
            self._database.close()

    def _release(self, info: LockInfo) -> None:
        self._database.do(
            lambda run: run.change("delete from {schema}.lock where name = %(name)s and id = %(id)s", id=info.id)
        )

    def _record(self, run: Statements, info: LockInfo) -> bytes:
        """The row's holder; its lease is counted by the server's clock, which all hosts have in common."""
        ends = lease_end(server_time(run).isoformat(), self._lease)
        return dump_holder(replace(info, expires=ends), self._lease)

    def _attempt(self, info: LockInfo, server: StoreClock, emit: Emit) -> LockInfo | None:
        """Take the lock if it is free, or its holder gone; else who holds it."""

        def work(run: Statements) -> tuple[Held | None, str | None]:
            run.all("select pg_advisory_xact_lock(%(key)s)", key=self._key())
            found = self._find(run)
            if found is not None and found.info.id == info.id:
                return None, None  # An earlier try arrived, though its answer did not.
            reason = reason_to_take(found, server.now(lambda: server_time(run))) if found else None
            if found is None or reason:
                run.change(
                    "insert into {schema}.lock (name, id, holder) values (%(name)s, %(id)s, %(holder)s)"
                    " on conflict (name) do update set id = excluded.id, holder = excluded.holder",
                    id=info.id,
                    holder=self._record(run, info),
                )
            return found, reason

        held, reason = self._database.do(work)
        if held is not None and reason is not None:
            tell_takeover(held, reason, emit)
            return None
        return held.info if held else None

    def _renew(self, info: LockInfo) -> bool:
        changed = self._database.do(
            lambda run: run.change(
                "update {schema}.lock set holder = %(holder)s where name = %(name)s and id = %(id)s",
                id=info.id,
                holder=self._record(run, info),
            )
        )
        return changed == 1

    def _holding(self) -> LockInfo | None:
        found = self._database.do(self._find)
        return found.info if found else None

    def _find(self, run: Statements) -> Held | None:
        row = run.one(
            "select case when octet_length(holder) <= %(most)s then holder else ''::bytea end from {schema}.lock"
            " where name = %(name)s",
            most=MOST_HOLDER,
        )
        return parse_holder(as_bytes(row[0]), f"{self._schema}.lock of {self._where}") if row else None

    def _refuse_lost(self, run: Statements) -> None:
        """Where this run holds the lock, the row must still name it until the transaction ends."""
        if self._held is None:
            return
        row = run.one(
            "select id, case when octet_length(holder) <= %(most)s then holder else ''::bytea end from {schema}.lock"
            " where name = %(name)s for share",
            most=MOST_HOLDER,
        )
        if row is None or row[0] != self._held:
            held = parse_holder(as_bytes(row[1]), self._where).info if row else None
            raise StateLocked(
                "the lock was lost: " + (describe_holder(held) if held else "somebody removed it"),
                holder=held.record() if held else {"ID": self._held},
                hint="nothing more was written; run again once the other run has ended",
            )

    def _key(self) -> int:
        mark = hashlib.blake2b(f"{self._schema}/{self._name}".encode(), digest_size=8).digest()
        return int.from_bytes(mark, "big", signed=True)
