"""Patterns of addresses on the command line: `persona.front-*` is every address of the run that it fits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from reconciler.core.text import matches
from reconciler.types.address import Address
from reconciler.types.options import PlanOptions

ANY = "*"


def is_pattern(address: Address) -> bool:
    """Whether it stands for several addresses: no name has a star."""
    return ANY in address.kind or ANY in address.name


def expand(wanted: Iterable[Address], known: Collection[Address]) -> tuple[Address, ...]:
    """The addresses with each pattern replaced by what it fits, in order; one that fits nothing stays as it is."""
    found: dict[Address, None] = {}
    for one in wanted:
        fitting = sorted(other for other in known if matches(str(other), str(one))) if is_pattern(one) else ()
        found |= dict.fromkeys(fitting or (one,))
    return tuple(found)


def expand_options(options: PlanOptions, known: Collection[Address]) -> PlanOptions:
    """The options of a run that knows these addresses. What is excluded is excluded, whatever asks for it."""
    given = (*options.targets, *options.excludes, *options.replace, *options.accepted)
    if not any(map(is_pattern, given)):
        return options
    excludes = expand(options.excludes, known)
    spared = {*excludes}
    return replace(
        options,
        targets=tuple(one for one in expand(options.targets, known) if one not in spared),
        excludes=excludes,
        replace=tuple(one for one in expand(options.replace, known) if one not in spared),
        accepted=expand(options.accepted, known),
    )
