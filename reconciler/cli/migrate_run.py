"""A run of `migrate`: files in, questions asked, files out, the report in the format that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.cli.global_settings import Settings
from reconciler.cli.stdio import gate, is_terminal, say, write
from reconciler.errors import UsageError
from reconciler.types.number import number_in

if TYPE_CHECKING:
    from reconciler.api.migrate import MigrationRun
    from reconciler.core.migrating.migration import Answers, Migration, Question
    from reconciler.core.migrating.migration_result import MigrationResult

ROUNDS = 20
"""An answer may bring up another question; after so many rounds nobody wants to go on."""


def ask_and_migrate(run: MigrationRun, settings: Settings) -> MigrationResult:
    """Run the migrations; on a terminal, ask what is open and run them again."""
    answers = run.options.answers
    result = run.once(answers)
    if not can_ask(settings):
        return result
    from reconciler.core.migrating.answers import merge_answers

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
        result = run.once(answers)
    return result


def open_migration(
    settings: Settings,
    chosen: Sequence[Migration],
    answers: Answers,
    words: str | None,
    requested: frozenset[str],
) -> MigrationRun:
    """Find the project and read its manifest files. Raises `UsageError` for an unknown path or format."""
    from reconciler.api.migrate import read_migration
    from reconciler.api.render import MIGRATION_FORMATS
    from reconciler.manifests.project.project_file import load_project

    for name in (settings.format or "text", *(name for name, _ in settings.reports)):
        if name not in MIGRATION_FORMATS:
            raise UsageError(f"migrate speaks {', '.join(MIGRATION_FORMATS)}, not {name}")
    where = settings.project if settings.project is not None else "."
    project = load_project(where, manifests=settings.manifests or None)
    return read_migration(project, settings.manifests, chosen, answers, words=words, requested=requested)


def can_ask(settings: Settings) -> bool:
    """Whether a person sits there who could answer."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr) and settings.format in {None, "text"}


def ask_question(name: str, question: Question) -> str | None:
    """Ask on standard error: a number, a value, or nothing to leave it open."""
    from reconciler.core.migrating.migration import KEEP, Choice
    from reconciler.reporters.migration_report import reason_of

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
    if (chosen := number_in(line)) is not None and 1 <= chosen <= len(choices):
        return choices[chosen - 1].value
    return line or None


def deliver_result(result: MigrationResult, settings: Settings, *, written: bool) -> None:
    """The report to standard output and into the files of `--report`; unreadable files on standard error."""
    from reconciler.api.output_files import write_file
    from reconciler.api.render import render_migration
    from reconciler.cli.output import style

    width = style(settings).width
    redactor = gate()
    for problem in result.diagnostics:
        say(f"error: {problem.span}: {problem.summary}" if problem.span else f"error: {problem.summary}")
    write(
        render_migration(
            result, settings.format or "text", written=written, width=width, quiet=settings.quiet, redactor=redactor
        )
    )
    for name, path in settings.reports:
        text = render_migration(result, name, written=written, width=width, quiet=False, redactor=redactor)
        write_file(path, text.encode("utf-8", "backslashreplace"))


def list_migrations(settings: Settings) -> int:
    """The table of migrations, as text or JSON."""
    from reconciler.cli.output import emit_document, style
    from reconciler.reporters.migration_report import table_json, table_text

    width = style(settings).width
    return emit_document(settings, text=lambda: table_text(width), document=table_json)
