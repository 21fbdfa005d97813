"""The objects of one repository: trees listed by one process, contents read by another; submodules beside them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock

from reconciler.manifests.tree.decode import MAX_BYTES, parse_lfs_pointer, read_lfs_object
from reconciler.manifests.tree.file_tree import Unreadable
from reconciler.manifests.tree.repository import GIT, MODULES_FILE, git_output, open_git, run_git


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
