"""Which version of the manifests there is now: a commit that was fetched, or a digest of a folder as it is."""

from __future__ import annotations

import os
from hashlib import blake2b

from reconciler.errors import SourceAway
from reconciler.manifests.tree.repository import commit_of, fetch_git, run_git

REMOTE = "origin"
PLACE = "refs/reconciler/watch"
"""Where fetched branches and tags are kept, apart from those of whoever works in the repository."""
SECONDS = 60.0
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
    done = fetch_git(folder, *quietly, "--end-of-options", REMOTE, wanted, seconds=SECONDS)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1].removeprefix("fatal: ") if said else "git fetch failed"
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
