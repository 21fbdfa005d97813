"""The journal of the local backend: a file of lines, appended durably; threads that come together share one fsync."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from reconciler.backends.local.durable_files import sync_folder, told, write_all
from reconciler.errors import StateError


class FileJournal:
    """A file of lines. Threads that append at the same time share one write and one fsync."""

    def __init__(self, path: Path, prepare: Callable[[], None] = lambda: None) -> None:
        """`prepare` makes the folder, before the first line."""
        self._path = path
        self._prepare = prepare
        self._turn = threading.Condition()
        self._waiting: list[bytes] = []
        self._added = 0
        self._done = 0
        self._writing = False
        self._failures: dict[int, StateError] = {}

    def read(self) -> list[bytes]:
        """Complete lines; what stands behind the last newline never was one."""
        with told(self._path, "read"):
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return []
        return data.split(b"\n")[:-1]

    def append(self, line: bytes) -> None:
        """Return once `line` is on the disk; the first thread to come writes for all that wait.

        Raises `StateError`; the journal is then as it was.
        """
        self._prepare()
        with self._turn:
            self._waiting.append(line)
            self._added += 1
            mine = self._added
            while self._writing and self._done < mine:
                self._turn.wait()
            if self._done >= mine:
                self._raise_failure(mine)
                return
            batch, self._waiting = self._waiting, []
            last, self._writing = self._added, True
        failure: StateError | None = StateError(f"{self._path}: the write was interrupted")
        try:
            with told(self._path, "written"):
                self._write(b"".join(one + b"\n" for one in batch))
            failure = None
        except StateError as error:
            failure = error
        finally:
            self._finish(batch, last, failure)
        self._raise_failure(mine)

    def clear(self) -> None:
        """Remove the file; what was in it is in the document."""
        with told(self._path, "removed"):
            self._path.unlink(missing_ok=True)
            if self._path.parent.is_dir():
                sync_folder(self._path.parent)

    def _finish(self, batch: list[bytes], last: int, failure: StateError | None) -> None:
        with self._turn:
            if failure is not None:
                self._failures |= dict.fromkeys(range(last - len(batch) + 1, last + 1), failure)
            self._done, self._writing = last, False
            self._turn.notify_all()

    def _raise_failure(self, number: int) -> None:
        failure = self._failures.pop(number, None)
        if failure is not None:
            raise StateError(failure.message, hint=failure.hint)

    def _write(self, data: bytes) -> None:
        fresh = not self._path.exists()
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            end = end_of_lines(handle)
            os.ftruncate(handle, end)
            os.lseek(handle, end, os.SEEK_SET)
            try:
                write_all(handle, data)
                os.fsync(handle)
            except OSError:
                # Half a line followed by a whole one would make both unreadable.
                os.ftruncate(handle, end)
                raise
        finally:
            os.close(handle)
        if fresh:
            sync_folder(self._path.parent)


def end_of_lines(handle: int) -> int:
    """Where the last complete line ends: a process killed in mid-write left a part behind it."""
    end = os.lseek(handle, 0, os.SEEK_END)
    while end:
        start = max(0, end - 4096)
        os.lseek(handle, start, os.SEEK_SET)
        found = os.read(handle, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
