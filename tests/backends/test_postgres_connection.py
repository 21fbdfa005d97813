"""The connection of the postgres backend: where a DSN of the project file may lead."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from reconciler.backends import postgres_connection
from reconciler.backends.context import BackendContext
from reconciler.backends.postgres import open_backend
from reconciler.backends.postgres_connection import Database, Statements
from reconciler.errors import NotTrusted, UsageError
from reconciler.types.json import Json
from reconciler.types.options import Limits
from reconciler.types.project import BackendSettings
from tests.support.postgres import missing_postgres, postgres
from tests.support.stores import place

pytest.importorskip("psycopg", reason="rare: psycopg is not installed")


def opened(dsn: Json, *, own: bool = False, **environ: str) -> str:
    context = BackendContext(Path(".reconciler") / "w", "w", environ=environ)
    return open_backend(BackendSettings("postgres", {"dsn": dsn}, own), context).describe()


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me@evil.example/states",
        "host=evil.example dbname=x",
        "postgresql://me@127.0.0.1,evil.example/states",
        "host=127.0.0.1 hostaddr=192.0.2.7",
        "postgresql:///x?host=evil.example",
        "postgresql://127.0.0.1/x?hostaddr=192.0.2.7",
    ],
)
def test_every_host_of_a_dsn_that_is_written_out_is_looked_at(dsn: str) -> None:
    with pytest.raises(NotTrusted):
        opened(dsn)
    assert opened(dsn, RECONCILER_ALLOWED_HOSTS="evil.example,192.0.2.7")
    assert opened(dsn, own=True)
    assert opened({"env": "WHERE"}, WHERE=dsn)


@pytest.mark.parametrize("dsn", ["host=127.0.0.1 dbname=x", "dbname=x", "service=states", "host=/run/postgresql"])
def test_what_leads_to_this_machine_or_where_the_environment_says_needs_no_trust(dsn: str) -> None:
    assert opened(dsn)


def test_the_host_of_the_environment_is_the_operators() -> None:
    assert opened("host=db.example port=6432", PGHOST="db.example")


@pytest.mark.parametrize("part", ["passfile=/tmp/x", "sslkey=/tmp/x", "gssdelegation=1", "sslrootcert=/tmp/x"])
def test_files_and_delegation_come_from_the_environment_alone(part: str) -> None:
    with pytest.raises(UsageError):
        opened(f"host=127.0.0.1 {part}")
    assert opened({"env": "WHERE"}, WHERE=f"host=127.0.0.1 {part}")


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("names", [[one] for one in postgres_connection.NAMES] + [list(postgres_connection.NAMES)])
def test_tables_that_somebody_dropped_are_made_again(names: list[str], known: bool) -> None:
    """Also while others stand, and whether this process has seen them or comes later."""
    if reason := missing_postgres():
        pytest.skip(reason)
    import psycopg

    schema = f"dropped_{'_'.join(names)}_{known}".lower()

    def touch(run: Statements) -> None:
        for name in postgres_connection.NAMES:
            run.all(f"select 1 from {{schema}}.{name}")

    with place("postgres") as store:
        dsn = str(store.settings()["dsn"])
        database = Database(dsn, schema, "row", "the table", Limits())
        database.do(touch)
        with psycopg.connect(dsn, autocommit=True) as connection:
            for name in names:
                connection.execute(f"drop table {schema}.{name}")
        other = database if known else Database(dsn, schema, "row", "the table", Limits())
        other.do(touch)
        assert not other.do(lambda run: run.all("select 1 from {schema}.state"))
        database.close()
        other.close()


def test_a_run_that_is_frozen_in_a_transaction_keeps_nobody_from_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first holds the row and falls silent; the second gets it; the first finds out, and does its work anew."""
    if reason := missing_postgres():
        pytest.skip(reason)
    monkeypatch.setattr(postgres_connection, "IDLE_SECONDS", 1)
    silent, over, tries = threading.Event(), threading.Event(), []

    def take(run: Statements) -> str:
        run.change("update {schema}.lock set id = %(id)s where name = %(name)s", id="frozen")
        tries.append("frozen")
        silent.set()
        over.wait(60)
        run.change("update {schema}.lock set id = 'frozen, later' where name = %(name)s")
        return "done"

    def insert(run: Statements) -> None:
        run.change("insert into {schema}.lock values (%(name)s, 'x', '')")

    with postgres() as server:
        first, second = (Database(server.dsn, "frozen", "row", "the table", Limits()) for _ in range(2))
        first.do(insert)
        said: list[str] = []
        frozen = threading.Thread(target=lambda: said.append(first.do(take)))
        frozen.start()
        assert silent.wait(60)
        second.do(lambda run: run.change("update {schema}.lock set id = 'next' where name = %(name)s"))
        over.set()
        frozen.join(60)
        first.close()
        second.close()
    assert (said, tries) == (["done"], ["frozen", "frozen"])
