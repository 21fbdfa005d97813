"""What a run is asked to do, out of plain Python values: addresses as text, flags by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.errors import UsageError
from reconciler.types.address import Address
from reconciler.types.options import PlanOptions


def parse_address(value: str | Address) -> Address:
    """`kind.name` as an address of a kind that exists. Raises `UsageError` with what may have been meant."""
    if isinstance(value, Address):
        return value
    from difflib import get_close_matches

    from reconciler.core.kind_table import KINDS

    try:
        address = Address.parse(value)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if address.kind not in KINDS:
        close = get_close_matches(address.kind, list(KINDS), n=1)
        meant = f"; did you mean {close[0]}.{address.name}?" if close else f"; kinds: {', '.join(KINDS)}"
        raise UsageError(f"{value!r} names no kind{meant}")
    return address


def plan_options(
    *,
    targets: Iterable[str | Address] = (),
    excludes: Iterable[str | Address] = (),
    replace: Iterable[str | Address] = (),
    selector: Mapping[str, str] | None = None,
    destroy: bool = False,
    refresh_only: bool = False,
    allow_deletes: bool = False,
    allow_mass_change: bool = False,
    accept_account: bool = False,
    resend_secrets: bool = False,
    migrate: bool = False,
    unmanaged: bool = False,
    strict_complete: bool = False,
    allow_empty: bool = False,
    record: bool = False,
) -> PlanOptions:
    """The options of a plan, checked. Raises `UsageError` for those that exclude each other and unknown kinds."""
    if destroy and refresh_only:
        raise UsageError("--destroy and --refresh-only exclude each other")
    wanted = tuple(parse_address(one) for one in targets)
    unwanted = tuple(parse_address(one) for one in excludes)
    both = sorted(set(wanted) & set(unwanted))
    if both:
        raise UsageError(f"{both[0]} is both a --target and an --exclude")
    return PlanOptions(
        targets=wanted,
        excludes=unwanted,
        replace=tuple(parse_address(one) for one in replace),
        selector=dict(selector or {}),
        destroy=destroy,
        refresh_only=refresh_only,
        # A destroy is a mass deletion on purpose; `protect` still holds.
        allow_deletes=allow_deletes or destroy,
        allow_mass_change=allow_mass_change or destroy,
        accept_account=accept_account,
        resend_secrets=resend_secrets,
        migrate=migrate,
        unmanaged=unmanaged,
        strict_complete=strict_complete,
        allow_empty=allow_empty,
        record=record,
    )
