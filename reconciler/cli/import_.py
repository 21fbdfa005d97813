"""`reconciler import`: take a live object under management."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.group import command
from reconciler.cli.options import ADDRESS, DURATION
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.types.address import Address

EXAMPLES = """
reconciler import persona.claims-desk p7c1e0a9b42d
"""


@command("import", examples=EXAMPLES)
@click.argument("address", type=ADDRESS)
@click.argument("id")
@click.option("--lock-timeout", type=DURATION, default=0.0, metavar="DURATION", help="Wait this long for a lock.")
def import_(settings: Settings, address: Address, id: str, lock_timeout: float) -> int:
    """Record that the live object ID is ADDRESS. Writes nothing to the account."""
    return 0
