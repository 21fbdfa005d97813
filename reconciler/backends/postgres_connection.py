"""The connection under the postgres backend: its hosts checked, transactions tried again, tables, the journal."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from reconciler.backends.context import BackendContext, read_text
from reconciler.backends.lease import Patience
from reconciler.backends.postgres_pool import Pool, shared_pool
from reconciler.core.fields.web_addresses import Endpoint, parse_endpoint
from reconciler.core.operator_trust import Operator
from reconciler.core.setting_reader import not_yours, reference_in
from reconciler.errors import StateError, UsageError
from reconciler.installation import extra_hint
from reconciler.types.options import MB, Limits
from reconciler.types.project import BackendSettings

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    Connection: TypeAlias = psycopg.Connection[TupleRow]

T = TypeVar("T")
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Waits between tries to reach a server that is restarting."""
IDLE_SECONDS = 10
"""How long the server keeps a transaction whose run says nothing, before it gives its locks to others: a run can be
frozen at any statement. None of ours waits for anything between two."""
MAKING = 7_305_808_869
"""The advisory lock of whoever makes the tables."""
TABLES = (
    "create schema if not exists {schema}",
    "create table if not exists {schema}.state (name text primary key, version bigint not null, data bytea not null,"
    " written timestamptz not null default now())",
    "create table if not exists {schema}.journal (number bigserial primary key, name text not null,"
    " line bytea not null)",
    "create index if not exists journal_name on {schema}.journal (name, number)",
    "create table if not exists {schema}.history (name text not null, version bigint not null, data bytea not null,"
    " replaced timestamptz not null default now(), primary key (name, version))",
    "create table if not exists {schema}.lock (name text primary key, id text not null, holder bytea not null)",
)
NAMES = ("state", "journal", "history", "lock")
SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
USUAL = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "tcp_user_timeout": "30000",
    "application_name": "reconciler",
}


_OPENING = threading.Lock()
_OPEN: dict[tuple[int, str, str, str], Database] = {}
ROW = 100
"""Bytes that a line costs beyond its own."""
WHAT = "'dsn' of state backend 'postgres'"
HARMLESS = frozenset(
    {"host", "hostaddr", "port", "dbname", "user", "password", "service", "sslmode", "channel_binding"}
    | {"connect_timeout", "tcp_user_timeout", "application_name", "fallback_application_name", "client_encoding"}
    | {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "options"}
    | {"target_session_attrs", "load_balance_hosts", "gssencmode", "require_auth", "min_protocol_version"}
)
"""What is not here names files of the machine, keys, or hands credentials on (`passfile`, `sslkey`,
`gssdelegation`, `servicefile` ...)."""


