"""The files of a commit, read without touching the work tree: one `git ls-tree` and one `git cat-file --batch`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock

from reconciler.errors import UsageError
from reconciler.loader.decode import MAX_BYTES
from reconciler.loader.files import Unreadable
from reconciler.types.manifest import DIRTY

LINK, MODULE = "120000", "160000"
HEAD = b"# branch.oid "
STATUS_SECONDS = 10.0
"""After that long a report goes without its commit."""


class GitTree:
    """A commit as a `Tree`; paths are those that the files would have in the work tree.

    Symbolic links and submodules are no files here. `close` ends the reading process.
    """

    def __init__(self, folder: str, ref: str) -> None:
        """`folder` lies in the repository. Raises `UsageError` without git, repository or such a commit."""
        self.top = os.path.realpath(_git(folder, "rev-parse", "--show-toplevel").strip())
        found = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if found.returncode or not found.stdout.strip():
            raise UsageError(
                f"--ref {ref}: git knows no such commit",
                hint="give a branch, a tag or a commit id; a shallow clone may have to fetch it first",
            )
        self.commit: str | None = found.stdout.decode("ascii").strip()
        self._blobs: dict[str, str] = {}
        self._links: set[str] = set()
        self._folders: dict[str, dict[str, bool]] = {self.top: {}}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._list()

    def _list(self) -> None:
        listing = _git_bytes(self.top, "ls-tree", "-r", "-z", "--full-tree", str(self.commit))
        for line in listing.split(b"\0"):
            if not line:
                continue
            head, _, name = line.partition(b"\t")
            mode, _, blob = head.decode("ascii").split(" ")
            path = os.path.join(self.top, os.fsdecode(name))  # noqa: PTH118
            if mode == LINK:
                self._links.add(path)
            elif mode == MODULE:
                continue
            else:
                self._blobs[path] = blob
            self._enter(path)

    def _enter(self, path: str) -> None:
        """Make the folders on the way to `path` known."""
        is_folder = False
        while path != self.top:
            parent = os.path.dirname(path)  # noqa: PTH120
            known = parent in self._folders
            self._folders.setdefault(parent, {})[path] = is_folder
            if known:
                return
            path, is_folder = parent, True

    def is_file(self, path: str) -> bool:
        return path in self._blobs

    def is_folder(self, path: str) -> bool:
        return path in self._folders

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        for path, is_folder in self._folders.get(folder, {}).items():
            yield path, is_folder, path in self._links

    def real(self, path: str) -> str:
        """Links are not followed: one reads as a place that is nowhere inside."""
        here = path
        while len(here) > len(self.top):
            if here in self._links:
                return os.sep
            here = os.path.dirname(here)  # noqa: PTH120
        return os.path.normpath(path)

    def read(self, path: str) -> bytes:
        blob = self._blobs.get(path)
        if blob is None:
            kind = "a symbolic link" if path in self._links else "not there"
            raise Unreadable(f"{kind} at commit {str(self.commit)[:12]}")
        with self._lock:
            return self._ask(blob)

    def _ask(self, blob: str) -> bytes:
        try:
            if self._process is None:
                self._process = subprocess.Popen(
                    ["git", "-C", self.top, "cat-file", "--batch"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(),
                )  # fmt: skip
            source, sink = self._process.stdout, self._process.stdin
            if source is None or sink is None:
                raise Unreadable("git cat-file cannot be reached")
            sink.write(blob.encode("ascii") + b"\n")
            sink.flush()
            head = source.readline().split()
            if len(head) != 3:
                raise Unreadable(f"git has no object {blob[:12]}; a partial clone may have to fetch it")
            size = int(head[2])
            data = source.read(size + 1)
        except (OSError, ValueError) as problem:
            raise Unreadable(f"git cat-file failed: {problem}") from None
        if len(data) != size + 1:
            raise Unreadable("git cat-file ended early")
        if size > MAX_BYTES:
            raise Unreadable(f"larger than {MAX_BYTES // (1024 * 1024)} MB ({size:,} bytes); split it")
        return data[:-1]

    def close(self) -> None:
        """End the reading process; the tree stays usable, a later read starts it again."""
        process, self._process = self._process, None
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


def head_of(folder: str) -> str | None:
    """The commit that the work tree around `folder` stands at, with `-dirty` behind it while anything below `folder`
    differs from it; None where there is no git, no repository or no commit. For reports; costs one process."""
    try:
        status = _run(
            folder, "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch",
            "--untracked-files=normal", "--", ".", ":(exclude).reconciler",
            seconds=STATUS_SECONDS,
        )  # fmt: skip
    except (UsageError, subprocess.TimeoutExpired):
        return None
    lines = [] if status.returncode else status.stdout.splitlines()
    head = next((line[len(HEAD) :].decode("ascii", "replace") for line in lines if line.startswith(HEAD)), "")
    if not head or not set(head) <= set("0123456789abcdef"):
        return None  # `(initial)`: nothing was committed yet
    return head + DIRTY if any(not line.startswith(b"#") for line in lines) else head


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def _run(folder: str, *arguments: str, seconds: float | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", folder, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, check=False, env=_environment(), timeout=seconds,
        )  # fmt: skip
    except OSError as problem:
        reason = "git is not installed" if isinstance(problem, FileNotFoundError) else f"git cannot run: {problem}"
        raise UsageError(
            f"--ref needs git: {reason}", hint="install git, or plan the files of the work tree"
        ) from None


def _git_bytes(folder: str, *arguments: str) -> bytes:
    done = _run(folder, *arguments)
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = lines[0].removeprefix("fatal: ") if lines else f"git {arguments[0]} failed"
        raise UsageError(f"--ref: {reason}", hint="run inside a git repository that holds the manifests")
    return done.stdout


def _git(folder: str, *arguments: str) -> str:
    return os.fsdecode(_git_bytes(folder, *arguments))
