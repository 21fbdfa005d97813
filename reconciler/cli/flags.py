"""The options of runs on the command line, made of the records that say what a run is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import click

from reconciler.cli.global_options import DURATION, MODE, PATTERN, SELECTOR
from reconciler.errors import UsageError
from reconciler.types.options import APPLY_FLAGS, PLAN_FLAGS, Flag, PlanOptions, Value

F = TypeVar("F", bound=Callable[..., object])
Option = Callable[[F], F]

TYPES: dict[Value, dict[str, Any]] = {
    Value.SWITCH: {"is_flag": True},
    Value.ADDRESSES: {"type": PATTERN, "multiple": True, "metavar": "ADDR"},
    Value.LABELS: {"type": SELECTOR, "multiple": True, "metavar": "KEY=VALUE"},
    Value.SECONDS: {"type": DURATION, "default": 0.0, "metavar": "DURATION"},
}

NOTHING: Mapping[str, Any] = MappingProxyType({})

PATHS = click.argument("paths", nargs=-1, metavar="[PATH]...")
REF = click.option("--ref", metavar="GITREF", help="Read manifests and project file from this commit.")
OUT_MODE = click.option(
    "--out-mode",
    metavar="MODE",
    type=MODE,
    default="600",
    show_default=True,
    help="Permissions of the plan file, in octal digits: it holds prompts and what the account has.",
)
WHY = click.option("--why", metavar="ADDR/POINTER", help="Say where the value of one field comes from, and stop.")
SUMMARY = click.option("--summary", is_flag=True, help="One line an object.")
APPROVE = click.option("--auto-approve", is_flag=True, help="Do not ask.")


def option(name: str) -> Option[Any]:
    """The option of one field."""
    return _option(name, {**PLAN_FLAGS, **APPLY_FLAGS}[name])


def options_for(command: str, **more: dict[str, Any]) -> Option[Any]:
    """Decorator: what a plan of this command may be asked, and how long it waits for the lock.

    `more` are parameters of click by field, for a command that takes more there than the others.
    """
    taken = [
        *_taken(command, PLAN_FLAGS, but="unmanaged", more=more),
        *_taken(command, APPLY_FLAGS, but="force_maker", more=more),
    ]
    return _together(taken)


def approval(command: str) -> Option[Any]:
    """Decorator: how the plan of a command that writes is approved."""
    return _together([APPROVE, *_taken(command, APPLY_FLAGS, but="lock_timeout")])


def _taken(
    command: str, flags: dict[str, Flag], *, but: str, more: Mapping[str, dict[str, Any]] = NOTHING
) -> Iterator[Option[Any]]:
    for name, flag in flags.items():
        if command in flag.commands and name != but:
            yield _option(name, flag, more.get(name, {}))


def _option(name: str, flag: Flag, more: Mapping[str, Any] = NOTHING) -> Option[Any]:
    return click.option(flag.name, name, **{"help": flag.help, **TYPES[flag.value], **more})


def _together(options: list[Option[Any]]) -> Option[Any]:
    """The options in this order."""

    def decorate(function: F) -> F:
        for one in reversed(options):
            function = one(function)
        return function

    return decorate


def options_of(*, selector: tuple[tuple[str, str], ...] = (), **flags: Any) -> PlanOptions:
    """The options of a plan out of parameters of a command. Raises `UsageError` for those that exclude each other."""
    from reconciler.api.boundary import plan_options

    wanted: dict[str, str] = {}
    for key, value in selector:
        if wanted.setdefault(key, value) != value:
            raise UsageError(f"--selector asks for {key}={wanted[key]} and {key}={value}; no resource has both")
    return plan_options(selector=wanted, **flags)


def spelling(name: str) -> str:
    """How a parameter of a command is typed: `--target` for `targets`."""
    known = {**PLAN_FLAGS, **APPLY_FLAGS}.get(name)
    return known.name if known else f"--{name.replace('_', '-')}"
