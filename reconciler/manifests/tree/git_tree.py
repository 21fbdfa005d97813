"""The files of a commit as a tree, without touching the work tree: links, submodules, objects of git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock

from reconciler.errors import UsageError
from reconciler.manifests.tree.decode import MAX_BYTES, parse_lfs_pointer, read_lfs_object
from reconciler.manifests.tree.file_tree import Absent, Tree, Unreadable, WorkTree, heard
from reconciler.manifests.tree.repository import (
    GIT,
    MODULES_FILE,
    commit_of,
    git_output,
    inside,
    open_git,
    run_git,
    top_of,
)
from reconciler.types.project import Project


class Objects:
    """Reads from one git directory. `close` ends the reading process; a later read starts it again."""

    def __init__(self, folder: str, git_dir: str | None = None) -> None:
        """`folder` is where git is started; without `git_dir` it lies in the repository that is read."""
        self.folder = folder
        self.git_dir = git_dir
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._common: str | None = None

    def entries(self, commit: str) -> Iterator[tuple[str, str, str]]:
        """(mode, object, path) of everything in a commit's tree. Raises `UsageError`."""
        for line in git_output(self.folder, "ls-tree", "-r", "-z", "--full-tree", commit, git_dir=self.git_dir).split(
            b"\0"
        ):
            if line:
                head, _, name = line.partition(b"\t")
                mode, _, blob = head.decode("ascii").split(" ")
                yield mode, blob, os.fsdecode(name)

    def read(self, blob: str, where: str) -> bytes:
        """A blob's bytes; those of the file that it stands for where it is a Git LFS pointer. Raises `Unreadable`."""
        data = self.raw(blob)
        pointer = parse_lfs_pointer(data)
        if pointer is None:
            return data
        found = read_lfs_object(pointer, self.common_dir())
        if found is None:
            raise Unreadable(
                f"a Git LFS pointer {where}, and the file itself is not here", hint="run `git lfs fetch --all`"
            )
        return found

    def raw(self, blob: str) -> bytes:
        """A blob's bytes as they are. Raises `Unreadable`."""
        with self._lock:
            data = self._ask(blob, None)
        if isinstance(data, int):
            raise Unreadable(f"larger than {MAX_BYTES // (1024 * 1024)} MB ({data:,} bytes); split it")
        return data

    def start(self, blob: str, size: int) -> bytes:
        """The first `size` bytes of a blob as they are. Raises `Unreadable`."""
        with self._lock:
            data = self._ask(blob, size)
        return b"" if isinstance(data, int) else data[:size]

    def common_dir(self) -> str:
        """The git directory that all work trees of the repository share. Raises `UsageError`."""
        if self._common is None:
            given = os.fsdecode(
                git_output(self.folder, "rev-parse", "--git-common-dir", git_dir=self.git_dir)
            ).strip()
            self._common = os.path.normpath(os.path.join(self.folder, given))  # noqa: PTH118
        return self._common

    def module(self, path: str, inner: str, commit: str, parent: str) -> Objects | None:
        """The objects of the submodule at `path` (absolute, `inner` within the repository), if they hold `commit`.

        `parent` is the commit that records it. Looked for where git keeps clones of submodules, and in the work tree.
        """
        places = [
            os.path.join(folder, "modules", name)  # noqa: PTH118
            for folder in self._git_dirs()
            for name in self._names(inner, parent)
        ]
        for place in [*places, *_git_file(path)]:
            if os.path.isdir(place):  # noqa: PTH112
                there = run_git(self.folder, "cat-file", "-e", f"{commit}^{{commit}}", git_dir=place)
                if there.returncode == 0:
                    return Objects(self.folder, place)
        return None

    def _git_dirs(self) -> list[str]:
        own = os.fsdecode(git_output(self.folder, "rev-parse", "--absolute-git-dir", git_dir=self.git_dir)).strip()
        return list(dict.fromkeys((own, self.common_dir())))

    def _names(self, inner: str, commit: str) -> list[str]:
        """What `.gitmodules` of a commit calls the submodule at `inner`."""
        listed = run_git(
            self.folder, "config", "--blob", f"{commit}:{MODULES_FILE}", "-z",
            "--get-regexp", r"^submodule\..*\.path$",
            git_dir=self.git_dir,
        )  # fmt: skip
        names = []
        for line in listed.stdout.split(b"\0") if listed.returncode == 0 else []:
            key, _, path = os.fsdecode(line).partition("\n")
            name = key.removeprefix("submodule.").removesuffix(".path")
            if path == inner and ".." not in name.split("/") and not os.path.isabs(name):  # noqa: PTH117
                names.append(name)
        return names

    def _ask(self, blob: str, size: int | None) -> bytes | int:
        """A blob's bytes; of one that is too large the first of them, or how many it has."""
        try:
            if self.process is None:
                self.process = open_git(self.folder, "cat-file", "--batch", git_dir=self.git_dir)
            source, sink = self.process.stdout, self.process.stdin
            if source is None or sink is None:
                raise Unreadable("git cat-file cannot be reached")
            sink.write(blob.encode("ascii") + b"\n")
            sink.flush()
            head = source.readline().split()
            if len(head) != 3:
                raise Unreadable(f"git has no object {blob[:12]}", hint="a partial clone has to fetch it first")
            length = int(head[2])
            data = source.read(length + 1 if length <= MAX_BYTES else size or 0)
        except (OSError, ValueError) as problem:
            raise Unreadable(f"git cat-file failed: {problem}") from None
        if length > MAX_BYTES:
            self.close()  # the rest is not waited for
            return data if size else length
        if len(data) != length + 1:
            raise Unreadable("git cat-file ended early")
        return data[:-1]

    def close(self) -> None:
        """End the reading process."""
        process, self.process = self.process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _git_file(path: str) -> list[str]:
    """The git directory that the `.git` of a work tree is, or names; nothing where there is none."""
    place = os.path.join(path, GIT)  # noqa: PTH118
    if os.path.isdir(place):  # noqa: PTH112
        return [place]
    try:
        with open(place, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            word, _, target = file.readline(4096).rstrip("\r\n").partition(": ")
    except OSError:
        return []
    return [os.path.normpath(os.path.join(path, target))] if word == "gitdir" and target else []  # noqa: PTH118


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
        return [absent for path, absent in self._absent.items() if inside(path, start)]

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
