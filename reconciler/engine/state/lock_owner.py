"""Who holds the lock of a run, and where its state goes when the store refuses it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from reconciler.fsio import OWNER_ONLY, create_file
from reconciler.types.state import LockInfo
from reconciler.version import __version__

NAME = "errored.state"
MOST = 100


def describe_run(operation: str, now: str, *, environ: Mapping[str, str] | None = None) -> LockInfo:
    """The lock record of this process. `now` is ISO 8601 UTC; the backend sets the end of the lease."""
    host = socket.gethostname()
    return LockInfo(
        id=str(uuid4()),
        operation=operation,
        who=f"{_user()}@{host}",
        host=host,
        process=os.getpid(),
        since=now,
        expires=now,
        version=__version__,
        run=run_url(os.environ if environ is None else environ),
    )


def run_url(environ: Mapping[str, str]) -> str | None:
    """The page of the CI job that we run in: GitHub Actions and Gitea, GitLab, Jenkins; else None."""
    parts = [environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    if all(parts):
        return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}"
    return environ.get("CI_JOB_URL") or environ.get("BUILD_URL") or None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container may run under a number that has no name.
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


@dataclass(frozen=True, slots=True)
class Rescue:
    """Where such a file goes, and how this run was called."""

    folder: Path = Path()
    """Usually the folder that holds `.reconciler/`: one that lasts as long as the project's other files do."""
    command: str = "reconciler"
    """The program with the options that lead into `folder`, to the same project and workspace, from where the user
    stands."""

    def keep(self, data: bytes) -> str:
        """Write `data`, as it would have been stored, for the owner only; the words that say what to do with it.

        A file that an earlier run left is never written over: both may hold what nobody else knows.
        """
        try:
            path = self._write(data)
        except OSError as error:
            return f"It could not be written to {self.folder.absolute()} either: {error.strerror}."
        return f"The state was saved as {path.absolute()}; to put it in place: {self.command} state push {path.name}."

    def _write(self, data: bytes) -> Path:
        for number in range(1, MOST):
            path = self.folder / (f"{NAME}.json" if number == 1 else f"{NAME}.{number}.json")
            with suppress(FileExistsError):
                create_file(path, data, OWNER_ONLY)
                return path
        raise OSError(None, f"{MOST} such files are there already")
