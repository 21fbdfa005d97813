"""Where a project's own files are when a run starts somewhere else: its state folder, and the project further up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.types.project import Project

STATE_FOLDER = ".reconciler"


def find_state_folder(project: Project, workspace: str) -> Path:
    """Where a workspace keeps its own files: `.reconciler/<workspace>` in the folder that the project belongs to.

    That is the folder of the run. A project file from elsewhere (`--project`, or a run inside `manifests/`) brings
    its folder along: a second state of one account would take everything for unmanaged. What is there already is
    used.
    """
    beside = _beside(project)
    places = (Path(project.root), beside, _owner(project, beside))
    found = [place / STATE_FOLDER / workspace for place in places]
    return next((folder for folder in found if folder.exists()), found[-1])


def find_project_above(folder: str) -> Path | None:
    """The nearest project above `folder`, not looked for beyond the root of its repository; None: there is none."""
    from reconciler.loader.files import PROJECT_FILES
    from reconciler.loader.project import FOLDER

    below = Path(os.path.realpath(folder))
    for above in below.parents:
        if (below / ".git").exists():
            return None
        if any((above / place / name).is_file() for place in (FOLDER, "") for name in PROJECT_FILES):
            return above.parent if above.name == FOLDER else above
        below = above
    return None


def _beside(project: Project) -> Path:
    """The folder that holds `manifests/`, or the project file itself where it lies elsewhere."""
    from reconciler.loader.project import FOLDER

    home = Path(project.home)
    return home.parent if project.file is not None and home.name == FOLDER else home


def _owner(project: Project, beside: Path) -> Path:
    """The folder of the run, for everything that lies in it; else the one beside the project file."""
    from reconciler.loader.repository import inside

    return Path(project.root) if inside(str(beside), project.root) else beside
