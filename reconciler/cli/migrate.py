"""`reconciler migrate`: rewrite manifests off what the vendor deprecated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.global_options import PairType
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command
from reconciler.cli.plan_flags import EMPTY, PATHS

if TYPE_CHECKING:
    from reconciler.core.migrating.migration import Answers
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
@EMPTY
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
    from reconciler.api.livekit_handover import is_handover
    from reconciler.api.migrate import write_result
    from reconciler.cli.migrate_handover import agents_of, named_answers, tell_agents
    from reconciler.cli.migrate_run import ask_and_migrate, deliver_result, list_migrations, open_migration
    from reconciler.core.migrating.answers import choose_migrations, parse_answers, requested_names
    from reconciler.core.migrating.migration_result import is_undone
    from reconciler.errors import UsageError

    if listing:
        return list_migrations(settings)
    if write and check:
        raise UsageError("--write changes files and --check does not: give one of the two")
    chosen = choose_migrations(only, skip)
    answers: Answers = parse_answers(given)
    requested = requested_names(only)
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
    deliver_result(result, settings, written=written)
    tell_agents(agents, written=written)
    codes = [exit_codes.ERROR] if result.diagnostics else []
    if check and is_undone(result):
        codes.append(exit_codes.DIFFERENCES)
    return exit_codes.worst(codes)
