"""The project that a folder lies in: looked for further up, as far as its repository or the user's home goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.manifests.tree.file_tree import PROJECT_FILES, Tree

FOLDER = "manifests"
DEEP, MANY = 4, 2_000
"""How many levels, and folders in all, are looked through for a project further down."""


@dataclass(frozen=True, slots=True)
class Found:
    """A project file, and the folder where a run of the project takes place."""

    file: str
    root: str


def find_above(tree: Tree, folder: str) -> Found | None:
    """The nearest project in `folder` or above it, `reconciler.yaml` or `manifests/reconciler.yaml`.

    The root of a git repository is the last folder that is looked at; without git it is the user's home, and above
    other folders only a file of this user (or of root) counts: nobody plants a project where all may write.
    """
    below = Path(folder)
    top = next((path for path in (below, *below.parents) if (path / ".git").exists()), None)
    last = top or Path(os.path.realpath(Path.home()))
    for path in (below, *below.parents):
        for file in candidates(str(path)):
            if tree.is_file(file) and (top is not None or path == below or _is_ours(file)):
                home = os.path.dirname(file)  # noqa: PTH120
                return Found(file, str(Path(home).parent) if Path(home).name == FOLDER else home)
        if path == last:
            return None
    return None


def candidates(folder: str) -> Iterator[str]:
    """Where the project file of `folder` may be, the usual place first."""
    for place in (os.path.join(folder, FOLDER), folder):  # noqa: PTH118
        for name in PROJECT_FILES:
            yield os.path.join(place, name)  # noqa: PTH118


def find_below(folder: str) -> tuple[str, ...]:
    """Folders below `folder` in which a run would find a project, nearest first; hidden ones are passed over."""
    found: list[str] = []
    level, looked = [folder], 0
    for _ in range(DEEP):
        deeper: list[str] = []
        for one in level:
            try:
                with os.scandir(one) as entries:
                    inner = sorted(e.path for e in entries if not e.name.startswith(".") and e.is_dir())
            except OSError:
                continue
            deeper += inner
            looked += 1
            if looked > MANY:
                return tuple(found)
        found += [
            one
            for one in deeper
            if os.path.basename(one) != FOLDER  # noqa: PTH119
            and any(os.path.isfile(file) for file in candidates(one))  # noqa: PTH113
        ]
        level = deeper
    return tuple(found)


def _is_ours(file: str) -> bool:
    try:
        owner = os.stat(file).st_uid  # noqa: PTH116
    except OSError:
        return False
    return not hasattr(os, "geteuid") or owner in (0, os.geteuid())
