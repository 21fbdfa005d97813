"""Which commit a folder of the work tree stands at: blobs are compared with the bytes of files, no filter runs."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha1, sha256

from reconciler.errors import UsageError
from reconciler.manifests.tree.decode import parse_lfs_pointer
from reconciler.manifests.tree.file_tree import Unreadable
from reconciler.manifests.tree.git_objects import Objects
from reconciler.manifests.tree.repository import inside, run_git, top_of
from reconciler.types.manifest import DIRTY

SECONDS = 10.0
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
    done = run_git(folder, *arguments, seconds=SECONDS)
    return b"" if done.returncode else done.stdout
