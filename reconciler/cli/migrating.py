"""A run of `migrate`: files in, questions asked, files out, the report in the format that was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.settings import Settings
from reconciler.cli.streams import is_terminal, say, write
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.engine.migrate import Body, MigrateOptions, SourceFile
    from reconciler.loader.sources import RawFiles, TextEditor
    from reconciler.migrations.base import Answers, Migration, Question
    from reconciler.migrations.outcome import MigrationResult
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.edit import Edit
    from reconciler.types.json import Object
    from reconciler.types.project import Project

FORMATS = ("text", "json", "markdown", "html")
ROUNDS = 20
"""An answer may bring up another question; after so many rounds nobody wants to go on."""


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

    settings: Settings
    project: Project
    raw: RawFiles
    options: MigrateOptions

    def result(self, *, ask: bool) -> MigrationResult:
        """Run the migrations; on a terminal, ask what is open and run them again."""
        answers = self.options.answers
        result = self.once(answers)
        if not ask or not can_ask(self.settings):
            return result
        from reconciler.migrations.answers import merge_answers

        passed: set[tuple[str, str]] = set()
        for _ in range(ROUNDS):
            todo = [(name, question) for name, question in result.questions if (name, question.key) not in passed]
            if not todo:
                break
            for name, question in todo:
                passed.add((name, question.key))
                answer = ask_question(name, question)
                if answer is not None:
                    answers = merge_answers(answers, {name: {question.key: answer}})
            result = self.once(answers)
        return result

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
            load_catalogue(),
            replace(self.options, answers=answers),
            taken=lambda path: (home / path).exists(),
        )
        diagnostics = (*self.raw.diagnostics, *result.diagnostics)
        shown = os.path.relpath(self.project.home, self.project.root)
        prefix = "" if shown == "." else f"{shown.replace(os.sep, '/')}/"
        return replace(result, secrets=frozenset(editor.secrets), diagnostics=diagnostics, prefix=prefix)


def open_migration(
    settings: Settings,
    chosen: Sequence[Migration],
    answers: Answers,
    words: str | None,
    requested: frozenset[str],
) -> MigrationRun:
    """Find the project and read its manifest files. Raises `UsageError` for an unknown path or format."""
    from reconciler.engine.migrate import MigrateOptions
    from reconciler.loader.project import load_project
    from reconciler.loader.sources import read_sources
    from reconciler.migrations.answers import merge_answers

    for name in (settings.format or "text", *(name for name, _ in settings.reports)):
        if name not in FORMATS:
            raise UsageError(f"migrate speaks {', '.join(FORMATS)}, not {name}")
    where = settings.project if settings.project is not None else "."
    project = load_project(where, manifests=settings.manifests or None)
    raw = read_sources(project, settings.manifests)
    wanted = {"vocabulary-persona-to-pal": {"words": words}} if words else {}
    options = MigrateOptions(
        tuple(chosen),
        merge_answers(project.migrations, wanted, answers),
        words or "pal",
        requested,
        raw.folder,
    )
    return MigrationRun(settings, project, raw, options)


def write_result(run: MigrationRun, result: MigrationResult) -> None:
    """Put the new texts in place, new files first, so that nothing ever refers to what is not there yet."""
    from reconciler.loader.filewrite import Replacement, write_all

    places = {one.path: one.place for one in run.raw.files}
    home = Path(run.project.home)
    write_all(
        [
            Replacement(places.get(one.path, str(home / one.path)), one.before, one.after, one.path)
            for one in result.files
        ]
    )


def can_ask(settings: Settings) -> bool:
    """Whether a person sits there who could answer."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr) and settings.format in {None, "text"}


def ask_question(name: str, question: Question) -> str | None:
    """Ask on standard error: a number, a value, or nothing to leave it open."""
    from reconciler.migrations.base import KEEP, Choice
    from reconciler.migrations.report import reason_of

    choices = (*question.choices, Choice(KEEP, "leave it as it is"))
    say(f"\n{name}: {question.text}")
    for number, choice in enumerate(choices, 1):
        say(f"  {number}. {choice.value}: {reason_of(choice)}")
    if question.free:
        say(f"     or {question.free}")
    say("  Answer (empty: decide later): ", end="")
    try:
        line = sys.stdin.readline().strip()
    except (OSError, UnicodeDecodeError):
        line = ""
    if line.isdigit() and 1 <= int(line) <= len(choices):
        return choices[int(line) - 1].value
    return line or None


def deliver_result(result: MigrationResult, settings: Settings, *, written: bool) -> None:
    """The report to standard output and into the files of `--report`; unreadable files on standard error."""
    from reconciler.cli.files import write_file
    from reconciler.cli.outcome import style

    width = style(settings).width
    for problem in result.diagnostics:
        say(f"error: {problem.span}: {problem.summary}" if problem.span else f"error: {problem.summary}")
    write(render(result, settings.format or "text", written=written, width=width, quiet=settings.quiet))
    for name, path in settings.reports:
        text = render(result, name, written=written, width=width, quiet=False)
        write_file(path, text.encode("utf-8", "backslashreplace"))


def render(result: MigrationResult, name: str, *, written: bool, width: int, quiet: bool) -> str:
    """The report in one format."""
    import json

    from reconciler.migrations import report, report_page

    if name == "json":
        return json.dumps(report.as_json(result, written=written), ensure_ascii=False, indent=2) + "\n"
    pages: dict[str, Callable[[], str]] = {
        "markdown": lambda: report_page.as_markdown(result, written=written),
        "html": lambda: report_page.as_html(result, written=written),
    }
    if name in pages:
        return pages[name]()
    if quiet:
        return report.summary(result, written=written) + "\n"
    return report.as_text(result, written=written, width=width)


def list_migrations(settings: Settings) -> int:
    """The table of migrations, as text or JSON."""
    from reconciler.cli.outcome import emit_document, style
    from reconciler.migrations.report import table_json, table_text

    width = style(settings).width
    return emit_document(settings, text=lambda: table_text(width), document=table_json)
