"""`reconciler watch`: workspaces reconciled again and again by this process."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import LazyGroup, enter
from reconciler.cli.settings import Settings
from reconciler.types.event import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.api.watch import Watched
    from reconciler.api.watch_server import Pages
    from reconciler.types.event import Event
    from reconciler.types.ports import Emit
    from reconciler.types.watch import Memory, Round

EXAMPLES = """
reconciler watch                         every workspace with `watch:` in the project file, until Ctrl-C
reconciler watch --only staging          one of them, or one without `watch:`
reconciler watch --once                  one round of each, for a scheduler that is there already
reconciler watch --json-log              a JSON line a round
reconciler watch --listen 9090           ... with its status at http://127.0.0.1:9090/
reconciler watch status                  what each workspace is, and why
reconciler watch approve 3f9c21d07a44 -w production
reconciler watch pause --for 2h --reason "the fair" -w production
"""
HELP = """Keep accounts as the manifests say: look again and again, and write where `mode: auto` lets it.

Each workspace with `watch:` in the project file has a thread of its own. A line says how a round ended: synced,
drifted, pending, blocked, awaiting_approval, failed, paused, frozen, locked, unauthorized or stale_source, and why.
Ctrl-C lets the changes that are on their way finish, frees the locks and ends.

With --once the exit code is the worst of all: 1 failed or unauthorized, 2 drifted, pending or awaiting_approval,
3 blocked, paused or frozen, 4 locked, else 0.

The commands below it are requests to the watcher of a workspace, wherever it runs: they are kept beside the state.
"""
HERE = "reconciler.cli.watch_requests"
SECONDS_BETWEEN = 3600.0
"""Before the same warning is said again."""
TABLE = {
    "status": (f"{HERE}:status", "What each workspace is, since when, why, and what comes next."),
    "plan": (f"{HERE}:plan", "Show the plan that waits for a person."),
    "approve": (f"{HERE}:approve", "Let exactly this plan be carried out."),
    "reject": (f"{HERE}:reject", "Say no to a plan; it is not asked about again."),
    "pause": (f"{HERE}:pause", "Neither look nor write until it is over."),
    "resume": (f"{HERE}:resume", "End a pause."),
    "reconcile": (f"{HERE}:reconcile", "Ask for a round now."),
}


@click.pass_context
def run_watch(ctx: click.Context, names: tuple[str, ...], once: bool, listen: str | None, mode: str | None) -> int:
    """Watch, where no request was named."""
    settings: Settings = ctx.obj
    if ctx.invoked_subcommand is not None:
        if names or once or listen or mode:
            raise click.UsageError(
                "--only, --once, --mode and --listen are for watching; of a request name the workspace: -w NAME"
            )
        return exit_codes.DONE
    if settings.chdir:
        enter(settings.chdir, ctx)
    return keep_watching(settings, names, once, listen, mode)


watch = LazyGroup(
    "watch",
    help=HELP,
    examples=EXAMPLES,
    table=TABLE,
    invoke_without_command=True,
    callback=run_watch,
    params=[
        click.Option(
            ["--only", "names"], metavar="NAME", multiple=True, help="Watch this workspace; may be repeated."
        ),
        click.Option(["--once"], is_flag=True, help="Do one round of each, print the table, and end."),
        click.Option(
            ["--mode"],
            type=click.Choice(["auto", "approve", "drift"]),
            help="What a round may do, whatever the project file says; without `watch:` there, of the default one.",
        ),
        click.Option(
            ["--listen"],
            metavar="[HOST:]PORT",
            help="Tell health, metrics and status over HTTP: /healthz /readyz /metrics /status.json and a page at /.",
        ),
    ],
)


def keep_watching(
    settings: Settings, names: tuple[str, ...], once: bool, listen: str | None, mode: str | None
) -> int:
    """Watch until somebody says stop, or with `once` for one round; the exit code."""
    from reconciler.api.session import Hooks
    from reconciler.api.watch import Fleet, watched
    from reconciler.api.watch_server import pages_of
    from reconciler.cli.composition import listening, open_session
    from reconciler.cli.output import TEXT, say, write_as
    from reconciler.reporters.watch_status import status_table

    session = open_session(settings)
    chosen = names or ((settings.workspace,) if settings.workspace else ())
    quiet = replace(session, emit=RareWarnings(session.emit), hooks=Hooks())
    workspaces = watched(quiet, chosen, mode)
    with listening() as interrupts, telling(settings) as tell:
        interrupts.graceful = True
        fleet = Fleet(workspaces, tell, say, interrupts.stop)
        if not once:
            with listening_at(lambda: pages_of(fleet), listen):
                fleet.run()
            return exit_codes.DONE
        rounds = fleet.once()
    if not settings.json_log and not settings.quiet:
        write_as(
            TEXT,
            status_table(
                [
                    (done, workspace.memory)
                    for workspace in workspaces
                    for done in rounds
                    if done.workspace == workspace.name
                ]
            ),
        )
    return exit_codes.worst(code_of(done) for done in rounds)


class RareWarnings:
    """An `Emit` that passes warnings on, each text at most once an hour: rounds come every few minutes, and what else
    one says stands in its own line."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._said: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Notice) or event.level != "warning":
            return
        now = time.monotonic()
        self._said = {text: at for text, at in self._said.items() if now - at < SECONDS_BETWEEN}
        if event.message not in self._said:
            self._said[event.message] = now
            self._emit(event)


@contextmanager
def listening_at(pages: Callable[[], Pages], address: str | None) -> Iterator[None]:
    """`pages` over HTTP, where that was asked for."""
    from reconciler.cli.output import say

    if address is None:
        yield
        return
    from reconciler.api.watch_server import serving

    with serving(pages(), address) as url:
        say(f"Status, metrics and health at {url}")
        yield


@contextmanager
def telling(settings: Settings) -> Iterator[Callable[[Watched, Round, Memory], None]]:
    """Prints a line a round (of rounds like the last one only with --verbose, or for machines), and tells whom the
    project file names."""
    from reconciler.api.notify import Notifier
    from reconciler.cli.output import TEXT, say, write, write_as
    from reconciler.reporters.watch_status import round_line, round_object

    notifier = Notifier(say)

    def tell(one: Watched, done: Round, before: Memory) -> None:
        if settings.json_log:
            write(json.dumps(round_object(done, one.memory, one.watch, one.now)) + "\n")
        elif settings.verbose or done.wrote or done.status is not before.status or done.commit != before.commit:
            write_as(TEXT, round_line(done, one.now) + "\n")
        notifier.tell(one, done, before)

    try:
        yield tell
    finally:
        notifier.close()


def code_of(done: Round) -> int:
    """The exit code of one round."""
    from reconciler.types.watch import Status

    codes = {
        Status.FAILED: exit_codes.ERROR, Status.UNAUTHORIZED: exit_codes.ERROR,
        Status.DRIFTED: exit_codes.DIFFERENCES, Status.PENDING: exit_codes.DIFFERENCES,
        Status.AWAITING_APPROVAL: exit_codes.DIFFERENCES,
        Status.BLOCKED: exit_codes.REFUSED, Status.PAUSED: exit_codes.REFUSED, Status.FROZEN: exit_codes.REFUSED,
        Status.LOCKED: exit_codes.LOCKED,
    }  # fmt: skip
    return codes.get(done.status, exit_codes.DONE)
