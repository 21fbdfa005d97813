"""Files of a project and of a command: where they are, how a person calls them, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.fsio import Replacement
    from reconciler.types.project import Project

STATE_FOLDER = ".reconciler"
OWNER = "project"
"""File in a workspace's folder: the project file whose folder it is, relative to what `.reconciler` is in."""


def find_state_folder(project: Project, workspace: str, root: Path | None = None) -> Path:
    """Where a workspace keeps its own files: `.reconciler/<workspace>` in the folder that the project belongs to.

    That is the folder of the run. A project file from elsewhere (`--project`, or a run inside `manifests/`) brings
    its folder along: a second state of one account would take everything for unmanaged. What is there already is
    used, unless it is another project file's: two of them never share a folder, so the second has one of its own,
    `.reconciler/<project file>/<workspace>`. `root`: the folder that holds `.reconciler`, where it was chosen.
    """
    beside = _beside(project)
    places = (root,) if root is not None else (Path(project.root), beside, _owner(project, beside))
    usual = own = Path()
    for path in places:
        usual, own = _folders(project, workspace, path)
        kept = [folder for folder in (own, usual) if folder.exists() and _is_free(folder, project)]
        if kept:
            return next((folder for folder in kept if _read_owner(folder) is not None), kept[-1])
    return usual if _is_free(usual, project) else own


def claim_folder(folder: Path, project: Project) -> None:
    """Note whose folder it is, before the first file of a state is written there."""
    file = _file(project)
    if file is None or _read_owner(folder) == file:
        return
    from reconciler.fsio import state_errors

    with state_errors(folder, "created"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        top = folder.parents[_depth(folder)]
        (folder / OWNER).write_text(os.path.relpath(file, top).replace(os.sep, "/") + "\n", encoding="utf-8")


def _folders(project: Project, workspace: str, root: Path) -> tuple[Path, Path]:
    """The usual folder, and the one that only this project file can have."""
    top = root / STATE_FOLDER
    file = _file(project)
    if file is None:
        return top / workspace, top / workspace
    return top / workspace, top / os.path.relpath(file, root).replace(os.sep, "~") / workspace


def _file(project: Project) -> Path | None:
    return None if project.file is None else Path(os.path.realpath(project.file))


def _depth(folder: Path) -> int:
    """How many folders up the one is that holds `.reconciler`."""
    return next(index for index, path in enumerate(folder.parents) if path.name == STATE_FOLDER) + 1


def _read_owner(folder: Path) -> Path | None:
    """The project file whose folder this is; None where none says so."""
    try:
        text = (folder / OWNER).read_text(encoding="utf-8").strip()
        owner = Path(os.path.realpath(folder.parents[_depth(folder)] / text))
        owner.exists()
        return owner if text else None
    except (OSError, ValueError):  # not UTF-8, or no path
        return None


def _is_free(folder: Path, project: Project) -> bool:
    """Whether a folder may be used: nobody's, our own, or that of a project file which is no longer there. A run
    without a project file has only the usual one."""
    owner = _read_owner(folder)
    return owner is None or project.file is None or owner == _file(project) or not owner.exists()


def display_path(path: str | Path) -> str:
    """A path as a person reads it: relative to the current folder, and as it is where that would only lead up."""
    near = os.path.relpath(path)
    if near == ".":
        return "the current folder"
    return near if not near.startswith("..") else str(path)


def describe_places(project: Project, paths: Sequence[str]) -> str:
    """Where manifests are looked for, for a person; `paths` are those of the command line."""
    places = paths or project.manifests or (project.home,)
    return ", ".join(display_path(os.path.join(project.base, place)) for place in places)  # noqa: PTH118


def describe_search(project: Project, paths: Sequence[str], state: str | None = None) -> str:
    """Where a run looked for manifests (and for its state, where it did), and where there would be a project."""
    import shlex

    from reconciler.manifests.project.find_project import find_below

    file = project.file
    found = f"project file {display_path(file)}" if file else "no project file here or further up"
    looked = f"looked for manifests in {describe_places(project, paths)} ({found})"
    if state is not None:
        looked += f", for the state in {state}"
    below = find_below(os.path.curdir) if file is None else ()
    if not below:
        return looked
    more = f" and {len(below) - 1} more further down" if len(below) > 1 else ""
    return f"{looked}; a project is in {below[0]}{more} (reconciler -C {shlex.quote(os.path.normpath(below[0]))} ...)"


def _beside(project: Project) -> Path:
    """The folder that holds `manifests/`, or the project file itself where it lies elsewhere."""
    from reconciler.manifests.project.find_project import FOLDER

    home = Path(project.home)
    return home.parent if project.file is not None and home.name == FOLDER else home


def _owner(project: Project, beside: Path) -> Path:
    """The folder of the run, for everything that lies in it; else the one beside the project file."""
    from reconciler.manifests.tree.repository import inside

    return Path(project.root) if inside(str(beside), project.root) else beside


def write_file(path: str | Path, data: bytes, *, mode: int | None = None) -> None:
    """Put `data` where `path` says: atomically for an ordinary file, straight into a pipe or a device.

    `mode` are its permissions; None: those of the file that is there, else what the umask leaves.

    A missing folder is made. Raises `ReconcilerError`, and leaves what was there, when it cannot be written, or when
    a link that the repository holds leads out of it.
    """
    from reconciler.fsio import replace_file
    from reconciler.manifests.tree.repository import check_way

    check_way(path)
    target = Path(os.path.realpath(path))
    try:
        if Path(path).exists() and not Path(path).is_file():
            Path(path).write_bytes(data)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, data, mode)
    except OSError as error:
        raise ReconcilerError(f"cannot write {path}: {error.strerror}") from error


def write_files(changes: Sequence[Replacement]) -> None:
    """Write several files in this order, all of them or none.

    Raises `ReconcilerError` with nothing written, also where one is no longer what was read, or where a link that the
    repository holds leads out of it.
    """
    from reconciler.fsio import replace_all
    from reconciler.manifests.tree.repository import check_way

    for folder in {Path(change.path).parent for change in changes}:
        check_way(folder)
    replace_all(changes)


def read_file(path: str | Path, *, limit: int = 200_000_000) -> bytes:
    """The bytes of a file. Raises `ReconcilerError` where it is missing, a folder, unreadable or absurdly large.

    Counted while reading, not asked of the file system: a pipe and a device have no size, and /dev/zero has no end.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise ReconcilerError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > limit:
        raise ReconcilerError(f"{path} is larger than {limit:,} bytes; this is no file of ours")
    return data


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
