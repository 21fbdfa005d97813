"""`reconciler import`: take a live object under management."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.flags import option
from reconciler.cli.global_options import ADDRESS, DURATION, Settings
from reconciler.cli.lazy_group import command

if TYPE_CHECKING:
    from reconciler.types.address import Address

EXAMPLES = """
reconciler import persona.claims-desk p7c1e0a9b42d
reconciler -w production import tool.lookup_policy t0a1b2c3d4e5
"""


@command("import", examples=EXAMPLES)
@click.argument("address", type=ADDRESS, metavar="ADDR")
@click.argument("id", metavar="ID")
@option("accept_account")
@click.option("--lock-timeout", type=DURATION, default=0.0, metavar="DURATION", help="Wait this long for a lock.")
def import_(settings: Settings, address: Address, id: str, accept_account: bool, lock_timeout: float) -> int:
    """Record that the live object ID is ADDR. Writes nothing to the account.

    The manifest has to be there. Where it and the object differ, the next plan says so.
    """
    from reconciler.api.apply import apply_options, import_now
    from reconciler.cli.apply import finish, interruptible
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import reporting

    with reporting("import", settings):
        session = open_session(settings)
        how = apply_options(session, lock_timeout=lock_timeout, accept_account=accept_account)
        with interruptible(session) as run:
            plan, result = import_now(run, address, id, how)
        return finish("import", settings, session, plan, result)
