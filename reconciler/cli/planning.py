"""What plan, apply and destroy share: their flags, and the reading run that makes a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from reconciler.cli.options import ADDRESS, DURATION, SELECTOR
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.wiring import Run
    from reconciler.engine.setting import Setting
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.ports import Provider, Secrets
    from reconciler.types.state import State

F = TypeVar("F", bound=Callable[..., object])

PATHS = click.argument("paths", nargs=-1, metavar="[PATH]...")
REF = click.option("--ref", metavar="GITREF", help="Read manifests and project file from this commit.")

CHOICE = (
    click.option(
        "--target", "targets", type=ADDRESS, multiple=True, metavar="ADDR", help="Only this and what it depends on."
    ),
    click.option(
        "--exclude", "excludes", type=ADDRESS, multiple=True, metavar="ADDR", help="Not this, nor what depends on it."
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
    *,
    targets: tuple[object, ...] = (),
    excludes: tuple[object, ...] = (),
    replaced: tuple[object, ...] = (),
    selector: tuple[tuple[str, str], ...] = (),
    destroy: bool = False,
    refresh_only: bool = False,
    allow_deletes: bool = False,
    allow_mass_change: bool = False,
    accept_account: bool = False,
    resend_secrets: bool = False,
    migrate: bool = False,
    unmanaged: bool = False,
    record: bool = False,
) -> PlanOptions:
    """The flags as the engine sees them. Raises `UsageError` for flags that exclude each other."""
    from reconciler.types.address import Address
    from reconciler.types.options import PlanOptions

    if destroy and refresh_only:
        raise UsageError("--destroy and --refresh-only exclude each other")
    wanted: dict[str, str] = {}
    for key, value in selector:
        if wanted.setdefault(key, value) != value:
            raise UsageError(f"--selector asks for {key}={wanted[key]} and {key}={value}; no resource has both")
    both = sorted({str(one) for one in targets} & {str(one) for one in excludes})
    if both:
        raise UsageError(f"{both[0]} is both a --target and an --exclude")
    return PlanOptions(
        targets=tuple(one for one in targets if isinstance(one, Address)),
        excludes=tuple(one for one in excludes if isinstance(one, Address)),
        replace=tuple(one for one in replaced if isinstance(one, Address)),
        selector=wanted,
        destroy=destroy,
        refresh_only=refresh_only,
        # A destroy is a mass deletion on purpose; `protect` still holds.
        allow_deletes=allow_deletes or destroy,
        allow_mass_change=allow_mass_change or destroy,
        accept_account=accept_account,
        resend_secrets=resend_secrets,
        migrate=migrate,
        unmanaged=unmanaged,
        record=record,
    )


def look(
    run: Run, provider: Provider, manifests: ManifestSet, secrets: Secrets, make: Callable[[State, Setting], Plan]
) -> Plan:
    """What `make` finds against the state as it is now, without a lock; once more when the state moved meanwhile."""
    setting, backend = run.setting(provider, secrets), run.backend()
    before = backend.read()
    state = run.state()
    with run.placing(manifests):
        plan = make(state, setting)
        return plan if backend.read() == before else make(run.state(), setting)
