"""`reconciler state history | show`: what was applied, and what is recorded of one address or one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.global_options import AddressType
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command
from reconciler.types.number import number_in

if TYPE_CHECKING:
    from reconciler.types.address import Address

SHOW_EXAMPLES = """
reconciler state show persona.claims-desk    what is recorded of one address
reconciler state show 12                     what the apply of serial 12 changed
reconciler state show 12 --format json       the same, with everything as it was before
"""


class AddressOrSerial(AddressType):
    """An address, or the serial of an apply."""

    name = "address or serial"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = number_in(str(value))
        return super().convert(value, param, ctx) if number is None else number


ADDRESS_OR_SERIAL = AddressOrSerial()


@command("history", examples="\nreconciler state history\nreconciler state history --format json\n")
def history(settings: Settings) -> int:
    """Every apply that is recorded: serial, when, who, what came of it. Newest first.

    The entries are chained by digests, and the chain is checked: one that was edited is an error that names it.
    """
    from reconciler.cli.composition import open_run
    from reconciler.cli.output import emit_document
    from reconciler.engine.state.read_history import history_document, history_text, read_history

    run = open_run(settings)
    found = read_history(run.state(), where=run.backend().describe())
    return emit_document(
        settings,
        text=lambda: history_text(found),
        document=lambda: {
            "format_version": "1.0",
            "workspace": run.workspace.name,
            **history_document(found),
        },
    )


@command("show", examples=SHOW_EXAMPLES)
@click.argument("what", type=ADDRESS_OR_SERIAL, metavar="ADDR|SERIAL")
def show(settings: Settings, what: Address | int) -> int:
    """What is recorded of one address (fields as digests, never as values), or what one apply changed."""
    import json

    from reconciler.cli.composition import open_run
    from reconciler.cli.output import emit_document
    from reconciler.engine.state.read_history import run_document, run_text, show_run
    from reconciler.engine.state.state_operations import show_entry

    if isinstance(what, int):
        run = open_run(settings)
        entry, items = show_run(run.state(), what, where=run.backend().describe())
        return emit_document(
            settings,
            text=lambda: run_text(entry, items),
            document=lambda: {
                "format_version": "1.0",
                "workspace": run.workspace.name,
                **run_document(entry, items),
            },
        )
    found = show_entry(open_run(settings).state(), what)
    return emit_document(
        settings,
        text=lambda: json.dumps(found, ensure_ascii=False, indent=2),
        document=lambda: found,
    )
