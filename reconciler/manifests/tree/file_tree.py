"""Where manifest files come from: the work tree or a commit; and a tree that remembers what it was asked.

Paths inside the loader are absolute, with the tree's own separators resolved away; `relative` turns them into what
records carry.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

from reconciler.errors import UsageError
from reconciler.manifests.tree.decode import MAX_BYTES, parse_lfs_pointer
from reconciler.manifests.tree.repository import absent_modules, inside, link_boundary

SUFFIXES = (".yaml", ".yml", ".json", ".md")
PROJECT_FILES = ("reconciler.yaml", "reconciler.yml")
OVERLAYS = "overlays"
LARGEST = 64_000_000
"""Bytes of a file that is looked into before it is refused as one of our own."""


class Unreadable(Exception):
    """A file that cannot be read; the text says why, without the path."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Absent:
    """A submodule whose files are not to be had."""

    path: str
    why: str


class Tree(Protocol):
    """Files by absolute path; links are followed, and whoever asks looks at `real` first. Must not raise anything but
    `Unreadable`, and `UsageError` where git fails."""

    commit: str | None

    def is_file(self, path: str) -> bool: ...

    def is_folder(self, path: str) -> bool: ...

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        """(path, leads to a folder, is a symbolic link) of every entry, in no order."""
        ...

    def absent(self, folder: str) -> list[Absent]:
        """Submodules at or below `folder` that are not there; nested ones are asked for by those that hold them."""
        ...

    def real(self, path: str) -> str:
        """`path` with every symbolic link resolved."""
        ...

    def link(self, path: str) -> str | None:
        """What the symbolic link at `path` says; None where there is none. The folders above it are no links."""
        ...

    def read(self, path: str) -> bytes: ...

    def start(self, path: str, size: int) -> bytes:
        """The first `size` bytes of a file, as they are."""
        ...


class WorkTree:
    """The files as they lie on disk."""

    commit: str | None = None

    def is_file(self, path: str) -> bool:
        return os.path.isfile(path)  # noqa: PTH113 - plain strings: this runs once a file

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(path)  # noqa: PTH112

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    is_link = entry.is_symlink()
                    # Of an entry that leads in a circle `is_dir` raises; the plain question says no.
                    yield entry.path, self.is_folder(entry.path) if is_link else entry.is_dir(), is_link
        except OSError as problem:
            raise Unreadable(problem.strerror or "not readable") from None

    def absent(self, folder: str) -> list[Absent]:
        return [Absent(path, "the submodule is not checked out") for path in absent_modules(folder)]

    def real(self, path: str) -> str:
        return os.path.realpath(path)

    def link(self, path: str) -> str | None:
        try:
            return os.readlink(path)  # noqa: PTH115
        except OSError:
            return None

    def read(self, path: str) -> bytes:
        with _Opened(path) as (handle, size):
            if size > MAX_BYTES:
                raise Unreadable(f"larger than {MAX_BYTES // (1024 * 1024)} MB ({size:,} bytes); split it")
            data = _read(handle, size + 1)
            if len(data) != size:
                raise Unreadable("it changes while it is read", hint="run again once it is written")
        if parse_lfs_pointer(data) is not None:
            raise Unreadable("a Git LFS pointer, not the file itself", hint="run `git lfs pull`")
        return data

    def start(self, path: str, size: int) -> bytes:
        with _Opened(path) as (handle, _):
            return _read(handle, size)


class _Opened:
    """A regular file: its handle and its size. Raises `Unreadable`, also for what goes wrong while it is read.

    Plain calls of the system: this runs once a file.
    """

    # Not blocking: a pipe that bears a manifest's name must not hang the run.
    FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> tuple[int, int]:
        try:
            self._handle = os.open(self._path, self.FLAGS)
        except OSError as problem:
            raise _unreadable(problem) from None
        found = os.fstat(self._handle)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._handle)
            raise Unreadable("not a regular file")
        return self._handle, found.st_size

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        os.close(self._handle)
        if isinstance(problem, OSError):
            raise _unreadable(problem) from None


