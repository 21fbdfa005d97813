"""Which version of the manifests there is: a commit that was fetched, a commit of the work tree, or a digest."""

from __future__ import annotations

import os
import subprocess
from hashlib import blake2b, sha1, sha256

from reconciler.errors import SourceAway, UsageError
from reconciler.manifests.tree.decode import parse_lfs_pointer
from reconciler.manifests.tree.file_tree import Unreadable
from reconciler.manifests.tree.git_tree import Objects
from reconciler.manifests.tree.repository import commit_of, fetch_git, inside, run_git, top_of
from reconciler.types.manifest import DIRTY

REMOTE = "origin"
PLACE = "refs/reconciler/watch"
"""Where fetched branches and tags are kept, apart from those of whoever works in the repository."""
FETCH_SECONDS = 60.0
"""A remote that takes longer is away."""
SKIPPED = frozenset({".git", ".reconciler", "__pycache__", ".venv", "node_modules"})


def fetch_commit(folder: str, ref: str) -> str:
    """The commit that `ref` (a branch or a tag) names at the remote `origin` now; without a remote, here.

    No work tree, branch or index is touched. Raises `SourceAway` where the remote does not answer, `UsageError`
    without git.
    """
    if run_git(folder, "remote", "get-url", REMOTE).returncode:
        return _commit(folder, ref)
    wanted = f"+{ref}:{PLACE}/{ref}"
    quietly = ("--quiet", "--no-tags", "--refmap=", "--no-write-fetch-head")
    done = fetch_git(folder, *quietly, "--end-of-options", REMOTE, wanted, seconds=FETCH_SECONDS)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = [line for line in said if line.startswith(("fatal: ", "error: "))] or said[-1:]  # advice follows
        reason = said[0].partition(": ")[2] or said[0] if said else "git fetch failed"
        raise SourceAway(
            f"{ref} cannot be fetched from {REMOTE}: {reason}",
            hint="what was fetched last is held against the account; nothing is written meanwhile",
        )
    return _commit(folder, f"{PLACE}/{ref}")


def digest_of(folder: str, state: str | None = None) -> str:
    """Another text whenever a file under `folder` came, went or was written; no file is read. `state`: a document
    that this program writes there, which counts for nothing, nor what stands beside it."""
    found = blake2b(digest_size=12)
    document = os.path.realpath(state) if state is not None else None
    beside = None if document is None else (document, os.path.splitext(document)[0])  # noqa: PTH122 - texts
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(files):
            path = os.path.join(where, name)  # noqa: PTH118 - once a file
            if beside is not None and _is_ours(os.path.realpath(path), *beside):
                continue
            try:
                told = os.lstat(path)
            except OSError:
                continue
            found.update(f"{path}\0{told.st_size}\0{told.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def _is_ours(path: str, document: str, stem: str) -> bool:
    return path.startswith(document) or path in (f"{stem}.journal", f"{stem}.lock")


def _commit(folder: str, ref: str) -> str:
    found = commit_of(folder, ref)
    if found is None:
        raise SourceAway(
            f"git knows no branch or tag {ref!r}", hint="`ref:` under `watch:` names one; leave it out for the folder"
        )
    return found


STATUS_SECONDS = 10.0
"""After that long a question to git a report goes without its commit."""
OURS = ".reconciler"
LINK, MODULE = "120000", "160000"


def head_of(folder: str) -> str | None:
    """The commit that the work tree around `folder` stands at, with `-dirty` behind it while anything below `folder`
    differs from it; None where there is no git, no repository or no commit. For reports."""
    top = top_of(os.path.realpath(folder))
    if top is None:
        return None
    objects = Objects(top)
    try:
        head = _head(top)
        return head + DIRTY if head and _differs(objects, head, os.path.realpath(folder)) else head or None
    except (UsageError, subprocess.TimeoutExpired):
        return None
    finally:
        objects.close()


def author_of_head(folder: str, commit: str) -> str:
    """The name of the author of `commit` where the work tree around `folder` stands at it, else nothing."""
    top = top_of(os.path.realpath(folder))
    wanted = commit.removesuffix(DIRTY)
    if top is None or not wanted:
        return ""
    try:
        found, _, name = _said(top, "log", "-1", "--format=%H%x00%an", "HEAD").partition(b"\0")
    except (UsageError, subprocess.TimeoutExpired):
        return ""
    return name.decode("utf-8", "replace").strip() if found.decode("ascii", "replace") == wanted else ""


def _differs(objects: Objects, head: str, folder: str) -> bool:
    top = objects.folder
    below = os.path.relpath(folder, top)
    listed = _said(top, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", below)
    there = {os.fsdecode(entry).rstrip("/") for entry in listed.split(b"\0") if entry}
    narrowed = [] if below == os.curdir else ["--", below]
    known: dict[str, tuple[str, str]] = {}
    for line in _said(top, "ls-tree", "-r", "-z", "--full-tree", head, *narrowed).split(b"\0"):
        if line:
            start, _, path = line.partition(b"\t")
            mode, _, blob = start.decode("ascii").split(" ")
            known[os.fsdecode(path)] = (mode, blob)
    ours = os.path.join(top, OURS), os.path.join(folder, OURS)  # noqa: PTH118
    for name in there | set(known):
        file = os.path.join(top, name)  # noqa: PTH118
        if any(inside(file, one) for one in ours):
            continue
        if name not in known or _moved(objects, file, *known[name]):
            return True
    return False


def _moved(objects: Objects, path: str, mode: str, blob: str) -> bool:
    """Whether a file has other content than its blob; line ends do not count, and a pointer stands for its file."""
    if mode == MODULE:
        return _module_moved(path, blob)
    try:
        if mode == LINK:
            return _name_of(os.fsencode(os.readlink(path)), blob) != blob  # noqa: PTH115
        if os.path.islink(path):  # noqa: PTH114
            return True
        with open(path, "rb") as file:  # noqa: PTH123 - plain strings: this runs once a file
            data = file.read()
        if _name_of(data, blob) == blob:
            return False
        recorded = objects.raw(blob)
    except (OSError, Unreadable):
        return True
    pointer = parse_lfs_pointer(recorded)
    if pointer is not None:
        return sha256(data).hexdigest() != pointer.oid
    return data.replace(b"\r\n", b"\n") != recorded.replace(b"\r\n", b"\n")


def _module_moved(path: str, commit: str) -> bool:
    """Whether a submodule is checked out at another commit than the recorded one."""
    if not os.path.lexists(os.path.join(path, ".git")):  # noqa: PTH118
        return False
    return (
        _said(path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode("ascii", "replace").strip() != commit
    )


def _head(folder: str) -> str:
    return _said(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode("ascii", "replace").strip()


def _name_of(data: bytes, like: str) -> str:
    """The name that git gives to a blob, of the same length as `like`."""
    new = sha1 if len(like) == 40 else sha256  # the name of an object, no protection
    return new(b"blob %d\0" % len(data) + data).hexdigest()


def _said(folder: str, *arguments: str) -> bytes:
    """What git prints; nothing where it fails."""
    done = run_git(folder, *arguments, seconds=STATUS_SECONDS)
    return b"" if done.returncode else done.stdout
