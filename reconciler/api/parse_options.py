"""What a run is asked to do, out of plain Python values: addresses as text, flags by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict, Unpack

from reconciler.errors import UsageError
from reconciler.types.address import Address
from reconciler.types.options import EXCLUSIONS, IMPLIED, PLAN_FLAGS, PlanOptions, Value


class Choice(TypedDict, total=False):
    """Which resources; everything absent is all of them."""

    targets: Iterable[str | Address]
    excludes: Iterable[str | Address]
    selector: Mapping[str, str]
    strict_complete: bool
    allow_empty: bool


class PlanFlags(Choice, total=False):
    """The flags of `reconciler plan`, with underscores; all of them default to what the command does without them."""

    replace: Iterable[str | Address]
    destroy: bool
    refresh_only: bool
    allow_deletes: bool
    allow_mass_change: bool
    accept_account: bool
    resend_secrets: bool
    migrate: bool
    unmanaged: bool
    since: float


class BackFlags(TypedDict, total=False):
    """The flags of `reconciler state rollback`, with underscores."""

    targets: Iterable[str | Address]
    excludes: Iterable[str | Address]
    allow_deletes: bool
    allow_mass_change: bool
    accept_account: bool
    resend_secrets: bool


def parse_address(value: str | Address) -> Address:
    """`kind.name` as an address of a kind that exists. Raises `UsageError` with what may have been meant."""
    if isinstance(value, Address):
        return value
    from difflib import get_close_matches

    from reconciler.platforms import PLATFORMS

    try:
        address = Address.parse(value)
    except ValueError as error:
        raise UsageError(str(error)) from error
    known = PLATFORMS.kind_names()
    if address.kind not in known:
        close = get_close_matches(address.kind, known, n=1)
        meant = f"; did you mean {close[0]}.{address.name}?" if close else f"; kinds: {', '.join(known)}"
        raise UsageError(f"{value!r} names no kind{meant}")
    return address


def parse_pattern(value: str | Address) -> Address:
    """The same, and `persona.front-*`, `persona.*` or `*` for every address that it fits."""
    if isinstance(value, Address) or "*" not in value:
        return parse_address(value)
    kind, dot, name = value.partition(".")
    if dot and "*" not in kind:
        parse_address(f"{kind}.x")
    return Address(kind, name) if dot else Address("*", "*")


def plan_options(*, record: bool = False, **flags: Unpack[PlanFlags]) -> PlanOptions:
    """The options of a plan, checked. Raises `UsageError` for those that exclude each other and unknown kinds,
    `TypeError` for a flag that is none."""
    given: dict[str, Any] = dict(flags)
    if unknown := sorted(given.keys() - PLAN_FLAGS.keys()):
        raise TypeError(f"no flag of a plan: {', '.join(unknown)}; known: {', '.join(PLAN_FLAGS)}")
    for one, other in EXCLUSIONS:
        if given.get(one) and given.get(other):
            raise UsageError(f"{PLAN_FLAGS[one].name} and {PLAN_FLAGS[other].name} exclude each other")
    for name, value in given.items():
        if PLAN_FLAGS[name].value is Value.ADDRESSES:
            given[name] = tuple(map(parse_pattern, value))
        elif PLAN_FLAGS[name].value is Value.LABELS:
            given[name] = dict(value or {})
    both = sorted(set(given.get("targets", ())) & set(given.get("excludes", ())))
    if both:
        raise UsageError(f"{both[0]} is both a --target and an --exclude")
    for name, brought in IMPLIED.items():
        given |= dict.fromkeys(brought, True) if given.get(name) else {}
    return PlanOptions(**given, record=record)
