"""Our part of the user's configuration folder: what no repository may say, so none may hold it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def configuration_folder(environ: Mapping[str, str]) -> Path:
    """Where it is: `reconciler` in the folder that the system has for it (absolute)."""
    given = environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME", "")
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises without one
    folder = Path(given) if os.path.isabs(given) else Path(home) / ".config"  # noqa: PTH117
    return folder / "reconciler"


def lies_in_repository(path: Path, folder: str) -> bool:
    """Whether `path` lies where whoever writes the repository around `folder` could write it; without a repository
    that is the folder of the project which keeps its manifests in `folder`."""
    from reconciler.manifests.tree.repository import inside, top_of

    real = os.path.realpath(folder)
    above = os.path.dirname(real) if os.path.basename(real) == "manifests" else real  # noqa: PTH119, PTH120
    return inside(os.path.realpath(path), top_of(real) or above)
