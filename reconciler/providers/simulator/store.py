"""Where a world lives: in memory, or in one file that several processes may have open."""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

from reconciler.errors import ReconcilerError
from reconciler.providers.simulator.reply import Reply
from reconciler.providers.simulator.stock import new_world
from reconciler.providers.simulator.world import KINDS, World
from reconciler.providers.simulator.worldfile import read_world, write_object, write_world

Work: TypeAlias = Callable[[World], Reply]
Signature: TypeAlias = tuple[int, int, int]
MEMORY_SALT = "memory"


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
    saved together by the next one. The bytes reach the disk itself when the store is closed: the file guards
    against a killed process, it is no database.
    """

    def __init__(self, path: Path | None, *, seed: World | None = None) -> None:
        """`seed` is the world to start from where there is no file yet."""
        self._path = path
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
        for kind, id in changed:
            body = self._world.find(kind, id)
            if body is None:
                texts[kind].pop(id, None)
            else:
                texts[kind][id] = write_object(id, body)
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        file = temporary.open("wb+")
        try:
            file.writelines(write_world(self._world, texts))
            file.flush()
            temporary.replace(self._path)
        except BaseException:
            file.close()
            raise
        self._texts = texts
        self._world.settle()
        self._hold(file)

    def _reload(self) -> bool:
        """Take over what another process, or a person, wrote. False where there is no file."""
        if self._path is None:
            return True
        signature = self._look()
        if signature is None:
            return False
        if signature != self._signature:
            file = self._path.open("rb")
            try:
                self._adopt(read_world(file.read(), str(self._path)))
            except BaseException:
                file.close()
                raise
            self._hold(file)
        return True

    def _hold(self, file: BinaryIO) -> None:
        # The version that we know stays open: its inode cannot be given to a later version, so a rename shows.
        if self._held is not None:
            self._held.close()
        self._held = file
        self._signature = _sign(os.fstat(file.fileno()))

    def _adopt(self, world: World) -> None:
        world.vault.learn(self._world.vault)
        self._world = world
        self._texts = {
            kind: {id: write_object(id, body) for id, body in group.items()} for kind, group in world.objects.items()
        }

    def _look(self) -> Signature | None:
        assert self._path is not None
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return _sign(found)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._path is None:
            yield
            return
        lock = self._path.with_name(f".{self._path.name}.lock")
        with lock.open("ab") as file:
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


def _sign(found: os.stat_result) -> Signature:
    return (found.st_mtime_ns, found.st_size, found.st_ino)


__all__ = ["Store", "StoreUnusable", "Work"]