def _read(handle: int, size: int) -> bytes:
    """Up to `size` bytes; less only where the file ends."""
    parts = []
    while size > 0 and (part := os.read(handle, min(size, 1 << 30))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _unreadable(problem: OSError) -> Unreadable:
    if problem.errno in (errno.ENXIO, errno.EOPNOTSUPP):
        return Unreadable("not a regular file")  # a socket, a device that is not there
    return Unreadable(problem.strerror or "not readable")


def relative(path: str, folder: str) -> str:
    """`path` relative to `folder`, with forward slashes: what `Source.path` holds."""
    prefix = folder if folder.endswith(os.sep) else folder + os.sep
    if path.startswith(prefix):
        return path[len(prefix) :].replace(os.sep, "/")
    return os.path.relpath(path, folder).replace(os.sep, "/")


def placed(tree: Tree, root: str, home: str, path: str) -> str:
    """The absolute path of a PATH argument, seen from the folder `root`, without links unless it lies under `home`.

    Raises `UsageError` where a link that the repository holds leads out of it: what the command line names is the
    operator's, where it leads is not."""
    given = os.path.normpath(os.path.join(root, path))  # noqa: PTH118
    real = tree.real(given)
    around = link_boundary(root, root)
    if around.holds(given) and not around.holds(real):
        raise UsageError(f"{path} is a link that leaves the repository", hint="give the path that it points to")
    return given if inside(given, home) else real


def check_given(tree: Tree, path: str, shown: str) -> None:
    """Refuse a PATH argument that is neither a folder nor a manifest file. Raises `UsageError`."""
    if tree.is_folder(path):
        return
    where = f" at commit {tree.commit[:12]}" if tree.commit else ""
    if not tree.is_file(path):
        raise UsageError(f"{shown}: no such file or folder{where}", hint=missing_hint(shown))
    with suppress(Unreadable):
        refuse_own_file(tree.read(path), shown)
    if not path.lower().endswith(SUFFIXES):
        raise UsageError(f"{shown}: not a manifest file", hint=f"manifests end in {', '.join(SUFFIXES)}")


ADDRESS = re.compile(r"[a-z_]+\.[\w.-]+")


def missing_hint(shown: str) -> str:
    """What to give instead of a PATH that leads nowhere."""
    if ADDRESS.fullmatch(shown) and not shown.lower().endswith(SUFFIXES):
        return f"a path is a manifest file or a folder of them; an address goes behind --target: --target {shown}"
    return "give a manifest file or a folder of them"


class OverlaidTree:
    """`base` with `texts` (absolute path -> bytes) in place of what lies there; nothing is written."""

    def __init__(self, base: Tree, texts: Mapping[str, bytes]) -> None:
        self.commit = base.commit
        self._base = base
        self._texts = {os.path.normpath(path): data for path, data in texts.items()}
        self._folders = {folder for path in self._texts for folder in _parents(path)}

    def is_file(self, path: str) -> bool:
        return os.path.normpath(path) in self._texts or self._base.is_file(path)

    def is_folder(self, path: str) -> bool:
        return os.path.normpath(path) in self._folders or self._base.is_folder(path)

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        """What lies in the folder, then what the texts add to it."""
        seen = set()
        if self._base.is_folder(folder):
            for path, is_folder, is_link in self._base.children(folder):
                seen.add(os.path.normpath(path))
                yield path, is_folder, is_link
        here = os.path.normpath(folder)
        for path in sorted({*self._texts, *self._folders} - seen):
            if os.path.dirname(path) == here:  # noqa: PTH120 - plain strings, like every tree
                yield path, path in self._folders, False

    def absent(self, folder: str) -> list[Absent]:
        return self._base.absent(folder)

    def real(self, path: str) -> str:
        return os.path.normpath(path) if os.path.normpath(path) in self._texts else self._base.real(path)

    def link(self, path: str) -> str | None:
        return None if os.path.normpath(path) in self._texts else self._base.link(path)

    def read(self, path: str) -> bytes:
        text = self._texts.get(os.path.normpath(path))
        return self._base.read(path) if text is None else text

    def start(self, path: str, size: int) -> bytes:
        text = self._texts.get(os.path.normpath(path))
        return self._base.start(path, size) if text is None else text[:size]

    def close(self) -> None:
        close = getattr(self._base, "close", None)
        if close is not None:
            close()


def _parents(path: str) -> Iterator[str]:
    folder = os.path.dirname(path)  # noqa: PTH120
    while folder and folder != os.path.dirname(folder):  # noqa: PTH120
        yield folder
        folder = os.path.dirname(folder)  # noqa: PTH120


def refuse_own_file(data: bytes, shown: str) -> None:
    """Raise `UsageError` for a saved plan, a state document or a report, naming the commands that take it."""
    from reconciler.core.planning.plan_file import looks_like_plan

    if looks_like_plan(data):
        raise UsageError(
            f"{shown} is a saved plan, no manifest",
            hint=f"`reconciler show {shown}` shows it, `reconciler apply {shown}` carries it out",
        )
    if data.lstrip()[:1] != b"{" or len(data) > LARGEST:
        return
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return
    if {"lineage", "serial", "resources"} <= found.keys():
        raise UsageError(
            f"{shown} is a state document, no manifest",
            hint=f"`reconciler state list` shows what a workspace holds; `reconciler state push {shown}` replaces it",
        )
    if {"format_version", "resource_changes"} <= found.keys():
        raise UsageError(
            f"{shown} is a report (--format json), no manifest",
            hint="`reconciler plan --out FILE` saves a plan that can be shown and applied",
        )


T = TypeVar("T")


class Note(Protocol):
    """Hears a question and the answer to it, in pieces."""

    def __call__(self, question: tuple[str, ...], *answer: bytes) -> None: ...


_LISTENER: ContextVar[Note | None] = ContextVar("listener", default=None)


@contextmanager
def listening(note: Note) -> Iterator[None]:
    """Within, `note` hears of everything that is asked of trees which are opened in this thread."""
    before = _LISTENER.set(note)
    try:
        yield
    finally:
        _LISTENER.reset(before)


def heard(tree: Tree) -> Tree:
    """`tree`, as whoever listens hears of it."""
    note = _LISTENER.get()
    return tree if note is None else RecordedTree(tree, note)


class RecordedTree:
    """`base`, and `note` hears of every question with the answer as bytes."""

    def __init__(self, base: Tree, note: Note) -> None:
        self.commit = base.commit
        self._base = base
        self._note = note

    def is_file(self, path: str) -> bool:
        return self._heard("is_file", path, self._base.is_file(path))

    def is_folder(self, path: str) -> bool:
        return self._heard("is_folder", path, self._base.is_folder(path))

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        yield from self._tried("children", folder, lambda: sorted(self._base.children(folder)))

    def absent(self, folder: str) -> list[Absent]:
        return self._heard("absent", folder, self._base.absent(folder))

    def real(self, path: str) -> str:
        return self._heard("real", path, self._base.real(path))

    def link(self, path: str) -> str | None:
        return self._heard("link", path, self._base.link(path))

    def read(self, path: str) -> bytes:
        return self._tried("read", path, lambda: self._base.read(path))

    def start(self, path: str, size: int) -> bytes:
        return self._tried("start", path, lambda: self._base.start(path, size), str(size))

    def _tried(self, what: str, path: str, read: Callable[[], T], *more: str) -> T:
        try:
            found = read()
        except Unreadable as problem:
            self._heard(what, path, (str(problem), problem.hint), *more)
            raise
        return self._heard(what, path, found, *more)

    def _heard(self, what: str, path: str, found: T, *more: str) -> T:
        # The first byte tells what is a file's content from what only looks like another answer.
        answer = (b"=", found) if isinstance(found, bytes) else (b"!", repr(found).encode())
        self._note((what, path, *more), *answer)
        return found


def ask_again(tree: Tree, question: tuple[str, ...]) -> None:
    """Ask `tree` a question as it was noted. Raises `ValueError` for one that no tree was ever asked."""
    try:
        match question:
            case ("is_file", path):
                tree.is_file(path)
            case ("is_folder", path):
                tree.is_folder(path)
            case ("children", path):
                list(tree.children(path))
            case ("absent", path):
                tree.absent(path)
            case ("real", path):
                tree.real(path)
            case ("link", path):
                tree.link(path)
            case ("read", path):
                tree.read(path)
            case ("start", path, size):
                tree.start(path, int(size))
            case _:
                raise ValueError(f"no question to a tree: {question}")
    except Unreadable:
        return  # an answer like any other
