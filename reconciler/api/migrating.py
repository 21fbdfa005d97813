"""A run of `migrate` without its questions: manifest files in, their new texts out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.engine.migrate import Body, MigrateOptions, SourceFile
    from reconciler.loader.files import Tree
    from reconciler.loader.filewrite import Replacement
    from reconciler.loader.sources import RawFiles, TextEditor
    from reconciler.migrations.base import Answers, Migration
    from reconciler.migrations.outcome import MigrationResult
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.edit import Edit
    from reconciler.types.json import Object
    from reconciler.types.project import Project


class BodyEditor:
    """The loader's editor with manifests as the engine sees them."""

    def __init__(self, editor: TextEditor) -> None:
        self._editor = editor

    def bodies(self, path: str, data: bytes, *, overlay: bool) -> tuple[Sequence[Body], Sequence[Diagnostic]]:
        from reconciler.engine.migrate import Body

        drafts, problems = self._editor.bodies(path, data, overlay=overlay)
        return [Body(one.address, one.body, one.source.document, one.source.base) for one in drafts], problems

    def rewrite(self, path: str, data: bytes, edits: Sequence[tuple[int, Edit]]) -> bytes:
        return self._editor.rewrite(path, data, edits)

    def render(self, document: Object, comment: str) -> bytes:
        return self._editor.render(document, comment)

    def line_of(self, path: str, data: bytes, document: int, pointer: str) -> tuple[Sequence[str], int]:
        from reconciler.rules.keep import split_lines

        text, line = self._editor.line_of(path, data, document, pointer)
        return split_lines(text), line


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """Everything that a run needs."""

    project: Project
    raw: RawFiles
    options: MigrateOptions
    tree: Tree | None = None

    def once(self, answers: Answers) -> MigrationResult:
        """One run over the files as they were read."""
        from reconciler.engine.migrate import SourceFile, migrate
        from reconciler.loader.catalogue import load_catalogue
        from reconciler.loader.sources import TextEditor

        files: list[SourceFile] = [
            SourceFile(one.path, one.data, one.overlay, one.selected) for one in self.raw.files
        ]
        editor = TextEditor()
        home = Path(self.project.home)
        result = migrate(
            files,
            BodyEditor(editor),
            self.project.catalogue or load_catalogue(),
            replace(self.options, answers=answers),
            taken=lambda path: self.tree is None and (home / path).exists(),
        )
        diagnostics = (*self.raw.diagnostics, *result.diagnostics)
        shown = os.path.relpath(self.project.home, self.project.root)
        prefix = "" if shown == "." else f"{shown.replace(os.sep, '/')}/"
        return replace(result, secrets=frozenset(editor.secrets), diagnostics=diagnostics, prefix=prefix)


def read_migration(
    project: Project,
    paths: Sequence[str],
    chosen: Sequence[Migration],
    answers: Answers,
    *,
    words: str | None = None,
    requested: frozenset[str] = frozenset(),
    tree: Tree | None = None,
) -> MigrationRun:
    """Read the manifest files of `project`, or those under `paths`. Raises `UsageError` for an unknown path.

    `words`: the vocabulary to write, `persona` or `pal`; `requested`: names of migrations that somebody asked for;
    `tree`: where the files are read from, None for the work tree.
    """
    from reconciler.engine.migrate import MigrateOptions
    from reconciler.loader.sources import read_sources
    from reconciler.migrations.answers import merge_answers

    raw = read_sources(project, paths, tree)
    wanted = {"vocabulary-persona-to-pal": {"words": words}} if words else {}
    merged = merge_answers(project.migrations, wanted, answers)
    options = MigrateOptions(tuple(chosen), merged, words or "pal", requested, raw.folder)
    return MigrationRun(project, raw, options, tree)


def write_result(run: MigrationRun, result: MigrationResult, also: Sequence[Replacement] = ()) -> None:
    """Put the new texts in place, new files first, so that nothing ever refers to what is not there yet.

    `also`: files beside the manifests that belong to the change; all of them are written, or none.
    """
    from reconciler.loader.filewrite import Replacement, write_all

    places = {one.path: one.place for one in run.raw.files}
    home = Path(run.project.home)
    write_all(
        [
            *also,
            *(
                Replacement(places.get(one.path, str(home / one.path)), one.before, one.after, one.path)
                for one in result.files
            ),
        ]
    )
