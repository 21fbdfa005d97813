"""A run of `migrate` without its questions: manifest files in, their new texts out."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.migration import Answers, Migration, Subject
    from reconciler.core.migration_result import MigrationResult
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
        from reconciler.manifests.read.build_manifests import check_lifecycle
        from reconciler.manifests.tree.problems import Findings

        draft = self._file.drafts[index]
        lifecycle = check_lifecycle(draft, draft.body, Findings()) if draft.lifecycle else {}
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

    @property
    def project_file(self) -> str:
        """What a person calls the project file; empty where there is none."""
        from reconciler.api.paths import display_path

        return display_path(self.project.file) if self.project.file is not None else ""

    def once(self, answers: Answers) -> MigrationResult:
        """One run over the files as they were read."""
        from reconciler.api.manifests import project_catalogue
        from reconciler.engine.migrate.migration_files import SourceFile
        from reconciler.engine.migrate.run_migrations import migrate
        from reconciler.manifests.edit.source_files import TextEditor

        files: list[SourceFile] = [
            SourceFile(file.path, file.data, file.overlay, file.selected) for file in self.raw.files
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
            held=frozenset(bodies.held & {file.path for file in files}),
        )

    def accept_proposals(self) -> tuple[MigrationResult, Answers]:
        """Answer whatever has a proposal with it, and what that brings up, too: the result, and those answers."""
        from reconciler.core.migration import merge_answers

        given: Answers = {}
        tried: set[tuple[str, str, str]] = set()
        while True:
            result, more = self.once(merge_answers(self.options.answers, given)), given
            for asked in result.open_questions:
                for question in asked.by_address() if asked.proposal is None else (asked,):
                    keys, proposal = question.keys_of_its_own if question.alone else (asked.key,), question.proposal
                    if proposal is not None and (asked.name, keys[0], proposal) not in tried:
                        tried.add((asked.name, keys[0], proposal))
                        more = merge_answers(more, {asked.name: dict.fromkeys(keys, proposal)})
            if more == given:
                return result, given
            given = more

    def require_manifests(self, result: MigrationResult, *, allow_empty: bool = False) -> None:
        """Raise `NothingFound` where a run looked at nothing, or a path that was named holds nothing: that is never
        the success of having nothing to migrate. What is wrong with files is told instead, where something is."""
        from reconciler.api.paths import describe_search, display_path
        from reconciler.errors import NothingFound
        from reconciler.manifests.tree.file_tree import WorkTree, placed
        from reconciler.manifests.tree.repository import inside

        if allow_empty or any(diagnostic.is_error for diagnostic in result.diagnostics):
            return
        project = self.project
        held = [os.path.join(project.home, path) for path in result.held]  # noqa: PTH118
        tree = self.tree or WorkTree()
        for path in self.paths:
            place = placed(tree, project.base, project.home, path)
            if not any(inside(held_path, place) for held_path in held):
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
    from reconciler.core.migration import merge_answers
    from reconciler.engine.migrate.run_migrations import MigrateOptions
    from reconciler.manifests.edit.source_files import read_sources

    raw = read_sources(project, paths, tree)
    platform = platform_of(project)
    wanted = {platform.word_migration: {"words": words}} if words and platform.word_migration else {}
    merged = merge_answers(project.migrations, wanted, answers)
    layers = {name: paths for name, paths in raw.layers.items() if workspace in (None, name)}
    outside = {file.path for file in raw.files if not file.selected}
    target = words or next(iter(platform.vocabularies), "")
    options = MigrateOptions(
        tuple(chosen), merged, target, requested, raw.folder, workspaces=layers, addresses=addresses,
        apart=lambda subject: _outside(subject, outside, excluded), defaults=project.defaults,
        values=tuple(project.workspaces[name].values for name in layers if name in project.workspaces),
    )  # fmt: skip
    return MigrationRun(project, raw, options, tree, tuple(paths))


def _outside(subject: Subject, outside: Collection[str], excluded: Collection[Address]) -> str | None:
    """Why the runs that these files are migrated for do not write a manifest, even where something refers to it."""
    if subject.address in excluded:
        return f"{subject.address} is excluded"
    if subject.overlay or subject.path not in outside:
        return None
    return f"{subject.path} is outside of the paths; name it as well"


def saving_answers(run: MigrationRun, result: MigrationResult, answers: Answers) -> MigrationResult:
    """The result with the answers in the project file, as one more file that changes: its text stays as it is written
    around them. Raises `ReconcilerError` where there is no project file, or none that takes them."""
    from reconciler.api.manifests import platform_of
    from reconciler.api.paths import read_file
    from reconciler.core.migration import known_names
    from reconciler.core.migration_result import FileChange
    from reconciler.errors import ReconcilerError
    from reconciler.manifests.project.project_parts import with_answers
    from reconciler.types.manifest import EditRefused

    file = run.project.file
    if file is None:
        raise ReconcilerError("there is no project file to save the answers in", hint="`reconciler init` writes one")
    path = project_path(run)
    before = read_file(file)
    try:
        after = with_answers(before, path, answers, known_names(platform_of(run.project).migrations))
    except EditRefused as problem:
        raise ReconcilerError(f"the answers cannot be saved: {problem}", hint="write them there by hand") from None
    if after == before:
        return result
    return replace(result, files=(*result.files, FileChange(path, before, after)))


def project_path(run: MigrationRun) -> str:
    """The project file as the files of a result are called; empty where there is none."""
    file = run.project.file
    return os.path.relpath(file, run.project.home).replace(os.sep, "/") if file is not None else ""


def write_result(run: MigrationRun, result: MigrationResult, also: Sequence[Replacement] = ()) -> None:
    """Put the new texts in place, new files first, so that nothing ever refers to what is not there yet.

    `also`: files beside the manifests that belong to the change; all of them are written, or none.
    """
    from reconciler.api.paths import write_files
    from reconciler.fsio import Replacement

    places = {file.path: file.place for file in run.raw.files}
    home = Path(run.project.home)
    if run.project.file is not None:  # a link stays one: what it leads to is written
        places[project_path(run)] = os.path.realpath(run.project.file)
    write_files(
        [
            *also,
            *(
                Replacement(places.get(file.path, str(home / file.path)), file.before, file.after, file.path)
                for file in result.files
            ),
        ]
    )
