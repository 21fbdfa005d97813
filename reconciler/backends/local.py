"""State as files beside the project: a document, its backup, a journal and a lock.

<folder>/state.json          replaced whole: temporary file, fsync, rename, fsync of the folder
<folder>/state.json.backup   the document before the last write
<folder>/state.journal       lines appended since; many threads share one fsync
<folder>/state.lock          who holds the lock
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from reconciler.backends.context import BackendContext, check_settings, own_folder
from reconciler.backends.file_lock import FileLock
from reconciler.errors import StateError, UsageError
from reconciler.fsio import state_errors, sync_folder, write_all, write_durably
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo


def open_backend(settings: BackendSettings, context: BackendContext) -> Backend:
    """The files under `context.folder`, or at the setting `path` (of the document). Touches nothing yet.

    Raises `UsageError` for unknown settings.
    """
    check_settings(settings, ("path",))
    given = settings.settings.get("path")
    path, base = ("state.json", context.folder) if given is None else (given, context.project)
    if not isinstance(path, str) or not path:
        raise UsageError(
            "the setting `path` of the local state backend is a path", hint="for example path: state.json"
        )
    document = base / path
    if context.beside:  # two suffixes: what stands beside a document is named after the one before the last
        document = document.with_name(f"{document.name}.{context.beside}.json")
    return LocalBackend(document, context)


class LocalBackend:
    """The port over files; safe for several threads of one process."""

    shows_holder = True
    seal = None

    def __init__(self, document: Path, context: BackendContext) -> None:
        self._document = document
        self._backup = document.with_name(document.name + ".backup")
        self.journal = FileJournal(document.with_suffix(".journal"), self._prepare)
        self._prepared = False
        self._lock = FileLock(
            document.with_suffix(".lock"), lease=context.lease_seconds, heartbeat=context.heartbeat_seconds
        )

    def read(self) -> bytes | None:
        """The document's bytes. Raises `StateError` when they cannot be read."""
        with state_errors(self._document, "read"):
            try:
                return self._document.read_bytes()
            except FileNotFoundError:
                return None

    def write(self, data: bytes) -> None:
        """Replace the document. Raises `StateError`; the old one is then still there."""
        self._prepare()
        temporary = self._document.with_name(self._document.name + ".tmp")
        with state_errors(self._document, "written"):
            try:
                write_durably(temporary, data)
                self._keep_backup()
                temporary.replace(self._document)
                sync_folder(self._document.parent)
            finally:
                temporary.unlink(missing_ok=True)

    def lock(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[Lease]:
        """Hold the lock file. Raises `StateLocked`, `StateError`."""
        self._prepare()
        return self._hold(info, timeout, clock, emit)

    @contextmanager
    def _hold(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> Iterator[Lease]:
        with self._lock.hold(info, timeout=timeout, clock=clock, emit=emit) as lease:
            for path in (self._document, self._backup):  # what a killed run left half written
                with suppress(OSError):
                    path.with_name(path.name + ".tmp").unlink(missing_ok=True)
            yield lease

    def holder(self) -> LockInfo | None:
        """Who holds the lock; writes nothing."""
        return self._lock.holder()

    def break_lock(self, id: str) -> None:
        """Remove the lock with this id. Raises `StateError`."""
        with state_errors(self._lock.path, "removed"):
            self._lock.remove(id)

    def describe(self) -> str:
        """The path of the document."""
        return str(self._document)

    def neighbours(self) -> Sequence[str]:
        """None: the place is not named after the project, and whose it is stands in the document."""
        return ()

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """Files are tried once: there is no pause to cut short."""

    def close(self) -> None:
        """Nothing is held open between two calls."""

    def _prepare(self) -> None:
        """The folder, and a `.gitignore` that keeps it out of version control."""
        if self._prepared:
            return
        folder = self._document.parent
        with state_errors(folder, "created"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        top = own_folder(folder) or folder
        if top.name.startswith("."):
            ignore = top / ".gitignore"
            with (
                state_errors(ignore, "created"),
                suppress(FileExistsError),
                ignore.open("x", encoding="utf-8") as file,
            ):
                file.write("*\n")
        self._prepared = True

    def _keep_backup(self) -> None:
        # A second name for the old document costs nothing; where there are no hard links, copy.
        if not self._document.exists():
            return
        spare = self._backup.with_name(self._backup.name + ".tmp")
        spare.unlink(missing_ok=True)
        try:
            os.link(self._document, spare)
        except OSError:
            write_durably(spare, self._document.read_bytes())
        spare.replace(self._backup)


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
        with state_errors(self._path, "read"):
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return []
        return data.split(b"\n")[:-1]

    def append(self, *lines: bytes) -> None:
        """Return once `lines` are on the disk; the first thread to come writes for all that wait.

        Raises `StateError`; the journal is then as it was.
        """
        self._prepare()
        with self._turn:
            self._waiting.append(b"".join(line + b"\n" for line in lines))
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
            with state_errors(self._path, "written"):
                self._write(b"".join(batch))
            failure = None
        except StateError as error:
            failure = error
        finally:
            self._finish(batch, last, failure)
        self._raise_failure(mine)

    def clear(self) -> None:
        """Remove the file; what was in it is in the document."""
        with state_errors(self._path, "removed"):
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
