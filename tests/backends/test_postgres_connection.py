"""The connection of the postgres backend: where a DSN of the project file may lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.backends.context import BackendContext
from reconciler.backends.postgres import open_backend
from reconciler.errors import NotTrusted, UsageError
from reconciler.types.json import Json
from reconciler.types.project import BackendSettings

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
