"""Writes several files at once: all of them, or none as far as a file system allows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ReconcilerError
from reconciler.fsio import write_beside
from reconciler.manifests.tree.repository import check_way


@dataclass(frozen=True, slots=True)
class Replacement:
    """One file by its absolute path."""

    path: str
    before: bytes | None
    """What was read; None where there was no file."""
    after: bytes
    shown: str = ""
    """The path as the user knows it."""


def write_all(changes: Sequence[Replacement]) -> None:
    """Put every `after` in place, in this order.

    1. Every file must still be what was read.
    2. Every new text is written beside its target and made durable.
    3. All are renamed; if that fails midway, those that were renamed get their old text back.

    Raises `ReconcilerError` with nothing written (or nothing left written), also where a committed link leads out of
    the repository.
    """
    for folder in {str(Path(change.path).parent) for change in changes}:
        check_way(folder)
    for change in changes:
        _require_unchanged(change)
    prepared: list[tuple[Replacement, str]] = []
    made: list[Path] = []
    done: list[Replacement] = []
    try:
        for change in changes:
            made += _make_folder(Path(change.path).parent)
            prepared.append((change, _beside(change)))
        for change in changes:
            _require_unchanged(change)
        for change, name in prepared:
            os.replace(name, change.path)  # noqa: PTH105
            done.append(change)
    except BaseException as problem:
        lost = _undo(done)
        for _, name in prepared[len(done) :]:
            Path(name).unlink(missing_ok=True)
        for one in reversed(made):
            _remove_folder(one)
        if not isinstance(problem, OSError):
            raise
        reason = f"cannot write {problem.filename or 'the files'}: {problem.strerror}"
        if lost:
            raise ReconcilerError(
                f"{reason}; these were written and could not be put back: {', '.join(lost)}",
                hint="look at them with your version control",
            ) from None
        raise ReconcilerError(f"{reason}; nothing was changed") from None
    for path in {str(Path(change.path).parent) for change in changes}:
        _sync_folder(path)


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


def _beside(change: Replacement) -> str:
    """The new text in a temporary neighbour, with the mode of the file that it is to replace."""
    target = Path(change.path)
    if change.before is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "the file is read-only", str(target))
    return str(write_beside(target, change.after))


def _make_folder(folder: Path) -> list[Path]:
    """Make `folder`; the folders that did not exist before, outermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.insert(0, folder)
        folder = folder.parent
    for one in missing:
        one.mkdir()
    return missing


def _undo(done: Sequence[Replacement]) -> list[str]:
    """Put the old texts back; what could not be."""
    lost: list[str] = []
    for change in reversed(done):
        try:
            if change.before is None:
                Path(change.path).unlink()
            else:
                os.replace(_beside(Replacement(change.path, b"", change.before)), change.path)  # noqa: PTH105
        except OSError:
            lost.append(change.shown or change.path)
    return lost


def _remove_folder(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass


def _sync_folder(folder: str) -> None:
    """Make the renames durable, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
