"""`reconciler simulator`: the simulated API, served on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.global_options import Settings
from reconciler.cli.lazy_group import LazyGroup, command

TABLE = {
    "serve": ("reconciler.cli.simulator:serve", "Serve the simulated API on 127.0.0.1."),
    "edit": ("reconciler.cli.simulator:edit", "Edit a persona of a sandbox by hand, as a colleague would."),
}
EXAMPLES = """
reconciler simulator serve --port 8765
TAVUS_PUBLIC_API_BASE_URL=http://127.0.0.1:8765/v2 TAVUS_API_KEY=any reconciler -w tavus plan
"""
SERVE_EXAMPLES = """
reconciler simulator serve                                  in memory, on a free port
reconciler simulator serve --port 8765 --world world.json   kept in a file
reconciler simulator serve --seed account.json --faults faults.yaml --verbose
"""

simulator = LazyGroup(
    "simulator", help="The simulated API, with its quirks and faults.", examples=EXAMPLES, table=TABLE,
    no_args_is_help=True,
)  # fmt: skip


@command("serve", examples=SERVE_EXAMPLES)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one. [default: 0]")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Loopback only. [default: 127.0.0.1]")
@click.option("--world", metavar="FILE", help="Keep the account in this file; without it, it lives in memory.")
@click.option("--seed", metavar="FILE", help="Start with the objects of this file.")
@click.option("--faults", metavar="FILE", help="Misbehave as this file says.")
def serve(settings: Settings, port: int, host: str, world: str | None, seed: str | None, faults: str | None) -> int:
    """Serve the simulated API until Ctrl-C; the first line on standard output is its base URL."""
    from reconciler.cli.output import write
    from reconciler.errors import UsageError
    from reconciler.manifests.tree.repository import check_way
    from reconciler.platforms import simulators

    if host not in {"127.0.0.1", "localhost", "::1"}:
        raise UsageError(f"the simulator listens on this machine only, not on {host}", hint="leave --host away")
    if world:
        check_way(world)
    served = simulators()
    served.get(next(iter(served)))(
        host,
        port,
        world=Path(world) if world else None,
        seed=Path(seed) if seed else None,
        faults=Path(faults) if faults else None,
        verbose=settings.verbose,
        ready=lambda url: write(f"{url}\n"),
    )
    return 0


@command("edit", examples="\nreconciler simulator edit\nreconciler simulator edit -w sandbox\n")
def edit(settings: Settings) -> int:
    """Change one text of one persona in a simulated account, past the manifests: something for `drift`, `plan` and
    `watch` to find."""
    from reconciler.api.connect import open_provider, read_state
    from reconciler.api.manifests import known_secrets
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import write
    from reconciler.engine.scaffold.new_project import edit_by_hand
    from reconciler.errors import UsageError

    session = open_session(settings)
    if not session.workspace.embedded:
        raise UsageError(
            f"{session.workspace.name!r} is a real account, and only a simulated one is edited like this",
            hint="choose a sandbox with -w NAME",
        )
    with open_provider(session, known_secrets(session), reading=False) as provider:
        done = edit_by_hand(provider, read_state(session))
    write(f"Edited {done.address} by hand: {done.path} is now {done.value!r}.\n")
    return 0
