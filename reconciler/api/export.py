"""The whole account as manifests, in a folder: what is claimed there is left out, nothing is overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError

if TYPE_CHECKING:
    from reconciler.api.session import Opened
    from reconciler.core.export.exported_manifests import ExportedManifest
    from reconciler.engine.export.export_account import Export, ExportChoice
    from reconciler.types.manifest import ManifestSet


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One manifest that was written; `path` is below the folder of the export."""

    manifest: ExportedManifest
    path: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    files: tuple[ExportedFile, ...]
    claimed: int = 0
    """Objects that had a manifest already."""
    notes: tuple[str, ...] = ()
    failed: int = 0
    """Objects that no file can hold; a note names each."""


def export_into(run: Opened, folder: str | Path, choice: ExportChoice) -> Exported:
    """Write manifests for what `choice` takes and no manifest claims; reads the account, and sends nothing.

    Raises `ManifestError` where the files that are there cannot be read, `ProviderError`, `ReconcilerError` where a
    file cannot be written: what was written so far is complete.
    """
    from reconciler.engine.export.export_account import export_account

    target = Path(os.path.realpath(folder))
    manifests, inside = read_manifests(run, target)
    several = inside and run.project.file is not None and len(run.project.workspaces) > 1
    with run.provider(run.secrets(), reading=True) as provider:
        found = export_account(
            manifests, run.state(), run.setting(provider, run.secrets()), choice,
            lambda id: {run.workspace.name: id} if several else id,
        )  # fmt: skip
    return write_files(run, target, found, new=not manifests.manifests)


def read_manifests(run: Opened, target: Path) -> tuple[ManifestSet, bool]:
    """What the files around `target` claim, and whether it lies in the project of this run.

    A folder elsewhere is looked at on its own. Raises `ManifestError` where files cannot be read: what they claim
    would be exported a second time.
    """
    from reconciler.manifests.read.load_manifests import load_manifests
    from reconciler.manifests.tree.repository import inside
    from reconciler.types.manifest import ManifestSet

    within = any(inside(str(target), os.path.realpath(place)) for place in run.project.manifests)
    if not within and not target.is_dir():
        return ManifestSet(), False
    paths = None if within else [str(target)]
    found, _ = load_manifests(run.project, run.workspace, paths=paths, allow_literal_secrets=True)
    errors = sum(one.is_error for one in found.diagnostics)
    if errors:
        raise ManifestError(
            f"{errors} error{'' if errors == 1 else 's'} in the manifests that are there; nothing was exported",
            found.diagnostics,
            hint="without them it is not known which objects have a manifest; correct them first",
        )
    return found, within


def write_files(run: Opened, target: Path, found: Export, *, new: bool) -> Exported:
    """Write one file a manifest, and the project file of a new project."""
    from reconciler.api.export_files import NewFiles, write_project_file
    from reconciler.manifests.edit.new_manifest_files import manifest_file

    files: list[ExportedFile] = []
    place = NewFiles(target)
    if new and found.manifests:
        # First: a run that is cut short and repeated finds manifests, and would leave the project file out.
        write_project_file(run, target)
    notes = list(found.notes)
    failed = 0
    for one in found.manifests:
        file = manifest_file(one.document)
        if file is None:
            failed += 1
            notes.append(f"{one.address}: no file can hold it (too large, or a number that is none); not exported")
            continue
        files.append(ExportedFile(one, place.add(one, file.suffix, file.data)))
    return Exported(tuple(files), found.claimed, tuple(notes), failed)
