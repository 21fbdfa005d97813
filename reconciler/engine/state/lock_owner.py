"""Who runs this: user, host, process and CI job, as a lock shows them to others."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from uuid import uuid4

from reconciler import __version__
from reconciler.types.state import LockInfo


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
