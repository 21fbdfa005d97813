"""State in PostgreSQL: rows, fences, a server that dies and comes back, a pooler, and settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from reconciler.backends.context import BackendContext
from reconciler.backends.postgres import SETTINGS, open_backend
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateError, StateLocked, UsageError
from reconciler.installation import extra_hint
from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS
from reconciler.types.address import SecretRef
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from tests.support.postgres import Postgres, missing_postgres, postgres
from tests.support.state import Events, JumpingClock

REASON = missing_postgres()
NEEDS_SERVER = pytest.mark.skipif(REASON is not None, reason=str(REASON))
PASSWORD = "p0stgres-secret-value"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if REASON is not None:
        pytest.skip(REASON)
    with postgres() as found:
        yield found


def opened(dsn: object, name: str = "w", environ: Mapping[str, str] | None = None, **settings: object) -> Backend:
    context = BackendContext(Path(".reconciler") / "w", "w", environ=environ or {})
    return open_backend(BackendSettings("postgres", {"dsn": dsn, "name": name, **settings}), context)  # type: ignore[dict-item]


def run_sql(server: Postgres, statement: str, *values: object) -> list[tuple[object, ...]]:
    import psycopg

    with psycopg.connect(server.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def name() -> str:
    return uuid4().hex


@pytest.fixture
def backend(server: Postgres, name: str) -> Backend:
    return opened(server.dsn, name)


def hold(backend: Backend, operation: str = "apply"):
    clock = JumpingClock()
    return backend.lock(describe_run(operation, clock.now()), timeout=0, clock=clock, emit=Events().append)


def test_a_reader_makes_no_tables(server: Postgres) -> None:
    backend = opened(server.dsn, schema="only_read")
    assert backend.read() is None
    assert list(backend.journal.read()) == []
    assert backend.holder() is None
    assert run_sql(server, "select to_regnamespace('only_read')") == [(None,)]
    backend.write(b"{}")
    assert opened(server.dsn, schema="only_read").read() == b"{}"


def test_many_make_the_tables_at_the_same_time(server: Postgres) -> None:
    backends = [opened(server.dsn, str(number), schema="crowded") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda backend: backend.write(b"{}"), backends))
    assert [backend.read() for backend in backends] == [b"{}"] * 8


def test_workspaces_do_not_see_each_other(server: Postgres, backend: Backend) -> None:
    other = opened(server.dsn, uuid4().hex)
    backend.write(b"mine")
    backend.journal.append(b"line")
    with hold(backend):
        assert other.holder() is None
        with hold(other):
            pass
    assert (other.read(), list(other.journal.read())) == (None, [])
    other.journal.clear()
    assert list(backend.journal.read()) == [b"line"]


def test_the_documents_before_are_kept_for_a_while(server: Postgres, name: str) -> None:
    backend = opened(server.dsn, name, keep=3)
    for number in range(8):
        backend.write(b"%d" % number)
    found = run_sql(server, "select data from reconciler.history where name = %s order by version", name)
    assert [bytes(row[0]) for row in found] == [b"4", b"5", b"6"]  # type: ignore[arg-type]


def test_writes_and_lines_of_a_run_that_lost_its_lock_are_refused(
    backend: Backend, server: Postgres, name: str
) -> None:
    other = opened(server.dsn, name)
    with hold(backend):
        backend.write(b"one")
        holder = other.holder()
        assert holder is not None
        other.break_lock(holder.id)
        for act in (lambda: backend.write(b"two"), lambda: backend.journal.append(b"line")):
            with pytest.raises(StateLocked, match="somebody removed it"):
                act()
        with hold(other, "state mv"):
            with pytest.raises(StateLocked, match="state mv by"):
                backend.write(b"two")
            other.write(b"three")
    assert other.read() == b"three"
    assert list(other.journal.read()) == []


def test_a_killed_server_comes_back_in_mid_run(name: str) -> None:
    if REASON is not None:
        pytest.skip(REASON)
    with postgres() as server:
        backend = opened(server.dsn, name)
        with hold(backend) as lease:
            backend.write(b"one")
            backend.journal.append(b"a")
            server.kill()
            server.start()
            lease.check()
            backend.journal.append(b"b")
            assert list(backend.journal.read()) == [b"a", b"b"]
            assert backend.read() == b"one"
            backend.write(b"two")
        assert opened(server.dsn, name).read() == b"two"
        assert backend.holder() is None


def test_connections_that_are_cut_are_made_again(backend: Backend, server: Postgres) -> None:
    with hold(backend) as lease:
        backend.write(b"one")
        run_sql(
            server, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reconciler'"
        )
        lease.check()
        assert backend.read() == b"one"


def test_nothing_outlives_a_transaction(backend: Backend, server: Postgres) -> None:
    """So that a pooler may hand each of them another session."""
    with hold(backend):
        backend.write(b"one")
        backend.journal.append(b"line")
        mine = "pid in (select pid from pg_stat_activity where application_name = 'reconciler')"
        assert run_sql(server, f"select * from pg_locks where locktype = 'advisory' and {mine}") == []
        run_sql(
            server, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reconciler'"
        )
        backend.write(b"two")
    assert backend.read() == b"two"


def test_a_lock_that_cannot_be_read_says_where_it_is(backend: Backend, server: Postgres, name: str) -> None:
    backend.write(b"{}")
    run_sql(server, "insert into reconciler.lock values (%s, 'x', 'damaged')", name)
    with pytest.raises(StateError, match="damaged"), hold(backend):
        pass


@pytest.mark.parametrize(
    "dsn", ["host=127.0.0.1 port=1 user=x connect_timeout=1", "host=127.0.0.1 port={} dbname=nowhere"]
)
def test_a_database_that_is_not_there(server: Postgres, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.backends.postgres_connection.PAUSES", ())
    backend = opened(dsn.format(f"{server.port} user=postgres") + f" password={PASSWORD}")
    with pytest.raises(StateError, match="cannot be reached") as caught:
        backend.read()
    assert PASSWORD not in f"{caught.value.message} {caught.value.hint}"


@NEEDS_SERVER
def test_settings_are_checked() -> None:
    for bad in (
        {"schema": "Robert'; drop"},
        {"keep": -1},
        {"keep": "many"},
        {"dsn": f"password={PASSWORD} ="},
        {"dsn": 5},
    ):
        with pytest.raises(UsageError) as caught:
            opened(**{"dsn": "host=127.0.0.1", **bad})  # type: ignore[arg-type]
        assert PASSWORD not in f"{caught.value.message} {caught.value.hint}"
    assert set(BACKEND_SETTINGS["postgres"]) == {"encryption", *SETTINGS}


@NEEDS_SERVER
def test_the_description_holds_no_password() -> None:
    environ = {
        "DSN": f"postgresql://ann:{PASSWORD}@db.example/states",
        "PW": PASSWORD,
        "RECONCILER_ALLOWED_HOSTS": "db.example",
    }
    by_reference = opened(SecretRef("env", "DSN"), environ=environ)
    assert by_reference.describe() == "db.example/states reconciler.state 'w'"
    apart = opened("host=db.example dbname=states", environ=environ, password=SecretRef("env", "PW"))
    assert apart.describe() == by_reference.describe()


def test_without_psycopg_the_command_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError) as caught:
        opened("host=x")
    assert caught.value.hint == extra_hint("postgres")
    assert "[postgres]" in caught.value.hint


def test_however_many_are_opened_they_share_one_connection_and_give_it_back(server: Postgres, name: str) -> None:
    dsn = f"{server.dsn} application_name={name}"
    count = "select count(*) from pg_stat_activity where application_name = %s"
    backends = [opened(dsn, name) for _ in range(6)]
    for backend in backends:
        assert backend.read() is None
        assert backend.holder() is None
        assert list(backend.journal.read()) == []
    assert run_sql(server, count, name) == [(1,)]
    backends[0].write(b"{}")
    assert {backend.read() for backend in backends} == {b"{}"}
    assert run_sql(server, count, name) == [(1,)]
    for backend in backends:
        backend.close()
    assert backends[0].read() == b"{}", "a closed one opens again"
    backends[-1].close()


@pytest.mark.parametrize("table", ["state", "journal", "lock"])
def test_what_is_kept_there_has_a_cap(server: Postgres, name: str, table: str) -> None:
    backend = opened(server.dsn, name, max_state_mb=0.05)
    with hold(backend):
        backend.write(b"{}")
        backend.journal.append(b"one")
    column = {"state": "data", "journal": "line", "lock": "holder"}[table]
    if table == "lock":
        run_sql(server, "insert into reconciler.lock (name, id, holder) values (%s, 'x', ''::bytea)", name)
    run_sql(
        server,
        f"update reconciler.{table} set {column} = convert_to(repeat('x', 70000), 'UTF8') where name = %s",
        name,
    )
    look = {"state": backend.read, "journal": lambda: list(backend.journal.read()), "lock": backend.holder}[table]
    with pytest.raises(StateError):
        look()
