"""The files of a commit as a tree, without touching the work tree: links followed, submodules as recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator

from reconciler.errors import UsageError
from reconciler.manifests.tree.file_tree import Absent, Tree, Unreadable, WorkTree, heard
from reconciler.manifests.tree.git_objects import Objects
from reconciler.manifests.tree.repository import commit_of, git_output, inside, top_of
from reconciler.types.project import Project

SEPARATOR = "/"
LINK, MODULE = "120000", "160000"
HOPS = 40
"""So many links are followed on the way to one file, as by the operating system."""


class GitTree:
    """A commit as a `Tree`; paths are those that the files would have in the work tree.

    A submodule is a folder with the files of the commit that the tree records, read when something in it is asked
    for. `close` ends the reading processes.
    """

    def __init__(self, folder: str, ref: str) -> None:
        """`folder` lies in the repository. Raises `UsageError` without git, repository or such a commit."""
        folder = top_of(os.path.realpath(folder)) or folder  # never a bare repository among the files
        self.top = os.path.realpath(os.fsdecode(git_output(folder, "rev-parse", "--show-toplevel")).strip())
        self.commit = commit_of(folder, ref)
        if self.commit is None:
            raise UsageError(
                f"--ref {ref}: git knows no such commit",
                hint="give a branch, a tag or a commit id; a shallow clone may have to fetch it first",
            )
        self._blobs: dict[str, tuple[Objects, str]] = {}
        self._links: dict[str, tuple[Objects, str]] = {}
        self._modules: dict[str, tuple[Objects, str, str, str]] = {}
        """Submodules not looked into yet: (repository, its commit, path in it, the recorded commit)."""
        self._absent: dict[str, Absent] = {}
        self._folders: dict[str, dict[str, bool]] = {self.top: {}}
        self._repositories: list[Objects] = []
        self._mount(Objects(self.top), self.commit, self.top)

    def _mount(self, objects: Objects, commit: str, base: str) -> None:
        """Make the entries of a commit known below the folder `base`."""
        self._repositories.append(objects)
        for mode, blob, name in objects.entries(commit):
            path = os.path.join(base, name)  # noqa: PTH118 - plain strings: this runs once a file
            if mode == LINK:
                self._links[path] = (objects, blob)
            elif mode == MODULE:
                self._modules[path] = (objects, commit, name, blob)
            else:
                self._blobs[path] = (objects, blob)
            self._enter(path, mode == MODULE)

    def _enter(self, path: str, is_folder: bool) -> None:
        """Make the folders on the way to `path` known."""
        if is_folder:
            self._folders.setdefault(path, {})
        while path != self.top:
            parent = os.path.dirname(path)  # noqa: PTH120
            known = parent in self._folders
            self._folders.setdefault(parent, {})[path] = is_folder
            if known:
                return
            path, is_folder = parent, True

    def _open(self, path: str) -> None:
        """Look into the submodule at `path`."""
        objects, commit, inner, wanted = self._modules.pop(path)
        found = objects.module(path, inner, wanted, commit)
        if found is None:
            self._absent[path] = Absent(path, f"commit {wanted[:12]} of the submodule is not here")
        else:
            self._mount(found, wanted, path)

    def is_file(self, path: str) -> bool:
        return path in self._blobs or self.real(path) in self._blobs

    def is_folder(self, path: str) -> bool:
        return self.real(path) in self._folders

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        real = self.real(folder)
        for path, is_folder in list(self._folders.get(real, {}).items()):
            is_link = path in self._links
            shown = path if real == folder else os.path.join(folder, os.path.basename(path))  # noqa: PTH118, PTH119
            yield shown, is_folder or (is_link and self.is_folder(path)), is_link

    def absent(self, folder: str) -> list[Absent]:
        start = self.real(folder)
        while below := [path for path in self._modules if inside(path, start)]:
            for path in below:
                self._open(path)
        return [one for path, one in self._absent.items() if inside(path, start)]

    def real(self, path: str) -> str:
        """`path` with every link resolved; a link that leads in a circle stays."""
        if not inside(path, self.top):
            return os.path.normpath(path)
        here, hops = self.top, 0
        rest = [part for part in path[len(self.top) :].split(SEPARATOR) if part][::-1]
        while rest:
            part = rest.pop()
            if part == os.pardir:
                here = os.path.dirname(here)  # noqa: PTH120
                continue
            if part in ("", os.curdir):
                continue
            here = os.path.join(here, part)  # noqa: PTH118
            target = self.link(here)
            if target is not None:
                hops += 1
                if hops > HOPS:
                    return here
                here = os.sep if target.startswith(os.sep) else os.path.dirname(here)  # noqa: PTH120
                rest += target.split(SEPARATOR)[::-1]
            elif here in self._modules:
                self._open(here)
        return here

    def link(self, path: str) -> str | None:
        found = self._links.get(path)
        return os.fsdecode(found[0].read(found[1], "")) if found is not None else None

    def read(self, path: str) -> bytes:
        objects, blob = self._blob(path)
        return objects.read(blob, self._where)

    def start(self, path: str, size: int) -> bytes:
        objects, blob = self._blob(path)
        return objects.start(blob, size)

    @property
    def _where(self) -> str:
        return f"at commit {str(self.commit)[:12]}"

    def _blob(self, path: str) -> tuple[Objects, str]:
        found = self._blobs.get(path) or self._blobs.get(self.real(path))
        if found is None:
            raise Unreadable(f"not there {self._where}")
        return found

    def close(self) -> None:
        """End the reading processes; the tree stays usable, a later read starts them again."""
        for objects in self._repositories:
            objects.close()


def open_tree(project: Project, ref: str | None) -> tuple[Tree, _Close]:
    """The files to read, and what to call when they were read. Whoever listens hears what is asked of them."""
    if ref is None:
        return heard(WorkTree()), _Close()

    around = top_of(project.root)
    inner = around is None or not inside(project.home, around)
    tree = GitTree(project.home if inner and os.path.isdir(project.home) else project.root, ref)  # noqa: PTH112
    return heard(tree), _Close(tree)


class _Close:
    def __init__(self, tree: object = None) -> None:
        self._tree = tree

    def __call__(self) -> None:
        close = getattr(self._tree, "close", None)
        if close is not None:
            close()
