"""The repository around a folder, how far links may lead, and the one way in which git is called."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ReconcilerError, UsageError
from reconciler.types.project import Project

GIT = ".git"
MANIFESTS = "manifests"
"""The usual name of the folder of manifests; the folder above holds the project."""
MODULE = b"160000"
MODULES_FILE = ".gitmodules"
SECONDS = 10.0
SETTINGS = (
    "safe.bareRepository=explicit",  # a bare repository that lies among the files as plain files is none
    "core.fsmonitor=false",
    "core.hooksPath=" + os.devnull,
    "core.pager=cat",
    "diff.external=",
    "protocol.allow=never",  # versions of git before 2.44 do not know GIT_NO_LAZY_FETCH
)
"""So that git runs nothing but git, whatever the repository says: settings of the command line win over its own."""
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


def top_of(folder: str) -> str | None:
    """The top of the work tree around `folder` (absolute, no links), None outside of any. Starts no process."""
    while True:
        if os.path.lexists(os.path.join(folder, GIT)):  # noqa: PTH118 - plain strings, like every tree
            return folder
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return None
        folder = above


def inside(path: str, folder: str) -> bool:
    """Whether `path` (no links) is `folder` or lies under it."""
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


@dataclass(frozen=True, slots=True)
class LinkBoundary:
    """The folders that links may lead into."""

    folders: tuple[str, ...]

    def holds(self, real: str) -> bool:
        """Whether a path without links may be read: inside one of the folders, and not in git's own."""
        for folder in self.folders:
            if inside(real, folder):
                return GIT not in Path(real[len(folder) :]).parts
        return False

    def and_around(self, *starts: str) -> LinkBoundary:
        """Also what lies around paths that were named on the command line."""
        more = [start for start in starts if not any(inside(start, folder) for folder in self.folders)]
        return LinkBoundary((*self.folders, *(_around(start) for start in more)))


def link_boundary_of(project: Project) -> LinkBoundary:
    """How far links may lead: the repository, without git the folder that holds the project."""
    return link_boundary(project.root, project.home)


def link_boundary(root: str, home: str) -> LinkBoundary:
    """The same for a run in `root` over a project in `home`."""
    top = top_of(root)
    if top is not None and inside(home, top):
        return LinkBoundary((top,))
    top = top_of(home)
    if top is not None:
        return LinkBoundary((top,))
    above, name = os.path.split(home)
    return LinkBoundary((above if name == MANIFESTS else home,))


def _around(start: str) -> str:
    folder = start if os.path.isdir(start) else os.path.dirname(start)  # noqa: PTH112, PTH120
    return top_of(folder) or folder


def committed_way_out(path: str) -> str | None:
    """The link on the way to `path` that a repository holds and that leads out of it; None where there is none.

    A link that nobody committed is the user's own, wherever it leads.
    """
    here = os.sep
    for part in Path(os.path.abspath(path)).parts[1:]:  # noqa: PTH100
        link = os.path.join(here, part)  # noqa: PTH118
        here = os.path.realpath(link)
        if here == link or not os.path.islink(link):  # noqa: PTH114
            continue
        top = top_of(os.path.dirname(link))  # noqa: PTH120
        if top is not None and not inside(here, top) and is_committed(top, link):
            return link
    return None


def check_way(path: str | Path) -> None:
    """Refuse a path that a committed link leads out of its repository. Raises `ReconcilerError`."""
    link = committed_way_out(str(path))
    if link is not None:
        raise ReconcilerError(
            f"cannot write {path}: {link} is a link of the repository that leads out of it",
            hint="name the place that is meant, or remove the link",
        )


def is_committed(top: str, path: str) -> bool:
    """Whether the repository at `top` holds the file, link or folder at `path`, or may hold it."""
    try:
        return bool(run_git(top, "ls-files", "-z", "--", path, seconds=SECONDS).stdout)
    except (UsageError, subprocess.TimeoutExpired):
        return True


def absent_modules(folder: str) -> list[str]:
    """Submodules at or below `folder` that the index of its repository knows and that are not checked out."""
    top = top_of(folder)
    if top is None or not _worth_asking(top, folder):
        return []
    try:
        listed = run_git(top, "ls-files", "--stage", "-z", "--", folder, seconds=SECONDS)
    except (UsageError, subprocess.TimeoutExpired):
        return []
    lines = listed.stdout.split(b"\0") if listed.returncode == 0 else []
    modules = [os.path.join(top, os.fsdecode(line.partition(b"\t")[2])) for line in lines if line.startswith(MODULE)]  # noqa: PTH118
    return [path for path in modules if not os.path.lexists(os.path.join(path, GIT))]  # noqa: PTH118


def _worth_asking(top: str, folder: str) -> bool:
    """A submodule is written down in a file, or has left an empty folder: git itself keeps none."""
    if os.path.lexists(os.path.join(top, MODULES_FILE)):  # noqa: PTH118
        return True
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False


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


def fetch_git(folder: str, *arguments: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """Run `git fetch`, the one call that speaks to a remote: over https, ssh and files, without hooks, prompts or
    submodules. What else git says with an exit code other than 0, also where it took more than `seconds`."""
    settings = [word for name in ("https", "ssh", "file") for word in ("-c", f"protocol.{name}.allow=always")]
    command = [*_command(folder, None, ()), *settings, "fetch", "--no-recurse-submodules", *arguments]
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=_environment(None),
            timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, b"", f"no answer within {seconds:g} s".encode())


def open_git(folder: str, *arguments: str, git_dir: str | None = None) -> subprocess.Popen[bytes]:
    """Start git with pipes to and from it. Raises `OSError` without git."""
    return subprocess.Popen(
        _command(folder, git_dir, arguments),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(git_dir),
    )  # fmt: skip


def commit_of(folder: str, ref: str) -> str | None:
    """The commit that `ref` names in the repository around `folder`; None where git knows none."""
    found = run_git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return None if found.returncode else found.stdout.decode("ascii").strip() or None


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
