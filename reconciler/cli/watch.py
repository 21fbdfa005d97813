"""`reconciler watch`: workspaces reconciled again and again by this process."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.api.watch import Watched
    from reconciler.types.watch import Memory, Round

EXAMPLES = """
reconciler watch                      every workspace with `watch:` in the project file, until Ctrl-C
reconciler watch --only staging       one of them, or one without `watch:`
reconciler watch --once               one round of each, for a scheduler that is there already
reconciler watch --json-log           a JSON line a round
"""


@command("watch", examples=EXAMPLES)
@click.option("--only", "names", metavar="NAME", multiple=True, help="Watch this workspace; may be repeated.")
@click.option("--once", is_flag=True, help="Do one round of each, print the table, and end.")
def watch(settings: Settings, names: tuple[str, ...], once: bool) -> int:
    """Keep accounts as the manifests say: look again and again, and write where `mode: auto` lets it.

    Each workspace with `watch:` in the project file has a thread of its own. A line says how a round ended: synced,
    drifted, pending, blocked, failed, paused, frozen, locked, unauthorized or stale_source, and why. Ctrl-C lets the
    changes that are on their way finish, frees the locks and ends.

    With --once the exit code is the worst of all: 1 failed or unauthorized, 2 drifted or pending, 3 blocked, paused
    or frozen, 4 locked, else 0.
    """
    from reconciler.api.session import Hooks
    from reconciler.api.watch import Fleet, watched
    from reconciler.cli.composition import open_session
    from reconciler.cli.interrupt import listening
    from reconciler.cli.output import say, write
    from reconciler.reporters.watch_status import status_table

    session = open_session(settings)
    chosen = names or ((settings.workspace,) if settings.workspace else ())
    quiet = replace(session, emit=lambda event: None, hooks=Hooks())
    workspaces = watched(quiet, chosen)
    with listening() as interrupts, telling(settings, workspaces) as tell:
        interrupts.graceful = True
        fleet = Fleet(workspaces, tell, say, interrupts.stop)
        if not once:
            fleet.run()
            return exit_codes.DONE
        rounds = fleet.once()
    if not settings.json_log and not settings.quiet:
        write(
            status_table([(done, one.memory) for one in workspaces for done in rounds if done.workspace == one.name])
        )
    return exit_codes.worst(code_of(done) for done in rounds)


@contextmanager
def telling(
    settings: Settings, workspaces: tuple[Watched, ...]
) -> Iterator[Callable[[Watched, Round, Memory], None]]:
    """Prints a line a round (of rounds like the last one only with --verbose, or for machines), and tells whom the
    project file names."""
    from datetime import datetime

    from reconciler.api.watch import Notifier
    from reconciler.cli.output import say, write
    from reconciler.reporters.watch_status import round_line, round_object

    notifier = Notifier(say) if any(one.watch.notify for one in workspaces) else None

    def tell(one: Watched, done: Round, before: Memory) -> None:
        now = datetime.fromisoformat(one.session.clock.now())
        if settings.json_log:
            write(json.dumps(round_object(done, one.memory, one.watch, now)) + "\n")
        elif settings.verbose or done.wrote or done.status is not before.status or done.commit != before.commit:
            write(round_line(done, now) + "\n")
        if notifier is not None:
            notifier.tell(one, done, before)

    try:
        yield tell
    finally:
        if notifier is not None:
            notifier.close()


def code_of(done: Round) -> int:
    """The exit code of one round."""
    from reconciler.types.watch import Status

    codes = {
        Status.FAILED: exit_codes.ERROR, Status.UNAUTHORIZED: exit_codes.ERROR,
        Status.DRIFTED: exit_codes.DIFFERENCES, Status.PENDING: exit_codes.DIFFERENCES,
        Status.BLOCKED: exit_codes.REFUSED, Status.PAUSED: exit_codes.REFUSED, Status.FROZEN: exit_codes.REFUSED,
        Status.LOCKED: exit_codes.LOCKED,
    }  # fmt: skip
    return codes.get(done.status, exit_codes.DONE)
