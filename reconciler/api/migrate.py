"""A run of `migrate` without its questions: manifest files in, their new texts out."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.migrating.migration import Answers, Migration, Subject
    from reconciler.core.migrating.migration_result import MigrationResult
    from reconciler.engine.migrate.migration_files import Body, SourceFile
    from reconciler.engine.migrate.run_migrations import MigrateOptions
    from reconciler.fsio import Replacement
    from reconciler.manifests.edit.source_files import OpenManifests, RawFiles, TextEditor
    from reconciler.manifests.tree.file_tree import Tree
    from reconciler.types.address import Address
    from reconciler.types.diagnostic import Diagnostic, Span
    from reconciler.types.json import Object
    from reconciler.types.manifest import Edit
    from reconciler.types.project import Project


LOOKED = "`reconciler validate` says what it passes over; -C FOLDER and PATH say where to look"


class OpenBodies:
    """One of the loader's open files as the engine sees it."""

    def __init__(self, file: OpenManifests) -> None:
        self._file = file

    @property
    def problems(self) -> Sequence[Diagnostic]:
        return self._file.problems

    def bodies(self) -> Sequence[Body]:
        return [self.body(index) for index in range(len(self._file.drafts))]

    def body(self, index: int) -> Body:
        from reconciler.engine.migrate.migration_files import Body
        from reconciler.manifests.read.build import check_lifecycle
        from reconciler.manifests.tree.problems import Findings

        draft = self._file.drafts[index]
        lifecycle = check_lifecycle(draft, Findings()) if draft.lifecycle else {}
        return Body(draft.address, draft.kind, draft.body, lifecycle, self._file.kept(index))

    def edit(self, index: int, edits: Sequence[Edit]) -> Callable[[], None]:
        return self._file.edit(index, edits)

    def place(self, index: int, pointer: str) -> Span:
        return self._file.place(index, pointer)

    def head(self, index: int, pointer: str) -> Span:
        return self._file.head(index, pointer)

    def data(self) -> bytes:
        return self._file.data()


class BodyEditor:
    """The loader's editor with manifests as the engine sees them."""

    def __init__(self, editor: TextEditor) -> None:
        self._editor = editor
        self.held: set[str] = set()
        """Paths of the files that hold documents of ours."""

    def open(self, path: str, data: bytes, *, overlay: bool) -> OpenBodies:
        found = self._editor.open(path, data, overlay=overlay)
        if found.speaks:
            self.held.add(path)
        return OpenBodies(found)

    def render(self, document: Object, comment: str) -> bytes:
        return self._editor.render(document, comment)


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """Everything that a run needs."""

    project: Project
    raw: RawFiles
    options: MigrateOptions
    tree: Tree | None = None
    paths: tuple[str, ...] = ()
    """What was asked for; empty: the whole project."""

    def once(self, answers: Answers) -> MigrationResult:
        """One run over the files as they were read."""
        from reconciler.api.manifests import project_catalogue
        from reconciler.engine.migrate.migration_files import SourceFile
        from reconciler.engine.migrate.run_migrations import migrate
        from reconciler.manifests.edit.source_files import TextEditor

        files: list[SourceFile] = [
            SourceFile(one.path, one.data, one.overlay, one.selected) for one in self.raw.files
        ]
        editor = TextEditor(self.project.kinds)
        bodies = BodyEditor(editor)
        home = Path(self.project.home)
        result = migrate(
            files,
            bodies,
            project_catalogue(self.project),
            replace(self.options, answers=answers),
            taken=lambda path: self.tree is None and (home / path).exists(),
        )
        diagnostics = (*self.raw.diagnostics, *result.diagnostics)
        shown = os.path.relpath(self.project.home, self.project.root)
        prefix = "" if shown == "." else f"{shown.replace(os.sep, '/')}/"
        return replace(
            result,
            secrets=frozenset(editor.secrets),
            diagnostics=diagnostics,
            prefix=prefix,
            held=frozenset(bodies.held & {one.path for one in files}),
        )

    def require_manifests(self, result: MigrationResult, *, allow_empty: bool = False) -> None:
        """Raise `NothingFound` where a run looked at nothing, or a path that was named holds nothing: that is never
        the success of having nothing to migrate. What is wrong with files is told instead, where something is."""
        from reconciler.api.state_paths import describe_search, display_path
        from reconciler.errors import NothingFound
        from reconciler.manifests.tree.file_tree import WorkTree, placed
        from reconciler.manifests.tree.repository import inside

        if allow_empty or result.diagnostics:
            return
        project = self.project
        held = [os.path.join(project.home, path) for path in result.held]  # noqa: PTH118
        tree = self.tree or WorkTree()
        for path in self.paths:
            place = placed(tree, project.base, project.home, path)
            if not any(inside(one, place) for one in held):
                where = display_path(os.path.join(project.base, path))  # noqa: PTH118
                raise NothingFound(f"there are no manifests in {where}", (), hint=LOOKED)
        if not held:
            where = describe_search(project, self.paths)
            raise NothingFound(
                f"there are no manifests: {where}", (), hint=f"{LOOKED}; --allow-empty where none are meant"
            )


