"""The connections of a process to one database: never more than agreed, however many rows and threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from reconciler.backends import postgres_pool
from reconciler.backends.postgres_connection import Database, Statements, shared_database
from reconciler.backends.postgres_pool import MOST, Pool
from reconciler.errors import StateError
from reconciler.types.options import Limits
from tests.support.postgres import Postgres, missing_postgres, postgres

pytest.importorskip("psycopg", reason="rare: psycopg is not installed")
if reason := missing_postgres():
    pytest.skip(reason, allow_module_level=True)

PIDS = "select pid from pg_stat_activity where application_name = %s"
COUNT = f"select count(*) from ({PIDS}) mine"


def count(server: Postgres, mark: str) -> int:
    import psycopg

    with psycopg.connect(server.dsn, autocommit=True) as connection:
        row = connection.execute(COUNT, (mark,)).fetchone()
    assert row is not None
    return int(row[0])


def end_all(server: Postgres, mark: str) -> None:
    import psycopg

    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"select pg_terminate_backend(pid) from ({PIDS}) mine", (mark,))


def touch(run: Statements) -> None:
    run.change("insert into {schema}.lock values (%(name)s, 'x', '') on conflict do nothing")


def test_two_hundred_workspaces_use_a_few_connections_and_give_all_back() -> None:
    """Also after the server was restarted in between: nobody meets a connection that is lost already twice."""
    mark, most, over = uuid4().hex, [0], threading.Event()
    with postgres() as server:

        def watch() -> None:
            while not over.is_set():
                most[0] = max(most[0], count(server, mark))

        dsn = f"{server.dsn} application_name={mark}"
        rows = [shared_database(dsn, "many", f"row{number}", "the table", Limits()) for number in range(200)]
        watching = threading.Thread(target=watch)
        watching.start()
        with ThreadPoolExecutor(200) as pool:
            list(pool.map(lambda row: row.do(touch), rows))
            end_all(server, mark)
            list(pool.map(lambda row: row.do(touch), rows))
            over.set()
            watching.join()
        assert 0 < most[0] <= MOST
        assert all(row.do(lambda run: run.one("select 1 from {schema}.lock where name = %(name)s")) for row in rows)
        for row in rows[1:]:
            row.close()
        assert count(server, mark) > 0, "one is in use still"
        rows[0].close()
        assert any(count(server, mark) == 0 for _ in range(1000)), "the server notes an end a moment later"


def test_who_waits_for_a_connection_waits_no_longer_than_agreed() -> None:
    with postgres() as server:
        only = Pool(server.dsn, 1)
        first, second = (
            Database(server.dsn, "busy", row, f"row {row}", Limits(whole=1.0), pool=only) for row in ("one", "two")
        )
        first.do(touch)
        with only.lend(first, 1.0), pytest.raises(StateError, match="row two"):
            second.do(touch)
        second.do(touch)
        first.close()
        second.close()
        assert postgres_pool.shared_pool(server.dsn) is postgres_pool.shared_pool(server.dsn)
