"""`reconciler migrate`: rewrite manifests off what the vendor deprecated."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.flags import PATHS, option
from reconciler.cli.global_options import PairType, Settings
from reconciler.cli.lazy_group import command
from reconciler.cli.output import gate, is_terminal, say, write
from reconciler.errors import UsageError
from reconciler.types.json import number_in

if TYPE_CHECKING:
    from reconciler.api.export_target import TargetExport
    from reconciler.api.migrate import MigrationRun
    from reconciler.core.migrating.migration import Answers, Migration, Question
    from reconciler.core.migrating.migration_result import MigrationResult

EXAMPLES = """
reconciler migrate                                      what would change, and what needs a choice
reconciler migrate --write                              change the files
reconciler migrate --check                              for CI: exits with 2 when there is something to do
reconciler migrate --only model-successor --answer model-successor.tavus-gpt-4o=tavus-gpt-oss --write
reconciler migrate --format markdown                    a report for a ticket
reconciler migrate --only livekit-handover persona.desk --write    its thinking moves to a LiveKit agent
reconciler migrate --list                               all migrations
"""


@command("migrate", examples=EXAMPLES)
@PATHS
@click.option("--write", is_flag=True, help="Change the files; without it, only show.")
@click.option(
    "--check",
    is_flag=True,
    help="Change nothing; exit with 2 when something could be changed, or what no longer works waits for an answer.",
)
@click.option("--only", multiple=True, metavar="RULE", help="Only this migration (name or id); may be repeated.")
@click.option("--skip", multiple=True, metavar="RULE", help="Not this migration; may be repeated.")
@click.option("--to", "words", type=click.Choice(["persona", "pal"]), help="The vocabulary to write [default: pal].")
@click.option(
    "--answer",
    "given",
    multiple=True,
    type=PairType("NAME=VALUE or NAME.KEY=VALUE"),
    metavar="NAME=VALUE",
    help="Answer a question; NAME is a migration, or MIGRATION.KEY for one of its questions.",
)
@click.option(
    "--agents", "folder", metavar="FOLDER", type=click.Path(file_okay=False),
    help="Where livekit-handover puts the agents [default: livekit-agents].",
)  # fmt: skip
@option("allow_empty")
@click.option("--list", "listing", is_flag=True, help="Show every migration and stop.")
def migrate(
    settings: Settings,
    paths: tuple[str, ...],
    write: bool,
    check: bool,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    words: str | None,
    given: tuple[tuple[str, str], ...],
    folder: str | None,
    allow_empty: bool,
    listing: bool,
) -> int:
    """Rewrite manifests off deprecated models, fields and inline tools; comments and formatting stay.

    Prints a diff and what needs a choice; --write carries it out, in all files or in none. Choices are asked on a
    terminal, or answered with --answer or under `migrations:` in the project file; else they are left and listed.
    """
    from reconciler.api.export_target import is_handover
    from reconciler.api.manifests import platform_of
    from reconciler.api.migrate import write_result
    from reconciler.cli.composition import find_project
    from reconciler.core.migrating.migration import choose_migrations, parse_answers, requested_names
    from reconciler.errors import UsageError

    if listing:
        return list_migrations(settings)
    if write and check:
        raise UsageError("--write changes files and --check does not: give one of the two")
    known = platform_of(find_project(settings.with_paths(paths))).migrations
    chosen = choose_migrations(known, only, skip)
    answers: Answers = parse_answers(given, known)
    requested = requested_names(known, only)
    if paths and is_handover(requested):
        answers = named_answers(settings, paths, answers)
    else:
        settings = settings.with_paths(paths)
    run = open_migration(settings, chosen, answers, words, requested)
    result: MigrationResult = run.once(run.options.answers) if check else ask_and_migrate(run, settings)
    run.require_manifests(result, allow_empty=allow_empty)
    agents = agents_of(settings, result, folder)
    written = write and bool(result.files)
    if written:
        write_result(run, result, agents.changes if agents is not None else ())
    news = not check or _is_news(run, result)
    deliver_result(result, settings if news or settings.verbose else replace(settings, quiet=True), written=written)
    if agents is not None:
        from reconciler.reporters.exports import handover_lines

        for line in handover_lines(agents.target, agents.workspace, agents.personas, agents.written, written=written):
            say(line)
    codes = [exit_codes.ERROR] if result.diagnostics else []
    if check and news:
        codes.append(exit_codes.DIFFERENCES)
    return exit_codes.worst(codes)


def _is_news(run: MigrationRun, result: MigrationResult) -> bool:
    """Whether there is anything to do that the project's baseline does not hold; says what it holds."""
    from reconciler.api.validate import new_migrations

    new, held = new_migrations(run.project, result, run.tree)
    if held:
        rest = f"{new} are new" if new else "nothing is new"
        say(f"{held} of {new + held} proposals are accepted in the baseline; {rest}.")
    return new > 0 or bool(result.files and not held)


ROUNDS = 20
"""An answer may bring up another question; after so many rounds nobody wants to go on."""


def ask_and_migrate(run: MigrationRun, settings: Settings) -> MigrationResult:
    """Session the migrations; on a terminal, ask what is open and run them again."""
    answers = run.options.answers
    result = run.once(answers)
    if not can_ask(settings):
        return result
    from reconciler.core.migrating.migration import merge_answers

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
    from reconciler.cli.composition import find_project

    for name in (settings.format or "text", *(name for name, _ in settings.reports)):
        if name not in MIGRATION_FORMATS:
            raise UsageError(f"migrate speaks {', '.join(MIGRATION_FORMATS)}, not {name}")
    project = find_project(settings)
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
    from reconciler.platforms import PLATFORMS
    from reconciler.reporters.migration_report import table_json, table_text

    width = style(settings).width
    rows = PLATFORMS.migrations().all().values()
    return emit_document(settings, text=lambda: table_text(rows, width), document=lambda: table_json(rows))


def named_answers(settings: Settings, words: tuple[str, ...], given: Answers) -> Answers:
    """The personas that `words` name (addresses or files) are handed over, unless `--answer` says otherwise."""
    from reconciler.api.export_target import name_personas
    from reconciler.cli.composition import find_project
    from reconciler.core.migrating.migration import merge_answers

    return merge_answers(name_personas(find_project(settings), words), given)


def agents_of(settings: Settings, result: MigrationResult, folder: str | None) -> TargetExport | None:
    """The agents for the personas that leave in this run, not written yet; None where nobody leaves."""
    from reconciler.api.export_target import handed_over, prepare_agents

    if not handed_over(result):
        return None
    from reconciler.cli.composition import open_session

    return prepare_agents(open_session(settings), result, folder)
