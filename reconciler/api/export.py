"""The whole account as manifests, in a folder: what is claimed there is left out, nothing is overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api.connect import read_state, reading_run
from reconciler.api.manifests import known_secrets
from reconciler.api.session import Sources
from reconciler.errors import ManifestError, ReconcilerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.api.session import Session
    from reconciler.core.export.exported_manifests import ExportedManifest
    from reconciler.engine.export_account import Export, ExportChoice
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
    """Objects that no file can hold, or that the account did not show; a note names each."""


def export_into(session: Session, folder: str | Path, choice: ExportChoice) -> Exported:
    """Write manifests for what `choice` takes and no manifest claims; reads the account, and sends nothing.

    Raises `ManifestError` where the files that are there cannot be read, `ProviderError`, `ReconcilerError` where a
    file cannot be written: what was written so far is complete.
    """
    from reconciler.engine.export_account import export_account

    target = Path(os.path.realpath(folder))
    manifests, inside = claimed_manifests(session, target)
    new = not manifests.manifests
    mapped = (inside and session.project.file is not None) or (new and not has_project_file(target))
    with reading_run(session, known_secrets(session)) as context:
        found = export_account(
            manifests, read_state(session, context.store), context, choice,
            lambda id: {session.workspace.name: id} if mapped else id,
        )  # fmt: skip
    return write_files(session, target, found, new=new)


def claimed_manifests(session: Session, target: Path) -> tuple[ManifestSet, bool]:
    """What the files around `target` claim, and whether it lies in the project of this run.

    A folder elsewhere is looked at on its own. Raises `ManifestError` where files cannot be read: what they claim
    would be exported a second time.
    """
    from reconciler.manifests.read.load_manifests import load_manifests
    from reconciler.manifests.tree.repository import inside
    from reconciler.types.manifest import ManifestSet

    within = any(inside(str(target), os.path.realpath(place)) for place in session.project.manifests)
    if not within and not target.is_dir():
        return ManifestSet(), False
    paths = None if within else [str(target)]
    found, _ = load_manifests(session.project, session.workspace, paths=paths, allow_literal_secrets=True)
    errors = sum(diagnostic.is_error for diagnostic in found.diagnostics)
    if errors:
        raise ManifestError(
            f"{errors} error{'' if errors == 1 else 's'} in the manifests that are there; nothing was exported",
            found.diagnostics,
            hint="without them it is not known which objects have a manifest; correct them first",
        )
    return found, within


def write_files(session: Session, target: Path, found: Export, *, new: bool) -> Exported:
    """Write one file a manifest, and the project file of a new project."""
    from reconciler.manifests.edit.manifest_writer import manifest_file

    files: list[ExportedFile] = []
    place = NewFiles(target)
    if new and found.manifests:
        # First: a run that is cut short and repeated finds manifests, and would leave the project file out.
        write_project_file(session, target)
    notes = list(found.notes)
    failed = len(found.unread)
    for manifest in found.manifests:
        file = manifest_file(manifest.document)
        if file is None:
            failed += 1
            notes.append(
                f"{manifest.address}: no file can hold it (too large, or a number that is none); not exported"
            )
            continue
        files.append(ExportedFile(manifest, place.add(manifest, file.suffix, file.data)))
    notes += _accept_what_is(session, target) if new and files else ()
    return Exported(tuple(files), found.claimed, tuple(notes), failed)


def _accept_what_is(session: Session, target: Path) -> Iterator[str]:
    """Accept what a new project is found wanting in: the account had it before there was a manifest. Says so."""
    from reconciler.api.paths import display_path
    from reconciler.api.session import choose_project
    from reconciler.api.validate import write_new_baseline
    from reconciler.manifests.tree.file_tree import PROJECT_FILES
    from reconciler.reporters.messages import baseline_note

    file = target / PROJECT_FILES[0]
    if not file.exists() or inside_of(session, target):
        return
    project, workspace = choose_project(
        session.workspace.name, (), environ=session.environ, file=str(file), root=Path(session.project.root)
    )
    done = write_new_baseline(replace(session, project=project, workspace=workspace, sources=Sources()))
    if done.findings or done.migrations:
        yield baseline_note(display_path(done.path), done.findings, done.migrations, done.gone)


class NewFiles:
    """Puts manifests into the folders of their kinds, each under a name that no file has yet."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._taken: dict[Path, set[str]] = {}

    def add(self, manifest: ExportedManifest, suffix: str, data: bytes) -> str:
        """Write one file; its path below the target."""
        from reconciler.core.export.exported_manifests import file_stem, folder_name, unique_name
        from reconciler.fsio import create_file

        place = self.target / folder_name(manifest.kind)
        try:
            taken = self.taken(place)
            stem = unique_name(file_stem(manifest.address.name), taken)
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


def has_project_file(target: Path) -> bool:
    """Whether a project file lies in the folder itself."""
    from reconciler.manifests.tree.file_tree import PROJECT_FILES

    return any((target / name).exists() for name in PROJECT_FILES)


def inside_of(session: Session, target: Path) -> bool:
    """Whether the folder belongs to the project file of the run."""
    from reconciler.manifests.tree.repository import inside

    return session.project.file is not None and inside(str(target), session.project.home)


def write_project_file(session: Session, target: Path) -> None:
    """The project file of a new project: the workspace that the account was read with, its files where they are."""
    from reconciler.api.paths import write_file
    from reconciler.engine.scaffold.new_project import project_name
    from reconciler.manifests.edit.manifest_writer import project_file
    from reconciler.manifests.tree.file_tree import PROJECT_FILES

    if inside_of(session, target) or has_project_file(target):
        return
    name = target.parent.name if target.name == "manifests" else target.name
    provider, platform = session.workspace.provider, session.platform
    files = session.provider_files
    if provider.type == platform.embedded and platform.embedded_account is not None:
        setting, file = platform.embedded_account
        files.setdefault(setting, session.folder / file)
    settings = {
        **provider.settings,
        **{name: os.path.relpath(file, target).replace(os.sep, "/") for name, file in files.items()},
    }
    workspace = replace(session.workspace, provider=replace(provider, settings=settings))
    write_file(target / PROJECT_FILES[0], project_file(project_name(name), workspace).encode())
