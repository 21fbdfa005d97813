"""Files of an export: each under a name of its own, whole or not there, never in the place of another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.api.session import Opened
    from reconciler.core.export.exported_manifests import ExportedManifest


class NewFiles:
    """Puts manifests into the folders of their kinds, each under a name that no file has yet."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._taken: dict[Path, set[str]] = {}

    def add(self, one: ExportedManifest, suffix: str, data: bytes) -> str:
        """Write one file; its path below the target."""
        from reconciler.core.export.legal_names import file_stem, folder_name, unique_name

        place = self.target / folder_name(one.address.kind)
        try:
            taken = self.taken(place)
            stem = unique_name(file_stem(one.address.name), taken)
            create_file(place / f"{stem}{suffix}", data)
        except OSError as error:
            raise ReconcilerError(
                f"cannot write {place}: {error.strerror}",
                hint="what was written so far is complete; run the same command again to add the rest",
            ) from error
        taken.add(stem.casefold())
        return f"{place.name}/{stem}{suffix}"

    def taken(self, place: Path) -> set[str]:
        """Names without suffix, case-folded: some file systems know no other difference. Makes the folder."""
        from reconciler.manifests.tree.repository import check_way

        if place not in self._taken:
            check_way(place)
            place.mkdir(parents=True, exist_ok=True)
            self._taken[place] = {entry.name.rpartition(".")[0].casefold() for entry in place.iterdir()}
        return self._taken[place]


def create_file(target: Path, data: bytes) -> None:
    """Make a file that is whole or not there, and never in the place of another. Raises `OSError`."""
    from reconciler.fsio import write_beside

    name = write_beside(target, data)
    try:
        try:
            os.link(name, target)
        except FileExistsError:
            raise
        except OSError:
            # No hard links here: a new name is taken first, so that nobody's file is replaced.
            target.touch(exist_ok=False)
            os.replace(name, target)  # noqa: PTH105
    finally:
        name.unlink(missing_ok=True)


def write_project_file(run: Opened, target: Path) -> None:
    """The project file of a new project: the workspace that the account was read with."""
    from reconciler.api.output_files import write_file
    from reconciler.engine.scaffold.new_project import project_name
    from reconciler.manifests.project.new_project_file import project_file
    from reconciler.manifests.tree.file_tree import PROJECT_FILES
    from reconciler.manifests.tree.repository import inside

    of_run = run.project.file is not None and inside(str(target), run.project.home)
    if of_run or any((target / name).exists() for name in PROJECT_FILES):
        return
    name = target.parent.name if target.name == "manifests" else target.name
    write_file(target / PROJECT_FILES[0], project_file(project_name(name), run.workspace).encode())
