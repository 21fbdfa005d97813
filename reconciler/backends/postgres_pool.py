"""The connections of this process to one database, lent for a transaction each, however many rows it works on."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    Connection: TypeAlias = psycopg.Connection[TupleRow]

MOST = 8
"""Connections at a time; further transactions wait for one. Servers take a hundred as they come, from everybody."""
LONGEST_CONNECT = 130
"""Seconds for which libpq waits for a connection where the DSN says 0."""

_OPENING = threading.Lock()
_POOLS: dict[tuple[int, str], Pool] = {}


def shared_pool(dsn: str) -> Pool:
    """The one of this process for this database."""
    with _OPENING:
        return _POOLS.setdefault((os.getpid(), dsn), Pool(dsn, MOST))


class Pool:
    """At most so many connections to one database, made when needed; safe for several threads."""

    def __init__(self, dsn: str, most: int) -> None:
        self._dsn = dsn
        self._most = most
        self._room = threading.Semaphore(most)
        self._turn = threading.Lock()
        self._idle: list[Connection] = []
        self._users: set[Hashable] = set()

    @contextmanager
    def lend(self, user: Hashable, seconds: float) -> Iterator[Connection]:
        """A connection for the block; kept for others afterwards, unless the block fails with an error of the server.

        Raises psycopg's `OperationalError` where there is none after so many seconds, and what connecting raises.
        """
        import psycopg

        if not self._room.acquire(timeout=seconds):
            raise psycopg.OperationalError(f"its {self._most} connections of this process are all in use")
        connection = None
        try:
            connection = self._take(user, seconds)
            yield connection
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            raise
        except psycopg.Error as error:
            if connection is not None:
                connection.close()
            if isinstance(error, psycopg.OperationalError):
                self._drop()  # a server that restarted has lost them all
            raise
        finally:
            if connection is not None:
                self._put_back(connection)
            self._room.release()

    def leave(self, user: Hashable) -> None:
        """`user` needs none for now; those that nobody needs are given back."""
        with self._turn:
            self._users.discard(user)
            needed = bool(self._users)
        if not needed:
            self._drop()

    def _take(self, user: Hashable, seconds: float) -> Connection:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        with self._turn:
            self._users.add(user)
            while self._idle:
                connection = self._idle.pop()
                if not connection.closed:
                    return connection
        given = str(conninfo_to_dict(self._dsn).get("connect_timeout") or "")
        wait = min(int(given) if given.isdecimal() and int(given) else LONGEST_CONNECT, int(seconds) + 1)
        # Prepared statements live in a server's session, and a pooler hands that to others.
        return psycopg.connect(self._dsn, autocommit=True, prepare_threshold=None, connect_timeout=wait)

    def _put_back(self, connection: Connection) -> None:
        with self._turn:
            if self._users and not connection.closed:
                self._idle.append(connection)
                return
        connection.close()

    def _drop(self) -> None:
        with self._turn:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
