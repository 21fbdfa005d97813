"""How this program was installed, and what to write to install the same program elsewhere."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from reconciler.errors import UsageError

PACKAGE = "persona-reconciler"
SOURCE_FORMS = "OWNER/REPO@COMMIT, git+https://HOST/PATH@COMMIT, https://HOST/FILE.whl, or ==VERSION"

_ON_GITHUB = re.compile(r"([\w.-]+/[\w.-]+)@([\w./-]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SSH = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")
"""git's short form `git@host:owner/repo`; no URL."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place that the program can be installed from.

    `git`: the repository at `location`, at `revision` (commit, tag or branch); `archive`: the wheel or archive at the
    URL `location`; `folder`: the path `location`, on this machine only; `index`: the package index that pip is
    configured for, in the version `revision`.
    """

    kind: Literal["git", "archive", "folder", "index"]
    location: str
    revision: str = ""

    @property
    def portable(self) -> bool:
        """Whether another machine can install from it."""
        remote = self.location.startswith(("https://", "http://", "ssh://")) or bool(_SSH.fullmatch(self.location))
        return self.kind == "index" or (self.kind != "folder" and remote)

    @property
    def pinned(self) -> bool:
        """Whether it names one commit, which nobody can move; tags, branches and archives can change."""
        return self.kind == "git" and _COMMIT.fullmatch(self.revision) is not None

    @property
    def host(self) -> str:
        """The host of a git source; empty for other sources."""
        short = _SSH.fullmatch(self.location)
        return "" if self.kind != "git" else short[1] if short else urlsplit(self.location).hostname or ""

    @property
    def repository(self) -> str | None:
        """`OWNER/REPO` of a git source, as a workflow on the same forge names it; None for other sources."""
        if self.kind != "git" or not self.portable:
            return None
        short = _SSH.fullmatch(self.location)
        path = short[2] if short else urlsplit(self.location).path
        parts = path.removesuffix("/").removesuffix(".git").strip("/").split("/")
        return "/".join(parts) if len(parts) == 2 and all(parts) else None

    def requirement(self, *extras: str) -> str:
        """What `pip install` takes for it (PEP 508; a path for a folder), with the named extras."""
        features = f"[{','.join(sorted(set(extras)))}]" if extras else ""
        match self.kind:
            case "index":
                return f"{PACKAGE}{features}=={self.revision}"
            case "folder":
                return f"{self.location}{features}"
            case "archive":
                return f"{PACKAGE}{features} @ {self.location}"
            case "git":
                at = f"@{self.revision}" if self.revision else ""
                short = _SSH.fullmatch(self.location)
                url = f"ssh://git@{short[1]}/{short[2]}" if short else self.location
                return f"{PACKAGE}{features} @ git+{url}{at}"


def parse_source(text: str) -> Source:
    """The source that a person wrote: one of `SOURCE_FORMS`. Raises `UsageError`."""
    given = text.strip()
    if found := _ON_GITHUB.fullmatch(given):
        return Source("git", f"https://github.com/{found[1]}", found[2])
    if given.startswith("git+"):
        url, at, revision = given.removeprefix("git+").rpartition("@")
        if at and "/" in url.partition("://")[2] and revision:
            return Source("git", _without_login(url), revision)
    elif given.startswith(("https://", "http://")) and given.endswith((".whl", ".tar.gz", ".zip")):
        return Source("archive", _without_login(given))
    elif found := re.fullmatch(rf"(?:{PACKAGE})?==([\w.+!-]+)", given):
        return Source("index", "", found[1])
    raise UsageError(f"{text!r} is no place to install this program from", hint=f"write {SOURCE_FORMS}")


def read_direct_url(text: str | None, version: str) -> Source:
    """The source that an installer noted in `direct_url.json` (PEP 610); without it, `version` of the index."""
    try:
        noted = json.loads(text or "")
        url = _without_login(noted["url"])
        folder = urlsplit(url)
        if "vcs_info" in noted:
            return Source("git", url, noted["vcs_info"].get("commit_id") or "")
        if folder.scheme == "file" and "dir_info" in noted:
            return Source("folder", unquote(folder.path))
        return Source("archive", url)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Source("index", "", version)


@cache
def installed_source() -> Source:
    """Where the program that runs came from, as its installer noted it (PEP 610)."""
    from reconciler.version import __version__

    try:
        return read_direct_url(metadata.distribution(PACKAGE).read_text("direct_url.json"), __version__)
    except metadata.PackageNotFoundError:  # a checkout that is on the path, not installed
        return Source("folder", str(Path(__file__).resolve().parents[1]))


def install_command(source: Source, *extras: str, prefix: str = sys.prefix) -> str:
    """The shell command that installs `source` with `extras` where this program runs: pip, pipx or uv.

    `prefix` is the environment; pipx and uv leave a file in those that they own.
    """
    wanted = f"'{source.requirement(*extras)}'"
    if (Path(prefix) / "pipx_metadata.json").exists():
        return f"pipx install --force {wanted}"
    if (Path(prefix) / "uv-receipt.toml").exists():
        return f"uv tool install --force {wanted}"
    return f"pip install {wanted}"


def extra_hint(extra: str) -> str:
    """What to run so that the optional feature `extra` (`s3`, `postgres`, ...) works in this installation."""
    return install_command(installed_source(), extra)


def _without_login(url: str) -> str:
    """The URL without user and password, which installers may note; the user of ssh (`git@`) stays."""
    parts = urlsplit(url)
    if "@" not in parts.netloc or parts.scheme == "ssh":
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
