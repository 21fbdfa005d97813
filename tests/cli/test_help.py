"""What `--help` says of every command, option by option: it changes on purpose only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.global_options import GLOBAL_NAMES
from reconciler.cli.main import program

GOLDEN = Path(__file__).with_name("help.txt")
"""One line a parameter; written by `python -m tests.cli.test_help`."""


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that lead to it."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*words, name))


def lines() -> Iterator[str]:
    """In the words of the program, not in the layout of a version of click."""
    for words, command in commands(program):
        yield f"# {' '.join(('reconciler', *words))}"
        for parameter in command.params:
            if parameter.name in GLOBAL_NAMES and words:
                continue
            names = "/".join(parameter.opts)
            metavar = parameter.metavar or ""
            how = [word for word in ("multiple", "required", "is_flag", "hidden") if getattr(parameter, word, False)]
            said = getattr(parameter, "help", None) or ""
            yield " | ".join((names, metavar, " ".join(how), " ".join(said.split())))
        yield ""


def test_help_is_what_it_was() -> None:
    said = "\n".join(lines()) + "\n"
    assert said == GOLDEN.read_text("utf-8"), "where it is meant: python -m tests.cli.test_help, and commit"


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(lines()) + "\n", "utf-8")
