"""What plan, apply and destroy share: their flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.global_options import ADDRESS, DURATION, SELECTOR
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.types.address import Address
    from reconciler.types.options import PlanOptions

F = TypeVar("F", bound=Callable[..., object])

PATHS = click.argument("paths", nargs=-1, metavar="[PATH]...")
REF = click.option("--ref", metavar="GITREF", help="Read manifests and project file from this commit.")

CHOICE = (
    click.option(
        "--target",
        "targets",
        type=ADDRESS,
        multiple=True,
        metavar="ADDR",
        help="Only this and what it depends on; of deletes: only this, and with destroy what depends on it.",
    ),
    click.option(
        "--exclude",
        "excludes",
        type=ADDRESS,
        multiple=True,
        metavar="ADDR",
        help="Not this, nor what depends on it; of deletes: not this, nor what it uses.",
    ),
    click.option(
        "--replace",
        "replaced",
        type=ADDRESS,
        multiple=True,
        metavar="ADDR",
        help="Make this anew, re-point its users and delete what it was.",
    ),
    click.option("--selector", type=SELECTOR, multiple=True, metavar="KEY=VALUE", help="Only with this label."),
)
EMPTY = click.option(
    "--allow-empty", is_flag=True, help="A project without manifests and without a state is no error."
)
STRICT = (
    EMPTY,
    click.option(
        "--strict-complete",
        is_flag=True,
        help="Exit with 1 when something could not be compared; apply sends nothing.",
    ),
)
SAFETY = (
    click.option("--allow-deletes", is_flag=True, help="Let deletes through; they are blocked otherwise."),
    click.option("--allow-mass-change", is_flag=True, help="Lift the ratio rule and the rule of the empty set."),
    click.option("--accept-account", is_flag=True, help="This is another account than last time, and that is right."),
    click.option("--resend-secrets", is_flag=True, help="Write every secret again."),
    click.option(
        "--lock-timeout", type=DURATION, default=0.0, metavar="DURATION",
        help="Wait this long for a lock, e.g. 30s or 5m [default: 0]; plan takes none.",
    ),
)  # fmt: skip
MODES = (
    click.option("--destroy", is_flag=True, help="Plan to delete everything that is managed."),
    click.option("--refresh-only", is_flag=True, help="Only take what is live into state; write nothing."),
    click.option("--migrate", is_flag=True, help="With the manifests as `reconciler migrate` would write them."),
)


def with_flags(*groups: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    """Decorator: all the options of `groups`, in this order."""

    def decorate(function: F) -> F:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return decorate


def options_of(
    *, selector: tuple[tuple[str, str], ...] = (), replaced: tuple[Address, ...] = (), **flags: Any
) -> PlanOptions:
    """The flags as the engine sees them. Raises `UsageError` for flags that exclude each other."""
    from reconciler.api.parse_options import plan_options

    wanted: dict[str, str] = {}
    for key, value in selector:
        if wanted.setdefault(key, value) != value:
            raise UsageError(f"--selector asks for {key}={wanted[key]} and {key}={value}; no resource has both")
    return plan_options(replace=replaced, selector=wanted, **flags)