class Statements:
    """Runs statements of one transaction; `{schema}` and `%(name)s` are filled in."""

    def __init__(self, connection: Connection, schema: str, name: str) -> None:
        self._connection = connection
        self._schema = schema
        self._name = name

    def one(self, statement: str, **values: object) -> tuple[object, ...] | None:
        """The first row."""
        return self._run(statement, values).fetchone()

    def all(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """All rows."""
        return list(self._run(statement, values).fetchall())

    def change(self, statement: str, **values: object) -> int:
        """The number of rows changed."""
        return self._run(statement, values).rowcount

    def _run(self, statement: str, values: dict[str, object]) -> psycopg.Cursor[TupleRow]:
        from psycopg import sql

        query = sql.SQL(statement).format(schema=sql.Identifier(self._schema))
        return self._connection.execute(query, {**values, "name": self._name})


def shared_database(dsn: str, schema: str, name: str, where: str, limits: Limits) -> Database:
    """The one of this process for this row: however many backends are opened, their transactions take turns."""
    with _OPENING:
        found = Database(dsn, schema, name, where, limits, pool=shared_pool(dsn))
        return _OPEN.setdefault((os.getpid(), dsn, schema, name), found)


class Database:
    """Transactions about one row, over connections that are made when needed; threads take turns."""

    def __init__(
        self,
        dsn: str,
        schema: str,
        name: str,
        where: str,
        limits: Limits,
        tables: Sequence[str] = TABLES,
        names: Sequence[str] = NAMES,
        pool: Pool | None = None,
    ) -> None:
        """`name` is the row that every statement is about; `where` stands for all of it in messages; a transaction
        with all its tries may take as long as `limits` says of a request; `tables` makes those called `names`.
        `pool` lends the connections; without it there is one of its own."""
        self._tables, self._names = tables, names
        self._pool = pool or Pool(dsn, 1)
        self._schema = schema
        self._name = name
        self._where = where
        self.patience = Patience(limits.whole)
        self._turn = threading.RLock()
        self._ready = False

    def do(self, work: Callable[[Statements], T]) -> T:
        """One transaction, again on a new connection when that was lost. Raises `StateError`."""
        return self._try(work, prepare=True, nothing=None)

    def read(self, work: Callable[[Statements], T], nothing: T) -> T:
        """As `do`, for readers: makes no tables; `nothing` where there are none yet."""
        return self._try(work, prepare=False, nothing=(nothing,))

    def close(self) -> None:
        """Give back what nobody else needs; the next transaction makes a new connection."""
        with self._turn:
            self._pool.leave(self)

    def _try(self, work: Callable[[Statements], T], *, prepare: bool, nothing: tuple[T] | None) -> T:
        import psycopg

        wanted = self.patience.now()
        with self._turn, self.patience.request(wanted) as tries:
            for pause in (*PAUSES, None):
                try:
                    with self._pool.lend(self, tries.left()) as connection, _deadline(connection, tries.left()):
                        tries.answered = True
                        if prepare:
                            self._prepare(connection)
                        with self._transaction(connection) as run:
                            return work(run)
                except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
                    if nothing is not None:
                        return nothing[0]
                    if self._ready and pause is not None:
                        self._ready = False  # somebody dropped them since
                        continue
                    raise self._failed(error) from None
                except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout) as error:
                    tries.answered = False
                    if pause is None or _is_final(error) or not tries.again(pause):
                        raise self._failed(error) from None
                except psycopg.Error as error:
                    raise self._failed(error) from None
        raise AssertionError("unreachable")

    def _prepare(self, connection: Connection) -> None:
        """Make the tables, one after the other where several come at the same time."""
        if self._ready:
            return
        with self._transaction(connection) as run:
            there = run.one(
                "select bool_and(to_regclass(one) is not null) from unnest(%(tables)s::text[]) one",
                tables=[f"{self._schema}.{name}" for name in self._names],
            )
            if there is None or not there[0]:
                run.all("select pg_advisory_xact_lock(%(key)s)", key=MAKING)
                for statement in self._tables:
                    run.change(statement)
        self._ready = True

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[Statements]:
        """A transaction that holds its locks no longer than its run is alive; set in each, since a pooler hands
        sessions to others."""
        with connection.transaction():
            connection.execute(f"set local idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
            yield Statements(connection, self._schema, self._name)

    def _failed(self, error: Exception) -> StateError:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return StateError(
            f"{self._where} cannot be reached or changed: {said}",
            hint="check `dsn` under `state:` and the rights of its user, then run the same command again",
        )


@contextmanager
def _deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Break the connection off when the block takes too long: a server that never answers holds nobody."""

    def end() -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(handle)) as line:
            line.shutdown(socket.SHUT_RDWR)

    handle = connection.fileno()
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_final(error: Exception) -> bool:
    """Whether another try cannot help: a wrong password, a database or a user that does not exist."""
    said = str(error)
    return any(words in said for words in ("authentication failed", "does not exist", "no pg_hba.conf entry"))


def as_bytes(value: object) -> bytes:
    """A column of bytes, whatever the driver makes of it."""
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else str(value).encode()


def as_whole(value: object) -> int:
    """A column that counts. Raises `StateError` for anything else: the table is not ours."""
    if isinstance(value, int):
        return value
    raise StateError("the table of the state holds no version where one belongs", hint="check `schema` and `dsn`")


def too_large(where: str, most: int) -> StateError:
    """What is kept there is more than a state may be."""
    return StateError(
        f"{where} is larger than {most / MB:g} MB", hint="RECONCILER_MAX_STATE_MB sets how large a state may be"
    )


def server_time(run: Statements) -> datetime:
    """The time by the server's clock."""
    row = run.one("select clock_timestamp()")
    return row[0] if row and isinstance(row[0], datetime) else datetime.now(UTC)


class PostgresJournal:
    """The lines of one workspace."""

    def __init__(self, database: Database, fence: Callable[[Statements], None], where: str, most: int) -> None:
        """`fence` raises `StateLocked` in the transaction of a run that lost its lock; all lines together have at
        most `most` bytes, and `where` they stand is for messages."""
        self._database = database
        self._fence = fence
        self._where = where
        self._most = most

    def read(self) -> list[bytes]:
        """The lines in the order in which they came. Raises `StateError`, also where they are too many."""

        def work(run: Statements) -> list[bytes]:
            size = run.one(
                "select coalesce(sum(octet_length(line) + %(row)s), 0)::bigint from {schema}.journal"
                " where name = %(name)s",
                row=ROW,
            )
            if size is not None and as_whole(size[0]) > self._most:
                raise too_large(self._where, self._most)
            found = run.all("select line from {schema}.journal where name = %(name)s order by number")
            return [as_bytes(row[0]) for row in found]

        return self._database.read(work, [])

    def append(self, *lines: bytes) -> None:
        """Lines, committed when this returns; twice, where the answer to the first try was lost."""

        def work(run: Statements) -> None:
            self._fence(run)
            for line in lines:
                run.change("insert into {schema}.journal (name, line) values (%(name)s, %(line)s)", line=line)

        self._database.do(work)

    def clear(self) -> None:
        """Remove all lines of this workspace."""
        self._database.do(lambda run: run.change("delete from {schema}.journal where name = %(name)s"))


def read_place(settings: BackendSettings, context: BackendContext) -> tuple[str, str, str]:
    """DSN and schema of `settings`, and the database as messages name it.

    Raises `UsageError` for what cannot be read, and where psycopg is not installed; `NotTrusted` for a host that is
    not the operator's.
    """
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
    return dsn, schema, f"{given.get('host') or 'postgres'}/{given.get('dbname') or ''}"


def read_row(settings: BackendSettings, context: BackendContext, usual: str) -> str:
    """The setting `name`, else `usual`. Raises `UsageError`."""
    name = read_text(settings, "name", context) or usual
    if not name.isprintable():
        raise UsageError("the setting `name` of state backend 'postgres' holds characters that cannot be printed")
    return name


def check_hosts(given: Mapping[str, object], operator: Operator) -> None:
    """Look at every host of a DSN that is written out, and at every address that stands in for one.

    Without a host those of the environment and of the user's own service file count. Raises `NotTrusted` for a host
    that is not the operator's, `UsageError` for a part that only the environment may set.
    """
    for name in given:
        if name not in HARMLESS:
            raise UsageError(
                f"{WHAT} holds {name}, which a project file may not set",
                hint="put the whole DSN into a variable and write dsn: {env: NAME}",
            )
    ports = str(given.get("port") or "").split(",")
    for name in ("host", "hostaddr"):
        hosts = str(given.get(name) or "").split(",")
        for index, host in enumerate(hosts):
            if not host.strip() or host.startswith(("/", "@")):
                continue  # the environment's, or a socket of this machine
            port = ports[index] if len(ports) == len(hosts) else ports[0]
            place = _place(host.strip(), port.strip())
            if place is None:
                raise UsageError(f"{WHAT} holds a host that is none", hint="host=db.example.com port=5432")
            if not operator.owns(place):
                raise not_yours(WHAT, place)


def _place(host: str, port: str) -> Endpoint | None:
    bare = f"[{host}]" if ":" in host else host
    return parse_endpoint(f"postgresql://{bare}{':' + port if port else ''}") if host.isascii() else None
