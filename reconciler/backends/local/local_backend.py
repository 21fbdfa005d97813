"""State as files beside the project: a document, its backup, a journal and a lock.

<folder>/state.json          replaced whole: temporary file, fsync, rename, fsync of the folder
<folder>/state.json.backup   the document before the last write
<folder>/state.journal       lines appended since; many threads share one fsync
<folder>/state.lock          who holds the lock
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from reconciler.backends.context import BackendContext, check_settings, own_folder
from reconciler.backends.local.durable_files import sync_folder, told, write_durably
from reconciler.backends.local.file_journal import FileJournal
from reconciler.backends.local.file_lock import FileLock
from reconciler.errors import UsageError
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo


def open_backend(settings: BackendSettings, context: BackendContext) -> Backend:
    """The files under `context.folder`, or at the setting `path` (of the document). Touches nothing yet.

    Raises `UsageError` for unknown settings.
    """
    check_settings(settings, ("path",))
    path = settings.settings.get("path")
    if path is None:
        return LocalBackend(context.folder / "state.json", context)
    if not isinstance(path, str) or not path:
        raise UsageError(
            "the setting `path` of the local state backend is a path", hint="for example path: state.json"
        )
    return LocalBackend(context.project / path, context)


class LocalBackend:
    """The port over files; safe for several threads of one process."""

    tells_holder = True
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
        with told(self._document, "read"):
            try:
                return self._document.read_bytes()
            except FileNotFoundError:
                return None

    def write(self, data: bytes) -> None:
        """Replace the document. Raises `StateError`; the old one is then still there."""
        self._prepare()
        temporary = self._document.with_name(self._document.name + ".tmp")
        with told(self._document, "written"):
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
        with told(self._lock.path, "removed"):
            self._lock.remove(id)

    def describe(self) -> str:
        """The path of the document."""
        return str(self._document)

    def neighbours(self) -> Sequence[str]:
        """None: the place is not named after the project, and whose it is stands in the document."""
        return ()

    def heed(self, stop: Callable[[], bool]) -> None:
        """Files are tried once: there is no pause to cut short."""

    def close(self) -> None:
        """Nothing is held open between two calls."""

    def _prepare(self) -> None:
        """The folder, and a `.gitignore` that keeps it out of version control."""
        if self._prepared:
            return
        folder = self._document.parent
        with told(folder, "created"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        top = own_folder(folder) or folder
        if top.name.startswith("."):
            ignore = top / ".gitignore"
            with told(ignore, "created"), suppress(FileExistsError), ignore.open("x", encoding="utf-8") as file:
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
