"""The shapes of a command here: with the global options on every level, and with children imported when called."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, cast

import click

from reconciler.cli.global_options import GLOBAL_NAMES, global_options

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class WithGlobals(click.Command):
    """A command that takes the global options and shows its examples as they were written."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT, **(kwargs.get("context_settings") or {})}
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params = [*self.params, *global_options()]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Where an option is one of other commands, say of which."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            owners = commands_with(error.option_name, ctx.find_root())
            if not owners:
                raise
            behind = "; it stands behind the command" if isinstance(self, click.Group) else ""
            told = f"{error.option_name!r} is no option of {ctx.command_path!r}, but of {', '.join(owners)}{behind}."
            raise click.NoSuchOption(error.option_name, told, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Take the global options out of the parameters and leave them, merged, in `ctx.obj`."""
        from reconciler.cli.settings import Settings

        given = {name: ctx.params.pop(name) for name in GLOBAL_NAMES if name in ctx.params}
        default = click.core.ParameterSource.DEFAULT
        spoken = {name: value for name, value in given.items() if ctx.get_parameter_source(name) is not default}
        above = ctx.parent.obj if ctx.parent is not None and isinstance(ctx.parent.obj, Settings) else Settings()
        ctx.obj = above.merge(spoken)
        if ctx.obj.chdir and not isinstance(self, click.Group):
            enter(ctx.obj.chdir, ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        everywhere: list[tuple[str, str]] = []
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            # Some versions of click list arguments here, with nothing to say about them.
            if record is not None and record[1]:
                (everywhere if parameter.name in GLOBAL_NAMES else own).append(record)
        for title, rows in (("Options", own), ("Global options, before or after the command", everywhere)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            formatter.write("\nExamples:\n")
            for line in self.examples.strip("\n").splitlines():
                formatter.write(f"  {line}\n" if line else "\n")


def commands_with(option: str, root: click.Context) -> list[str]:
    """The commands that have `option`: `plan`, `state rollback`."""

    def below(group: click.Command, words: str) -> Iterator[str]:
        for name in group.list_commands(root) if isinstance(group, click.Group) else ():
            one: click.Command | None = None
            with suppress(ImportError):  # what is wrong is an option of the command line
                one = group.get_command(root, name) if isinstance(group, click.Group) else None
            if one is not None:
                own = {
                    spelled for parameter in one.params for spelled in (*parameter.opts, *parameter.secondary_opts)
                }
                yield from [f"{words}{name}"] if option in own else ()
                yield from below(one, f"{words}{name} ")

    return list(below(root.command, ""))


def enter(folder: str, ctx: click.Context) -> None:
    """Work in `folder` until the command is done."""
    from pathlib import Path

    before = Path.cwd()
    os.chdir(folder)
    ctx.call_on_close(lambda: os.chdir(before))


class LazyGroup(WithGlobals, click.Group):
    """A group whose table says where each command lives and what it is for, so that `--help` imports none of them."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        """`table`: command -> (`"module:attribute"`, one line of help)."""
        super().__init__(*args, **kwargs)
        self.table = dict(table)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        return cast(click.Command, getattr(import_module(module), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.table and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = get_close_matches(name, self.table, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {name!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


def command(name: str, *, examples: str) -> Callable[[Callable[..., int | None]], WithGlobals]:
    """Decorator: a command whose function takes `Settings` first and returns an exit code (or None)."""

    def decorate(function: Callable[..., int | None]) -> WithGlobals:
        return click.command(name, cls=WithGlobals, examples=examples)(click.pass_obj(function))

    return decorate