def read_migration(
    project: Project,
    paths: Sequence[str],
    chosen: Sequence[Migration],
    answers: Answers,
    *,
    words: str | None = None,
    requested: frozenset[str] = frozenset(),
    tree: Tree | None = None,
    workspace: str | None = None,
    addresses: Callable[[Address], bool] | None = None,
    excluded: Collection[Address] = (),
) -> MigrationRun:
    """Read the manifest files of `project`, or those under `paths`. Raises `UsageError` for an unknown path.

    `words`: the vocabulary to write; `requested`: names of migrations that somebody asked for;
    `tree`: where the files are read from, None for the work tree; `workspace`: the only one in which a change has to
    be possible, None for all of them; `addresses`: which resources may change, None for all of them; `excluded`:
    those that nothing may rest on. Nothing rests on a manifest outside of `paths` either: a run over them does not
    write it.
    """
    from reconciler.api.manifests import platform_of
    from reconciler.core.migrating.migration import merge_answers
    from reconciler.engine.migrate.run_migrations import MigrateOptions
    from reconciler.manifests.edit.source_files import read_sources

    raw = read_sources(project, paths, tree)
    platform = platform_of(project)
    wanted = {platform.word_migration: {"words": words}} if words and platform.word_migration else {}
    merged = merge_answers(project.migrations, wanted, answers)
    layers = {name: paths for name, paths in raw.layers.items() if workspace in (None, name)}
    outside = {one.path for one in raw.files if not one.selected}
    target = words or next(iter(platform.vocabularies), "")
    options = MigrateOptions(
        tuple(chosen), merged, target, requested, raw.folder, workspaces=layers, addresses=addresses,
        apart=lambda subject: _outside(subject, outside, excluded), defaults=project.defaults,
    )  # fmt: skip
    return MigrationRun(project, raw, options, tree, tuple(paths))


def _outside(subject: Subject, outside: Collection[str], excluded: Collection[Address]) -> str | None:
    """Why the runs that these files are migrated for do not write a manifest, even where something refers to it."""
    if subject.address in excluded:
        return f"{subject.address} is excluded"
    if subject.overlay or subject.path not in outside:
        return None
    return f"{subject.path} is outside of the paths; name it as well"


def write_result(run: MigrationRun, result: MigrationResult, also: Sequence[Replacement] = ()) -> None:
    """Put the new texts in place, new files first, so that nothing ever refers to what is not there yet.

    `also`: files beside the manifests that belong to the change; all of them are written, or none.
    """
    from reconciler.api.output_files import write_files
    from reconciler.fsio import Replacement

    places = {one.path: one.place for one in run.raw.files}
    home = Path(run.project.home)
    write_files(
        [
            *also,
            *(
                Replacement(places.get(one.path, str(home / one.path)), one.before, one.after, one.path)
                for one in result.files
            ),
        ]
    )
