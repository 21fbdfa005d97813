"""The one way in which git is called: plumbing that runs nothing but git, whatever the repository's settings say."""

from __future__ import annotations

import os
import subprocess

from reconciler.errors import UsageError

SETTINGS = (
    "safe.bareRepository=explicit",  # a bare repository that lies among the files as plain files is none
    "core.fsmonitor=false",
    "core.hooksPath=" + os.devnull,
    "core.pager=cat",
    "diff.external=",
    "protocol.allow=never",  # versions of git before 2.44 do not know GIT_NO_LAZY_FETCH
)
"""Settings of the command line win over those of the repository."""
ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PAGER": "cat",
    "GIT_LITERAL_PATHSPECS": "1",
}
_LOCAL = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}
    | {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_NAMESPACE"}
)
"""Variables that speak of one repository; they are no business of another one."""


def run_git(
    folder: str, *arguments: str, git_dir: str | None = None, seconds: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in `folder`, over the repository `git_dir` where one is given, else the one that `folder` lies in.

    Raises `UsageError` without git, `subprocess.TimeoutExpired` after `seconds`.
    """
    try:
        return subprocess.run(
            _command(folder, git_dir, arguments),
            stdin=subprocess.DEVNULL, capture_output=True, check=False, env=_environment(git_dir), timeout=seconds,
        )  # fmt: skip
    except OSError as problem:
        reason = "git is not installed" if isinstance(problem, FileNotFoundError) else f"git cannot run: {problem}"
        raise UsageError(
            f"--ref needs git: {reason}", hint="install git, or plan the files of the work tree"
        ) from None


def open_git(folder: str, *arguments: str, git_dir: str | None = None) -> subprocess.Popen[bytes]:
    """Start git with pipes to and from it. Raises `OSError` without git."""
    return subprocess.Popen(
        _command(folder, git_dir, arguments),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(git_dir),
    )  # fmt: skip


def git_output(folder: str, *arguments: str, git_dir: str | None = None) -> bytes:
    """What git prints. Raises `UsageError` with git's own reason where it fails."""
    done = run_git(folder, *arguments, git_dir=git_dir)
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = lines[0].removeprefix("fatal: ") if lines else f"git {arguments[0]} failed"
        raise UsageError(f"--ref: {reason}", hint="run inside a git repository that holds the manifests")
    return done.stdout


def _command(folder: str, git_dir: str | None, arguments: tuple[str, ...]) -> list[str]:
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    chosen = [f"--git-dir={git_dir}"] if git_dir is not None else []
    return ["git", "-C", folder, "--no-pager", *settings, *chosen, *arguments]


def _environment(git_dir: str | None) -> dict[str, str]:
    kept = os.environ.items()
    return {name: value for name, value in kept if git_dir is None or name not in _LOCAL} | ENVIRONMENT
