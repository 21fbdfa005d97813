"""The journal of the postgres backend: a table of lines, taken only while the run that adds them holds its lock."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.backends.postgres.connection import Database, Statements, as_bytes, as_whole, too_large

ROW = 100
"""Bytes that a line costs beyond its own."""


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

    def append(self, line: bytes) -> None:
        """One line, committed when this returns; twice, where the answer to the first was lost."""

        def work(run: Statements) -> None:
            self._fence(run)
            run.change("insert into {schema}.journal (name, line) values (%(name)s, %(line)s)", line=line)

        self._database.do(work)

    def clear(self) -> None:
        """Remove all lines of this workspace."""
        self._database.do(lambda run: run.change("delete from {schema}.journal where name = %(name)s"))
