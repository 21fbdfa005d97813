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
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TypeVar

from reconciler.backends.context import BackendContext, check_settings, default_place, read_number
from reconciler.backends.lease import HeldLease
from reconciler.backends.lock_acquire import (
    MOST_HOLDER,
    MOST_NAME,
    MOST_NEIGHBOURS,
    Held,
    describe_holder,
    parse_holder,
    reason_to_take,
)
from reconciler.backends.postgres_connection import (
    Database,
    PostgresJournal,
    Statements,
    as_bytes,
    as_whole,
    read_place,
    read_row,
    server_time,
    shared_database,
    too_large,
)
from reconciler.backends.stored_lock import LockRecord, break_stored_lock, hold_lock, lease_record
from reconciler.core.setting_reader import STATE, read_limits
from reconciler.errors import StateLocked, StateMoved
from reconciler.types.options import Limits
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo

T = TypeVar("T")
SETTINGS = ("dsn", "password", "schema", "name", "keep", *STATE)


def open_backend(settings: BackendSettings, context: BackendContext) -> Backend:
    """The row `name` (else `<project>/<workspace>`) in `schema` of the database at `dsn`. Connects to nothing yet.

    Without `dsn`, the variables of PostgreSQL's own programs count (PGHOST, PGSERVICE, ...). Raises `UsageError` for
    unknown settings, and where psycopg is not installed; `NotTrusted` for a host that is not the operator's.
    """
    check_settings(settings, SETTINGS)
    dsn, schema, place = read_place(settings, context)
    name = read_row(settings, context, default_place(context))
    where = f"{place} {schema}.state {name!r}{context.beside and f' ({context.beside})'}"
    name += context.beside and f"\x1f{context.beside}"  # no name holds such a character
    limits = read_limits(settings.settings, context.environ)
    database = shared_database(dsn, schema, name, where, limits)
    return PostgresBackend(database, schema, name, where, int(read_number(settings, "keep", 20)), context, limits)


class PostgresBackend:
    """The port over one connection; safe for several threads of one process."""

    shows_holder = True
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
        break_stored_lock(self, id, self._where)

    def find_lock(self) -> Held | None:
        """The holder on record. Raises `StateError`."""
        return self._database.do(self._find)

    def with_record(self, work: Callable[[LockRecord], T]) -> T:
        """What `work` gives, called with the row of the lock in one transaction; others wait for its end."""

        def alone(run: Statements) -> T:
            run.all("select pg_advisory_xact_lock(%(key)s)", key=self._key())
            return work(_LockRow(run, self._find, self._lease))

        return self._database.do(alone)

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

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """Pauses between two tries end once `stop` says so."""
        self._database.patience.stop_when(stop)

    def close(self) -> None:
        """Give the connection back; the next method makes a new one."""
        self._database.close()

    @contextmanager
    def _hold(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> Iterator[HeldLease]:
        try:
            with hold_lock(
                self, info, lease=self._lease, heartbeat=self._heartbeat, timeout=timeout, clock=clock, emit=emit
            ) as lease:
                self._held = info.id
                yield lease
        finally:
            self._held = None
            self._database.close()

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


class _LockRow:
    """The row of the lock in one transaction."""

    def __init__(self, run: Statements, find: Callable[[Statements], Held | None], lease: float) -> None:
        self._run = run
        self._find = find
        self._lease = lease

    def find(self) -> Held | None:
        return self._find(self._run)

    def replace(self, info: LockInfo | None, now: str) -> bool:
        if info is None:
            return self._run.change("delete from {schema}.lock where name = %(name)s") >= 0
        self._run.change(
            "insert into {schema}.lock (name, id, holder) values (%(name)s, %(id)s, %(holder)s)"
            " on conflict (name) do update set id = excluded.id, holder = excluded.holder",
            id=info.id,
            # Counted by the server's clock, which all hosts have in common.
            holder=lease_record(info, self.time().isoformat(), self._lease),
        )
        return True

    def time(self) -> datetime:
        return server_time(self._run)
