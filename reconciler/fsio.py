"""The one way to write files: whole or not there, several all or none, with their permissions from the first byte."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ReconcilerError, StateError

OWNER_ONLY = 0o600
"""For states, plans, caches and whatever else may hold texts of the account."""
LOCK_PAUSE = 0.005
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Replacement:
    """One file by its absolute path."""

    path: str
    before: bytes | None
    """What was read; None where there was no file."""
    after: bytes
    shown: str = ""
    """The path as the user knows it."""


def write_beside(target: Path, data: bytes, mode: int | None = None) -> Path:
    """Put `data`, durably, into a temporary neighbour of `target`, to be renamed over it. Raises `OSError`.

    `mode` None: that of the file which is there, else what the umask leaves, as for any other program's files.
    """
    if mode is None and target.is_file():
        mode = stat.S_IMODE(target.stat().st_mode)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | getattr(os, "O_NOFOLLOW", 0)
    path = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}")
    handle = os.open(path, flags, 0o666 if mode is None else OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            path.chmod(mode)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def replace_file(target: Path, data: bytes, mode: int | None = None) -> None:
    """The file at `target` with this content, in one step. Raises `OSError`, and leaves what was there."""
    path = write_beside(target, data, mode)
    try:
        path.replace(target)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def create_file(target: Path, data: bytes, mode: int | None = None) -> None:
    """Make a file that is whole or not there, and never in the place of another.

    Raises `OSError`; `FileExistsError` where something has that name, a link that leads nowhere too.
    """
    if os.path.lexists(target):
        raise FileExistsError(17, "File exists", str(target))
    path = write_beside(target, data, mode)
    try:
        try:
            os.link(path, target)
        except FileExistsError:
            raise
        except OSError:
            # No hard links here: a new name is taken first, so that nobody's file is replaced.
            target.touch(exist_ok=False)
            os.replace(path, target)  # noqa: PTH105
    finally:
        path.unlink(missing_ok=True)


def replace_all(changes: Sequence[Replacement]) -> None:
    """Put every `after` in place, in this order; all of them, or none as far as a file system allows.

    1. Every file must still be what was read.
    2. Every new text is written beside its target and made durable.
    3. All are renamed; if that fails midway, those that were renamed get their old text back.

    Raises `ReconcilerError` with nothing written, or nothing left written.
    """
    for change in changes:
        _require_unchanged(change)
    prepared: list[tuple[Replacement, Path]] = []
    made: list[Path] = []
    done: list[Replacement] = []
    try:
        for change in changes:
            made += _make_folder(Path(change.path).parent)
            prepared.append((change, _beside(change.path, change.before, change.after)))
        for change in changes:
            _require_unchanged(change)
        for change, path in prepared:
            os.replace(path, change.path)  # noqa: PTH105
            done.append(change)
    except BaseException as problem:
        lost = _undo(done)
        for _, path in prepared[len(done) :]:
            path.unlink(missing_ok=True)
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        if not isinstance(problem, OSError):
            raise
        reason = f"cannot write {problem.filename or 'the files'}: {problem.strerror}"
        if lost:
            raise ReconcilerError(
                f"{reason}; these were written and could not be put back: {', '.join(lost)}",
                hint="look at them with your version control",
            ) from None
        raise ReconcilerError(f"{reason}; nothing was changed") from None
    for folder in {Path(change.path).parent for change in changes}:
        sync_folder(folder)


def _require_unchanged(change: Replacement) -> None:
    shown = change.shown or change.path
    try:
        now: bytes | None = Path(change.path).read_bytes()
    except FileNotFoundError:
        now = None
    except OSError as problem:
        raise ReconcilerError(f"cannot read {shown}: {problem.strerror}; nothing was changed") from None
    if now != change.before:
        what = "was changed" if now is not None else "is gone"
        what = what if change.before is not None else "has appeared"
        raise ReconcilerError(f"{shown} {what} since it was read; nothing was written", hint="run it again")


def _beside(path: str, before: bytes | None, after: bytes) -> Path:
    """The new text in a temporary neighbour, with the mode of the file that it is to replace."""
    if before is not None and not os.access(path, os.W_OK):
        raise PermissionError(13, "the file is read-only", path)
    return write_beside(Path(path), after)


def _make_folder(folder: Path) -> list[Path]:
    """Make `folder`; the folders that did not exist before, outermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.insert(0, folder)
        folder = folder.parent
    for path in missing:
        path.mkdir()
    return missing


def _undo(done: Sequence[Replacement]) -> list[str]:
    """Put the old texts back; the files where that failed."""
    lost: list[str] = []
    for change in reversed(done):
        try:
            if change.before is None:
                Path(change.path).unlink()
            else:
                os.replace(_beside(change.path, b"", change.before), change.path)  # noqa: PTH105
        except OSError:
            lost.append(change.shown or change.path)
    return lost


def write_all(handle: int, data: bytes) -> None:
    """Write all of `data`, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def write_durably(path: Path, data: bytes) -> None:
    """A file with `data`, for its owner only, on the disk when this returns. Raises `OSError`."""
    handle = owner_only(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY)
    try:
        write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def owner_only(path: str | Path, flags: int) -> int:
    """An opener, as `open` takes one: a file that is made is its owner's alone."""
    return os.open(path, flags, OWNER_ONLY)


def sync_folder(folder: Path) -> None:
    """Names that were made, replaced or removed in `folder` are on the disk when this returns, where a system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # Windows has no handle for a folder; its renames are journalled.
    try:
        os.fsync(handle)
    except OSError:
        pass  # Some network file systems refuse to sync a folder; the file itself is on the disk.
    finally:
        os.close(handle)


def wait_for_lock(handle: int, seconds: float) -> bool:
    """Take the kernel's lock on an open file; it goes when the handle is closed or the process dies.

    False where somebody else held it all the time; True also on a file system without such locks.
    """
    deadline = time.monotonic() + seconds
    while not _try_lock(handle):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOCK_PAUSE)
    return True


def _try_lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def state_errors(path: Path, done: str) -> Iterator[None]:
    """Raise what the system refuses in the block as `StateError`: `path` cannot be `done` (read, written, ...)."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{path} cannot be {done}: {error.strerror or error}",
            hint="check the rights of its folder and the space on its disk",
        ) from None
