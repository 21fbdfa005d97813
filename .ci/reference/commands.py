"""The page of the commands: arguments, options, examples, and the exit codes."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import LazyGroup, WithGlobals
from reconciler.cli.global_options import GLOBAL_NAMES
from reference import block, code, table


def page(program: click.Command | None = None) -> str:
    """Every command of the program, groups before their members."""
    from reconciler.cli import main

    root = program or main.program
    context = click.Context(root, info_name="reconciler")
    parts = [
        "## Global options\n\nBefore or after any command.\n\n" + options(root, context, everywhere=True),
        "## Exit codes\n\n"
        + table(("code", "meaning"), [(str(one), text) for one, text in exit_codes.MEANINGS.items()]),
    ]
    return "\n\n".join([*parts, *sections(root, context)])


def sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """One section a command below `command`, in the order of the table."""
    if not isinstance(command, LazyGroup):
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is None:
            continue
        inner = click.Context(found, info_name=name, parent=context)
        yield section(found, inner)
        yield from sections(found, inner)


def section(command: click.Command, context: click.Context) -> str:
    """Usage, help, options and examples of one command."""
    path = context.command_path
    usage = " ".join([path, *(word for word in command.collect_usage_pieces(context) if word != "[OPTIONS]")])
    parts = [f"## {path}", block(usage), " ".join((command.help or "").split())]
    own = options(command, context, everywhere=False)
    if own:
        parts.append(own)
    if isinstance(command, WithGlobals) and command.examples.strip():
        parts.append(block(command.examples))
    return "\n\n".join(parts)


def options(command: click.Command, context: click.Context, *, everywhere: bool) -> str:
    """The options of one command, or those that all share, as a table; empty where there are none."""
    rows = []
    for parameter in command.get_params(context):
        if not isinstance(parameter, click.Option) or (parameter.name in GLOBAL_NAMES) is not everywhere:
            continue
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            rows.append((code(record[0]), record[1]))
    return table(("option", "meaning"), rows) if rows else ""
