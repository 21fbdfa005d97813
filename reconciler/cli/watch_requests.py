"""`reconciler watch status | plan | approve | reject | pause | resume | reconcile`: requests to a watcher."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import command
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.api.session import Session

HEARD = "Its watcher, or the next round of `reconciler watch --once`, does so."


@command("status", examples="\nreconciler watch status\nreconciler watch status -w production --format json\n")
def status(settings: Settings) -> int:
    """What each watched workspace is, since when, why, and what comes next, as its watcher noted it beside the state.

    With -w one workspace; where none has `watch:`, the usual one. It says so where no watcher runs, or one was not
    heard of for long.
    """
    from reconciler.api.watch_requests import RequestStore
    from reconciler.cli.output import emit_document
    from reconciler.reporters.watch_status import noted_object, noted_table

    session = _opened(settings)
    watched = session.project.watched
    names = watched if watched and not settings.workspace else (session.workspace.name,)
    now = session.now
    found = [RequestStore(session.in_workspace(name)).look() for name in names]
    return emit_document(
        settings,
        text=lambda: noted_table(found, now),
        document=lambda: {
            "format_version": "1.0",
            "workspaces": [noted_object(noted, now) for noted in found],
        },
    )


@command("plan", examples="\nreconciler watch plan -w production\nreconciler watch plan --out waiting.plan\n")
@click.option("--out", metavar="FILE", help="Also write it to a file, for `reconciler show`.")
def plan(settings: Settings, out: str | None) -> int:
    """Show the plan that waits for a person, in any format that `plan` has."""
    from reconciler.api.paths import write_file
    from reconciler.api.watch_requests import RequestStore, waiting_plan
    from reconciler.cli.output import deliver, reporting
    from reconciler.errors import PlanStale
    from reconciler.types.report import Report

    with reporting("plan", settings):
        session = _opened(settings)
        waiting = RequestStore(session).read().waiting
        if waiting is None:
            raise PlanStale(f"no plan of {session.workspace.name!r} waits for a person")
        made = waiting_plan(session, waiting)
        if out is not None:
            write_file(out, waiting.text.encode(), mode=0o600)
        notes = (
            f"It waits since {waiting.made:%Y-%m-%d %H:%M} UTC, until {waiting.expires:%Y-%m-%d %H:%M} UTC.",
            "To let exactly this through: " + session.command("watch", "approve", waiting.digest[:12]),
        )
        return deliver(Report("plan", session.workspace.name, made, None, (), exit_codes.DONE, notes), settings)


@command("approve", examples="\nreconciler watch approve 3f9c21d07a44 -w production\n")
@click.argument("digest")
def approve(settings: Settings, digest: str) -> int:
    """Let exactly this plan be carried out: the first characters of its DIGEST name it (8 or more).

    It needs what an apply needs: the account's key, and the right to write to the state's store. A yes to a plan
    that is not the one that waits is refused (5). It lifts `deletes: deny` and the rules of mass changes for this
    plan; never `protect`, `deletes: never`, a policy, or the check that this is the same account.
    """
    from reconciler.api import watch_requests
    from reconciler.cli.output import write

    session = _opened(settings)
    found = watch_requests.approve(session, digest)
    write(f"Approved {found.digest[:12]} of {session.workspace.name}: {found.summary}. {HEARD}\n")
    return exit_codes.DONE


@command("reject", examples='\nreconciler watch reject 3f9c21d07a44 --reason "not before the fair"\n')
@click.argument("digest")
@click.option("--reason", metavar="TEXT", default="", help="Why, for everybody who looks.")
def reject(settings: Settings, digest: str, reason: str) -> int:
    """Say no to a plan; it is not asked about again until something else would be done."""
    from reconciler.api import watch_requests
    from reconciler.cli.output import write

    session = _opened(settings)
    found = watch_requests.reject(session, digest, reason)
    write(f"Rejected {found.digest[:12]} of {session.workspace.name}: {found.summary}.\n")
    return exit_codes.DONE


@command("pause", examples="\nreconciler watch pause\nreconciler watch pause --for 2h\n")
@click.option("--for", "duration", metavar="DURATION", help="End by itself after this: 30m, 2h, 1d.")
@click.option(
    "--until", metavar="TIME", help="End by itself at this time: 2026-12-24T18:00 (UTC, or with an offset)."
)
@click.option("--reason", metavar="TEXT", default="", help="Why, for everybody who looks.")
def pause(settings: Settings, duration: str | None, until: str | None, reason: str) -> int:
    """Neither look at a workspace nor write to it, until it is resumed or the time is over.

    Changes that are on their way are finished; nothing new begins.
    """
    from reconciler.api import watch_requests
    from reconciler.cli.output import write

    session = _opened(settings)
    found = watch_requests.pause(session, _end(session, duration, until), reason)
    over = f"until {found.until:%Y-%m-%d %H:%M} UTC" if found.until else "until `reconciler watch resume`"
    write(f"Paused {session.workspace.name} {over}.\n")
    return exit_codes.DONE


@command("resume", examples="\nreconciler watch resume -w production\n")
def resume(settings: Settings) -> int:
    """End a pause."""
    from reconciler.api import watch_requests
    from reconciler.cli.output import write

    session = _opened(settings)
    found = watch_requests.resume(session)
    if found is None:
        write(f"{session.workspace.name} was not paused.\n")
    else:
        write(f"Resumed {session.workspace.name}, which {found.who} had paused.\n")
    return exit_codes.DONE


@command("reconcile", examples="\nreconciler watch reconcile -w production\n")
def reconcile(settings: Settings) -> int:
    """Ask for a round now, whatever the interval says."""
    from reconciler.api import watch_requests
    from reconciler.cli.output import write

    session = _opened(settings)
    watch_requests.call(session)
    write(f"Asked for a round of {session.workspace.name}. {HEARD}\n")
    return exit_codes.DONE


def read_duration(text: str, examples: str) -> float:
    """The seconds of a duration above zero. Raises `UsageError`, with `examples` of what may be written."""
    from reconciler.errors import UsageError
    from reconciler.types.json import seconds_in

    if seconds := seconds_in(text):
        return seconds
    raise UsageError(f"{text!r} is no duration", hint=f"write a number with a unit, as in {examples}")


def _opened(settings: Settings) -> Session:
    from reconciler.cli.composition import open_session

    return open_session(settings)


def _end(session: Session, duration: str | None, until: str | None) -> datetime | None:
    from reconciler.api.watch_requests import ends_after
    from reconciler.errors import UsageError

    if duration is not None and until is not None:
        raise UsageError("--for and --until exclude each other")
    if duration is not None:
        return ends_after(session, read_duration(duration, "30m, 2h or 1d"))
    if until is None:
        return None
    try:
        found = datetime.fromisoformat(until)
    except ValueError:
        raise UsageError(
            f"{until!r} is no time", hint="2026-12-24T18:00, or with an offset: ...T18:00+01:00"
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
