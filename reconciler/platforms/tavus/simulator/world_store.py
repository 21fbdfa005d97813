"""Where a world lives: in memory, or in one file that several processes may have open."""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from reconciler.errors import ReconcilerError
from reconciler.fsio import owner_only
from reconciler.platforms.tavus.simulator.http_types import Reply
from reconciler.platforms.tavus.simulator.stock import new_world
from reconciler.platforms.tavus.simulator.world import KINDS, World
from reconciler.platforms.tavus.simulator.world_file import (
    apply_changes,
    read_world,
    write_changes,
    write_object,
    write_world,
)

Work: TypeAlias = Callable[[World], Reply]
Signature: TypeAlias = tuple[int, int, int]
MEMORY_SALT = "memory"
LOG_FROM = 2_000_000
LOG_SHARE = 4
"""The log may grow to the size of the file times this."""


class StoreUnusable(ReconcilerError):
    """The world file cannot be read or written."""


class _Job:
    """One write waiting for its turn."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self.reply: Reply | None = None
        self.error: BaseException | None = None


class Store:
    """Runs work against the world, one piece at a time.

    A write is answered after its world replaced the file: temp file, then rename, under a lock that other processes
    honour. So kill -9 at any moment leaves the old or the new world. Writers that wait while another one saves are
    saved together by the next one. A large file is not rewritten each time: changes go to a log beside it, one line
    a save, and into the file when the log has grown or the store is closed. The bytes reach the disk itself when the
    store is closed: the file guards against a killed process, it is no database.
    """

    def __init__(self, path: Path | None, *, seed: World | None = None, log_from: int = LOG_FROM) -> None:
        """`seed` is the world to start from where there is no file yet; `log_from` bytes and more count as large."""
        self._path = path
        self._log_from = log_from
        self._size = 0
        self._logged = 0
        self._wrote = False
        self._in_clear = False
        """A person wrote a secret into the file: the next save rewrites it."""
        self._mutex = threading.RLock()
        self._queue: list[_Job] = []
        self._queue_mutex = threading.Lock()
        self._texts: dict[str, dict[str, bytes]] = {kind: {} for kind in KINDS}
        self._signature: Signature | None = None
        self._held: BinaryIO | None = None
        self._world = seed or new_world(MEMORY_SALT if path is None else secrets.token_hex(16))
        if path is not None:
            with self._guard("open"):
                path.parent.mkdir(parents=True, exist_ok=True)
                with self._locked():
                    if not self._reload():
                        self._adopt(self._world)
                        self._save()

    def read(self, work: Work) -> Reply:
        """Run work that changes nothing, on the world as the file has it now."""
        with self._mutex:
            with self._guard("read"):
                self._reload()
            return work(self._world)

    def write(self, work: Work) -> Reply:
        """Run work and return its reply once what it changed is in the file. Raises what the work raises."""
        job = _Job(work)
        with self._queue_mutex:
            self._queue.append(job)
        with self._mutex:
            if not job.done:
                with self._queue_mutex:
                    batch, self._queue = self._queue, []
                self._run(batch)
        if job.error is not None:
            raise job.error
        assert job.reply is not None
        return job.reply

    def close(self) -> None:
        """Flush the file to the disk. The store can still be used afterwards; it opens the file again."""
        with self._mutex:
            if self._wrote and self._logged:
                with suppress(ReconcilerError), self._guard("write"), self._locked():
                    if self._reload() and self._logged:
                        self._rewrite(self._texts)
            if self._held is not None:
                with suppress(OSError):
                    os.fsync(self._held.fileno())
                self._held.close()
                self._held = self._signature = None

    def _run(self, batch: list[_Job]) -> None:
        try:
            with self._guard("write"), self._locked():
                self._reload()
                for job in batch:
                    self._attempt(job)
                self._save()
        except BaseException as error:
            # Nothing of the batch is in the file: forget it in memory too.
            self._world.rollback()
            self._world.settle()
            for job in batch:
                job.reply, job.error = None, error
        finally:
            for job in batch:
                job.done = True

    def _attempt(self, job: _Job) -> None:
        mark = self._world.mark()
        try:
            job.reply = job.work(self._world)
        except Exception as error:
            self._world.rollback(mark)
            job.error = error

    def _save(self) -> None:
        changed = self._world.changed
        if self._path is None:
            self._world.settle()
            return
        if not changed and self._signature is not None:
            return
        texts = {
            kind: dict(group) if any(kind == item for item, _ in changed) else group
            for kind, group in self._texts.items()
        }
        _update(texts, self._world, changed)
        large = self._log_from <= self._size > self._logged // LOG_SHARE
        if large and self._signature is not None and not self._in_clear:
            self._append(write_changes(self._world, changed))
        else:
            self._rewrite(texts)
        self._texts = texts
        self._wrote = True
        self._world.settle()

    def _append(self, line: bytes) -> None:
        with _private(self._log, "r+b" if self._logged else "wb") as file:
            # What lies behind the last whole line was left by a writer that was killed.
            file.seek(self._logged)
            file.truncate()
            file.write(line)
        self._logged += len(line)

    def _rewrite(self, texts: dict[str, dict[str, bytes]]) -> None:
        assert self._path is not None
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        file = _private(temporary, "wb+")
        self._world.generation += 1
        try:
            file.writelines(write_world(self._world, texts))
            file.flush()
            temporary.replace(self._path)
        except BaseException:
            self._world.generation -= 1
            file.close()
            raise
        # A log that outlives this line continues an older generation and is ignored.
        self._log.unlink(missing_ok=True)
        self._logged = 0
        self._in_clear = False
        self._hold(file)

    @property
    def _log(self) -> Path:
        assert self._path is not None
        return self._path.with_name(f".{self._path.name}.log")

    def _reload(self) -> bool:
        """Take over what another process, or a person, wrote. False where there is no file."""
        if self._path is None:
            return True
        signature, logged = _look(self._path), _look(self._log)
        if signature is None:
            self._signature = None
            return False
        size = logged[1] if logged is not None else 0
        if signature != self._signature or size < self._logged:
            file = self._path.open("rb")
            try:
                self._adopt(read_world(file.read(), str(self._path)))
            except BaseException:
                file.close()
                raise
            self._hold(file)
            self._logged = 0
        if size > self._logged:
            try:
                file = self._log.open("rb")
            except FileNotFoundError:
                # Another process has just taken the log into the file.
                return self._reload()
            with file:
                self._replay(file)
        return True

    def _replay(self, file: BinaryIO) -> None:
        file.seek(self._logged)
        for line in file:
            if not line.endswith(b"\n"):
                break
            _update(self._texts, self._world, apply_changes(self._world, line, str(self._log)))
            self._logged += len(line)

    def _hold(self, file: BinaryIO) -> None:
        # The version that we know stays open: its inode cannot be given to a later version, so a rename shows.
        if self._held is not None:
            self._held.close()
        self._held = file
        self._signature = _sign(os.fstat(file.fileno()))
        self._size = self._signature[1]

    def _adopt(self, world: World) -> None:
        self._in_clear = world.vault.seen_clear
        world.vault.learn(self._world.vault)
        self._world = world
        self._texts = {
            kind: {id: write_object(id, body) for id, body in group.items()} for kind, group in world.objects.items()
        }

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._path is None:
            yield
            return
        lock = self._path.with_name(f".{self._path.name}.lock")
        with _private(lock, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _guard(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self._path
            raise StoreUnusable(
                f"cannot {verb} the simulator's world: {where}: {error.strerror or error}",
                hint="check the folder's permissions and free space, or choose another workspace folder",
            ) from error


def _look(path: Path) -> Signature | None:
    try:
        return _sign(path.stat())
    except FileNotFoundError:
        return None


def _update(texts: dict[str, dict[str, bytes]], world: World, changed: Collection[tuple[str, str]]) -> None:
    for kind, id in changed:
        body = world.find(kind, id)
        if body is None:
            texts[kind].pop(id, None)
        else:
            texts[kind][id] = write_object(id, body)


def _sign(found: os.stat_result) -> Signature:
    return (found.st_mtime_ns, found.st_size, found.st_ino)


__all__ = ["Store", "StoreUnusable", "Work"]


def _private(path: Path, mode: str) -> BinaryIO:
    """The file opened; one that is made is its owner's alone: a world holds what an account holds."""
    return cast(BinaryIO, open(path, mode, opener=owner_only))
