"""`reconciler migrate`: rewrite manifests off what the vendor deprecated."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import command
from reconciler.cli.flags import PATHS, option
from reconciler.cli.global_options import PairType
from reconciler.cli.output import TEXT, ask, gate, is_terminal, say, write_as
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.export_target import TargetExport
    from reconciler.api.migrate import MigrationRun
    from reconciler.core.migration import Answers, Migration
    from reconciler.core.migration_result import MigrationResult

EXAMPLES = """
reconciler migrate                                      what would change, and what needs a choice
reconciler migrate --write                              show the diff, ask, change the files
reconciler migrate --write --accept-proposed --yes      take what is proposed; what is not stays open
reconciler migrate --check                              for CI: exits with 2 when there is something to do
reconciler migrate --only model-successor --answer model-successor.tavus-gpt-4o=tavus-gpt-oss --write
reconciler migrate --format markdown                    a report for a ticket
reconciler migrate --only livekit-handover persona.desk --write    its thinking moves to a LiveKit agent
reconciler migrate --list                               all migrations
"""
ACCEPTED = "No changes beyond what the baseline accepts; `reconciler migrate` shows that.\n"


@command("migrate", examples=EXAMPLES)
@PATHS
@click.option("--write", is_flag=True, help="Change the files; without it, only show.")
@click.option("--yes", is_flag=True, help="With --write, do not ask before writing.")
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
    "--accept-proposed", is_flag=True, help="Answer every question with what it proposes; the others stay open."
)
@click.option(
    "--save-answers/--no-save-answers",
    "save",
    default=None,
    help="Keep the answers under `migrations:` in the project file [default: those given on a terminal].",
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
    yes: bool,
    check: bool,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    words: str | None,
    given: tuple[tuple[str, str], ...],
    accept_proposed: bool,
    save: bool | None,
    folder: str | None,
    allow_empty: bool,
    listing: bool,
) -> int:
    """Rewrite manifests off deprecated models, fields and inline tools; comments and formatting stay.

    Prints a diff and what needs a choice; --write carries it out, in all files or in none, after a question where
    there is a terminal. Choices are asked on a terminal, or answered with --answer or under `migrations:` in the
    project file (by question, by manifest, or for all: `keep` leaves things as they are). Without a terminal nobody
    is asked: what is open is left and listed with the line that answers it, and the exit code is 0, with --check 2
    when there is something to do.
    """
    from reconciler.api.export_target import is_handover
    from reconciler.api.manifests import platform_of
    from reconciler.api.migrate import write_result
    from reconciler.cli.composition import find_project
    from reconciler.core.migration import choose_migrations, parse_answers, requested_names
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
    result, said = settle_questions(run, settings, accept=accept_proposed, check=check)
    run.require_manifests(result, allow_empty=allow_empty)
    result = result if check else with_saved_answers(run, result, answers, said, save=save)
    agents = agents_of(settings, result, folder)
    asks = can_ask(settings)
    if asks and not write and not check:
        offer_to_save(run, result, settings)
        return exit_codes.worst(problems_of(result))
    if asks and write and result.files and not yes:
        deliver_result(run, result, settings, written=False)
        if not confirm_writing(run, result, settings):
            say("Cancelled; nothing was written.")
            return exit_codes.ERROR
        settings = replace(settings, quiet=True, reports=())
    written = write and bool(result.files)
    if written:
        write_result(run, result, agents.changes if agents is not None else ())
    news, held = _news(run, result) if check else (True, 0)
    shown = settings if news or settings.verbose else replace(settings, quiet=True)
    deliver_result(run, result, shown, written=written, accepted=held > 0 and not news)
    if agents is not None:
        from reconciler.reporters.exports import handover_lines

        for line in handover_lines(agents.target, agents.workspace, agents.personas, agents.written, written=written):
            say(line)
    codes = problems_of(result)
    if check and news:
        codes.append(exit_codes.DIFFERENCES)
    return exit_codes.worst(codes)


def _news(run: MigrationRun, result: MigrationResult) -> tuple[bool, int]:
    """Whether there is anything to do that the project's baseline does not hold, and how much it holds, which is
    said."""
    from reconciler.api.validate import new_migrations

    new, held = new_migrations(run.project, result, run.tree)
    if held:
        rest = f"{new} are new" if new else "nothing is new"
        say(f"{held} of {new + held} proposals are accepted in the baseline; {rest}.")
    return new > 0 or bool(result.files and not held), held


def problems_of(result: MigrationResult) -> list[int]:
    """Exit codes for files that could not be read."""
    return [exit_codes.ERROR for diagnostic in result.diagnostics if diagnostic.is_error]


def settle_questions(
    run: MigrationRun, settings: Settings, *, accept: bool, check: bool
) -> tuple[MigrationResult, Answers]:
    """Run the migrations; take what is proposed where that is wanted, and on a terminal ask what is open, unless this
    is a check. The result, and the answers that were given here."""
    from reconciler.cli.migrate_questions import Questions
    from reconciler.cli.output import style

    result, given = run.accept_proposals() if accept else (run.once(run.options.answers), {})
    questions = Questions(run, style(settings).width, result, given)
    if can_ask(settings) and not check:
        questions.ask_all()
    return questions.result, questions.given


def with_saved_answers(
    run: MigrationRun, result: MigrationResult, flags: Answers, said: Answers, *, save: bool | None
) -> MigrationResult:
    """The result with the project file among its files, where answers are kept there: those of this terminal, unless
    that is not wanted; with --save-answers those of --answer as well. One that cannot take them is said."""
    from reconciler.api.migrate import saving_answers
    from reconciler.core.migration import merge_answers
    from reconciler.errors import ReconcilerError
    from reconciler.reporters.migration_questions import answer_lines

    kept = merge_answers(flags, said) if save else said if save is None and is_terminal(sys.stdin) else {}
    if not kept:
        return result
    try:
        return saving_answers(run, result, kept)
    except ReconcilerError as error:
        say(f"warning: {error}{f' ({error.hint})' if error.hint else ''}; the answers are:")
        for line in answer_lines(kept):
            say(f"  {line}")
        return result


def offer_to_save(run: MigrationRun, result: MigrationResult, settings: Settings) -> None:
    """Without --write: show everything, and keep the answers where a person wants that."""
    from reconciler.api.migrate import project_path, write_result

    deliver_result(run, result, settings, written=False)
    own = tuple(file for file in result.files if file.path == project_path(run))
    stay = "The manifests stay as they are: --write changes them."
    if own and ask(f"Save the answers in {run.project_file}?", stay):
        write_result(run, replace(result, files=own))
        say(f"Saved in {run.project_file}.")


def confirm_writing(run: MigrationRun, result: MigrationResult, settings: Settings) -> bool:
    """Whether a person who saw the diff wants it written; where standard output is no screen, it is shown here."""
    from reconciler.reporters.migration_diff import file_diff

    if not is_terminal(sys.stdout):
        for file in result.files:
            say(file_diff(file, result.secrets, result.prefix))
    count = len(result.files)
    return ask(f"Write {'this file' if count == 1 else f'these {count} files'}?", "All of them are written, or none.")


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


def deliver_result(
    run: MigrationRun, result: MigrationResult, settings: Settings, *, written: bool, accepted: bool = False
) -> None:
    """The report to standard output and into the files of `--report`; problems on standard error. `accepted`: the
    baseline holds all there is to do."""
    from reconciler.api.paths import write_file
    from reconciler.api.render import render_migration
    from reconciler.cli.output import style

    how, redactor = style(settings), gate()
    for problem in result.diagnostics:
        place = f"{problem.span}: " if problem.span else ""
        hint = f" ({problem.hint})" if problem.hint and not problem.is_error else ""
        say(f"{problem.severity.value}: {place}{problem.summary}{hint}")
    name, file = settings.format or "text", run.project_file
    if accepted and how.quiet and name == TEXT:
        write_as(name, ACCEPTED)
    else:
        write_as(name, render_migration(result, name, how, written=written, redactor=redactor, file=file))
    for name, path in settings.reports:
        whole = replace(how, quiet=False, detail=settings.detail or "full")
        text = render_migration(result, name, whole, written=written, redactor=redactor, file=file)
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
    from reconciler.core.migration import merge_answers

    return merge_answers(name_personas(find_project(settings), words), given)


def agents_of(settings: Settings, result: MigrationResult, folder: str | None) -> TargetExport | None:
    """The agents for the personas that leave in this run, not written yet; None where nobody leaves."""
    from reconciler.api.export_target import handed_over, prepare_agents

    if not handed_over(result):
        return None
    from reconciler.cli.composition import open_session

    return prepare_agents(open_session(settings), result, folder)
