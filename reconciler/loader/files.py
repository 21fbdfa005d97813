"""Where manifest files come from: a tree of files (the work tree, or a commit), and which of them are manifests.

Paths inside the loader are absolute, with the tree's own separators resolved away; `relative` turns them into what
records carry.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import Protocol

from reconciler.errors import UsageError
from reconciler.loader.decode import MAX_BYTES
from reconciler.loader.findings import FILE, Findings
from reconciler.types.source import Span

SUFFIXES = (".yaml", ".yml", ".json", ".md")
PROJECT_FILES = ("reconciler.yaml", "reconciler.yml")
OVERLAYS = "overlays"


class Unreadable(Exception):
    """A file that cannot be read; the text says why, without the path."""


class Tree(Protocol):
    """Files by absolute path. Must not: follow a link out of `boundary`; raise anything but `Unreadable`."""

    commit: str | None

    def is_file(self, path: str) -> bool: ...

    def is_folder(self, path: str) -> bool: ...

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        """(path, is a folder, is a symbolic link) of every entry, in no order."""
        ...

    def real(self, path: str) -> str:
        """`path` with every symbolic link resolved."""
        ...

    def read(self, path: str) -> bytes: ...


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
                    is_folder = entry.is_dir()
                    if is_folder or entry.is_file() or entry.is_symlink():
                        yield entry.path, is_folder, entry.is_symlink()
        except OSError as problem:
            raise Unreadable(problem.strerror or "not readable") from None

    def real(self, path: str) -> str:
        return os.path.realpath(path)

    def read(self, path: str) -> bytes:
        try:
            # Not blocking: a pipe that bears a manifest's name must not hang the run.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with os.fdopen(handle, "rb", buffering=0) as file:
                status = os.fstat(handle)
                if not stat.S_ISREG(status.st_mode):
                    raise Unreadable("not a regular file")
                if status.st_size > MAX_BYTES:
                    raise Unreadable(
                        f"larger than {MAX_BYTES // (1024 * 1024)} MB ({status.st_size:,} bytes); split it"
                    )
                return file.readall()
        except OSError as problem:
            raise Unreadable(problem.strerror or "not readable") from None


def relative(path: str, folder: str) -> str:
    """`path` relative to `folder`, with forward slashes: what `Source.path` holds."""
    prefix = folder if folder.endswith(os.sep) else folder + os.sep
    if path.startswith(prefix):
        return path[len(prefix) :].replace(os.sep, "/")
    return os.path.relpath(path, folder).replace(os.sep, "/")


def inside(path: str, folder: str) -> bool:
    """Whether `path` (no links) is `folder` or lies under it."""
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def find_manifests(
    tree: Tree,
    start: str,
    boundary: str,
    home: str,
    findings: Findings,
    *,
    skip: Sequence[str] = (),
    overlay: bool = False,
) -> Iterator[str]:
    """Manifest files under the folder `start`, at any depth.

    Hidden entries, folders called `overlays` (unless `overlay`) and the paths in `skip` are left out. A link that
    leads out of `boundary` is an error; a link to a folder is followed once. Findings bear paths relative to `home`.
    """
    visited = {tree.real(start)}
    folders = [start]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(tree.children(folder))
        except Unreadable as problem:
            findings.error(FILE, f"the folder cannot be read: {problem}", span=Span(relative(folder, home), 1, 1))
            continue
        for path, is_folder, is_link in entries:
            name = os.path.basename(path)  # noqa: PTH119
            if name.startswith(".") or path in skip:
                continue
            if not is_folder and not name.lower().endswith(SUFFIXES):
                continue
            if is_folder and name == OVERLAYS and not overlay:
                continue
            if is_link and not _link_allowed(tree, path, boundary, home, findings):
                continue
            if not is_folder:
                yield path
            elif not is_link:
                folders.append(path)
            elif (real := tree.real(path)) not in visited:
                visited.add(real)
                folders.append(path)


def _link_allowed(tree: Tree, path: str, boundary: str, home: str, findings: Findings) -> bool:
    target = tree.real(path)
    if inside(target, boundary):
        if tree.is_file(path) or tree.is_folder(path):
            return True
        summary = "a symbolic link that leads nowhere"
    else:
        summary = "a symbolic link that leaves the project"
    findings.error(
        FILE, summary, span=Span(relative(path, home), 1, 1), hint="replace it by the file that it points to"
    )
    return False


def check_given(tree: Tree, path: str, shown: str) -> None:
    """Refuse a PATH argument that is neither a folder nor a manifest file. Raises `UsageError`."""
    if tree.is_folder(path):
        return
    where = f" at commit {tree.commit[:12]}" if tree.commit else ""
    if not tree.is_file(path):
        raise UsageError(f"{shown}: no such file or folder{where}", hint="give a manifest file or a folder of them")
    if not path.lower().endswith(SUFFIXES):
        raise UsageError(f"{shown}: not a manifest file", hint=f"manifests end in {', '.join(SUFFIXES)}")
