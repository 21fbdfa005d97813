"""`reconciler state`: look at the state, repair it, free its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.group import LazyGroup, command
from reconciler.cli.options import ADDRESS, DURATION
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.types.address import Address

HERE = "reconciler.cli.state"
TABLE = {
    "list": (f"{HERE}:list_", "The addresses that are managed."),
    "show": (f"{HERE}:show", "What is recorded of one address."),
    "mv": (f"{HERE}:mv", "Rename an address; the live object stays."),
    "rm": (f"{HERE}:rm", "Forget an address; the live object stays."),
    "unlock": (f"{HERE}:unlock", "Free a lock whose holder is dead or whose lease is over."),
    "force-unlock": (f"{HERE}:force_unlock", "Free a lock whoever holds it."),
}
EXAMPLES = """
reconciler state list
reconciler state show persona.claims-desk
reconciler state mv persona.claims persona.claims-desk
reconciler state rm tool.lookup_policy
"""
WAIT = click.option(
    "--lock-timeout", type=DURATION, default=0.0, metavar="DURATION", help="Wait this long for a lock."
)

state = LazyGroup(
    "state", help="Look at the state, repair it, free its lock.", examples=EXAMPLES, table=TABLE, no_args_is_help=True
)


@command("list", examples="\nreconciler state list\nreconciler state list tool --format json\n")
@click.argument("prefixes", nargs=-1, metavar="[PREFIX]...")
def list_(settings: Settings, prefixes: tuple[str, ...]) -> int:
    """The addresses that are managed, one a line; only those that start with a PREFIX, where given."""
    return 0


@command("show", examples="\nreconciler state show persona.claims-desk\n")
@click.argument("address", type=ADDRESS)
def show(settings: Settings, address: Address) -> int:
    """What is recorded of one address: its id, its fields (as digests), its lifecycle."""
    return 0


@command("mv", examples="\nreconciler state mv persona.claims persona.claims-desk\n")
@click.argument("before", type=ADDRESS)
@click.argument("after", type=ADDRESS)
@WAIT
def mv(settings: Settings, before: Address, after: Address, lock_timeout: float) -> int:
    """Rename an address; neither the account nor the manifests are touched."""
    return 0


@command("rm", examples="\nreconciler state rm tool.lookup_policy\n")
@click.argument("addresses", type=ADDRESS, nargs=-1, required=True)
@WAIT
def rm(settings: Settings, addresses: tuple[Address, ...], lock_timeout: float) -> int:
    """Forget addresses; the live objects stay as they are."""
    return 0


@command("unlock", examples="\nreconciler state unlock\n")
def unlock(settings: Settings) -> int:
    """Free the lock if its holder is dead or its lease is over; otherwise say who holds it."""
    return 0


@command("force-unlock", examples="\nreconciler state force-unlock 4f0c8b1e\n")
@click.argument("lock_id", metavar="LOCK_ID")
def force_unlock(settings: Settings, lock_id: str) -> int:
    """Free the lock with this id, whoever holds it. Be sure that its holder is not at work."""
    return 0
