"""`reconciler state mv | rm | push | unlock | force-unlock`: the state changes, the account does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.global_options import ADDRESS, DURATION
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.engine.state.state_operations import StateAccess
    from reconciler.types.address import Address

WAIT = click.option(
    "--lock-timeout", type=DURATION, default=0.0, metavar="DURATION", help="Wait this long for a lock, e.g. 30s."
)


@command("mv", examples="\nreconciler state mv persona.claims persona.claims-desk\n")
@click.argument("before", type=ADDRESS, metavar="ADDR")
@click.argument("after", type=ADDRESS, metavar="NEW_ADDR")
@WAIT
def mv(settings: Settings, before: Address, after: Address, lock_timeout: float) -> int:
    """Rename an address; neither the account nor the manifests are touched.

    A `kind: Moved` document does the same for everybody who applies the manifests.
    """
    from reconciler.cli.stdio import write
    from reconciler.engine.state.state_operations import move_entry

    moved = move_entry(access(settings, lock_timeout), before, after)
    write(f"{before} is now {moved.address} ({moved.id})\n")
    return 0


@command("rm", examples="\nreconciler state rm tool.lookup_policy persona.claims\n")
@click.argument("addresses", type=ADDRESS, nargs=-1, required=True, metavar="ADDR...")
@WAIT
def rm(settings: Settings, addresses: tuple[Address, ...], lock_timeout: float) -> int:
    """Forget addresses; the live objects stay as they are. All of them, or none.

    With its manifest still there, the next plan would import the object again. A `kind: Removed` document forgets
    for everybody who applies the manifests.
    """
    from reconciler.cli.stdio import write
    from reconciler.engine.state.state_operations import remove_entries

    for gone in remove_entries(access(settings, lock_timeout), addresses):
        write(f"forgot {gone.address} ({gone.id or 'never created'})\n")
    return 0


@command("push", examples="\nreconciler state push errored.state.json\n")
@click.argument("file", metavar="FILE")
@click.option("--force", is_flag=True, help="Also over a newer state, or one of another lineage.")
@WAIT
def push(settings: Settings, file: str, force: bool, lock_timeout: float) -> int:
    """Put a state document in place, for example the one that a run could not save."""
    from reconciler.api.output_files import read_file
    from reconciler.cli.stdio import write
    from reconciler.core.planning.plan_file import looks_like_plan
    from reconciler.engine.state.state_operations import push_state

    data = read_file(file)
    if looks_like_plan(data):
        raise UsageError(f"{file} is a saved plan, no state document", hint=f"reconciler apply {file} carries it out")
    stored = push_state(access(settings, lock_timeout), data, force=force)
    write(f"stored serial {stored.serial} with {len(stored.resources)} resources\n")
    return 0


@command("unlock", examples="\nreconciler state unlock\n")
def unlock(settings: Settings) -> int:
    """Free the lock if its holder is dead or its lease is over; otherwise say who holds it (exit code 4)."""
    from reconciler.cli.stdio import write
    from reconciler.engine.state.state_operations import unlock as free

    free(access(settings, 0.0))
    write("The state is not locked.\n")
    return 0


@command("force-unlock", examples="\nreconciler state force-unlock 4f0c8b1e-2d5a\n")
@click.argument("lock_id", metavar="LOCK_ID")
def force_unlock(settings: Settings, lock_id: str) -> int:
    """Free the lock with this id, whoever holds it. Be sure that its holder is not at work any more."""
    from reconciler.cli.composition import open_run
    from reconciler.cli.stdio import write
    from reconciler.engine.state.state_operations import force_unlock as break_lock

    break_lock(open_run(settings).backend(), lock_id)
    write(f"Freed lock {lock_id}.\n")
    return 0


def access(settings: Settings, lock_timeout: float) -> StateAccess:
    """The state of the run's workspace, to be written."""
    from reconciler.api.state import access as access_of
    from reconciler.cli.composition import open_run

    return access_of(open_run(settings), lock_timeout)
