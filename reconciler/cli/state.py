"""`reconciler state list | pull | lock | history | show`: what is managed, what was applied, who holds the lock."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.click_commands import LazyGroup, command
from reconciler.cli.global_options import AddressType
from reconciler.cli.settings import Settings
from reconciler.types.json import number_in

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
    from reconciler.api.connect import open_backend, read_state
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document
    from reconciler.engine.state.state_reader import read_history
    from reconciler.reporters.history import history_document, history_text

    session = open_session(settings)
    with closing(open_backend(session)) as backend:
        found = read_history(read_state(session, backend), where=backend.describe())
    return emit_document(
        settings,
        text=lambda: history_text(found.entries, found.anchor),
        document=lambda: {
            "format_version": "1.0",
            "workspace": session.workspace.name,
            **history_document(found.entries, found.anchor),
        },
    )


@command("show", examples=SHOW_EXAMPLES)
@click.argument("what", type=ADDRESS_OR_SERIAL, metavar="ADDR|SERIAL")
def show(settings: Settings, what: Address | int) -> int:
    """What is recorded of one address (fields as digests, never as values), or what one apply changed."""
    import json

    from reconciler.api.connect import open_backend, read_state
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document
    from reconciler.engine.state.state_operations import show_entry
    from reconciler.engine.state.state_reader import show_run
    from reconciler.reporters.history import run_document, run_text

    if isinstance(what, int):
        session = open_session(settings)
        with closing(open_backend(session)) as backend:
            entry, items = show_run(read_state(session, backend), what, where=backend.describe())
        return emit_document(
            settings,
            text=lambda: run_text(entry, items),
            document=lambda: {
                "format_version": "1.0",
                "workspace": session.workspace.name,
                **run_document(entry, items),
            },
        )
    found = show_entry(read_state(open_session(settings)), what)
    return emit_document(
        settings,
        text=lambda: json.dumps(found, ensure_ascii=False, indent=2),
        document=lambda: found,
    )


HERE, REPAIR = "reconciler.cli.state", "reconciler.cli.state_repair"
TABLE = {
    "list": (f"{HERE}:list_", "The addresses that are managed."),
    "show": ("reconciler.cli.state:show", "What is recorded of one address, or what one apply changed."),
    "history": ("reconciler.cli.state:history", "What was applied, run by run."),
    "rollback": ("reconciler.cli.state_repair:rollback", "A plan back to the moment right after an earlier apply."),
    "mv": (f"{REPAIR}:mv", "Rename an address; the live object stays."),
    "rm": (f"{REPAIR}:rm", "Forget addresses; the live objects stay."),
    "pull": (f"{HERE}:pull", "Print the state document."),
    "push": (f"{REPAIR}:push", "Put a state document in place."),
    "migrate": ("reconciler.cli.state_repair:migrate", "Copy the state into another backend."),
    "lock": (f"{HERE}:lock", "Who holds the lock."),
    "unlock": (f"{REPAIR}:unlock", "Free a lock whose holder is dead or whose lease is over."),
    "force-unlock": (f"{REPAIR}:force_unlock", "Free a lock whoever holds it."),
}
EXAMPLES = """
reconciler state list
reconciler state show persona.claims-desk
reconciler state history
reconciler state rollback 12
reconciler state mv persona.claims persona.claims-desk
reconciler state rm tool.lookup_policy
"""
LIST_EXAMPLES = """
reconciler state list
reconciler state list tool. persona.claims
reconciler state list --format json
"""

state = LazyGroup(
    "state",
    help="Look at the state and its history, roll back, repair it, free its lock.",
    examples=EXAMPLES,
    table=TABLE,
    no_args_is_help=True,
)


@command("list", examples=LIST_EXAMPLES)
@click.argument("prefixes", nargs=-1, metavar="[PREFIX]...")
def list_(settings: Settings, prefixes: tuple[str, ...]) -> int:
    """The addresses that are managed, one a line; only those that start with a PREFIX, where given."""
    from reconciler.api.connect import read_state
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document, say
    from reconciler.engine.state.state_operations import list_entries

    session = open_session(settings)
    found = list_entries(read_state(session), prefixes)
    if not found and not settings.quiet:
        say(f"Nothing is managed in workspace {session.workspace.name}.")
    return emit_document(
        settings,
        text=lambda: "".join(f"{managed.address}\n" for managed in found),
        document=lambda: {
            "format_version": "1.0",
            "workspace": session.workspace.name,
            "resources": [
                {"address": str(managed.address), "id": managed.id, "name": managed.name} for managed in found
            ],
        },
    )


@command("pull", examples="\nreconciler state pull > state.json\n")
def pull(settings: Settings) -> int:
    """Print the state document; `state push` takes it back."""
    from reconciler.api.connect import read_state
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import write
    from reconciler.core.secrets.redact_text import Shown
    from reconciler.engine.state.state_operations import pull_state

    write(Shown(pull_state(read_state(open_session(settings))).decode()))
    return 0


@command("lock", examples="\nreconciler state lock\nreconciler state lock --format json\n")
def lock(settings: Settings) -> int:
    """Who holds the lock, and since when; a dead holder counts as nobody."""
    from reconciler.api.connect import open_backend
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document
    from reconciler.reporters.messages import lock_text

    session = open_session(settings)
    with closing(open_backend(session)) as backend:
        held = backend.holder()
    record = {} if held is None else {name: text for name, text in held.record().items() if text}
    return emit_document(
        settings,
        text=lambda: lock_text(record),
        document=lambda: {"format_version": "1.0", "workspace": session.workspace.name, "lock": dict(record) or None},
    )
