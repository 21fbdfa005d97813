"""Which resources a run looks at: targets, excludes, labels and the paths given on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.types.address import Address
from reconciler.types.options import PlanOptions
from reconciler.types.resource import Resource
from reconciler.types.state import Entry, State


@dataclass(frozen=True, slots=True)
class Scope:
    """`wanted` have a manifest; `deletable` are entries whose manifest is gone and that this run may judge."""

    wanted: frozenset[Address]
    deletable: frozenset[Address]
    not_looked_at: int = 0
    unknown: tuple[Address, ...] = ()
    """Targets and excludes that name nothing."""


def scope(
    resources: Mapping[Address, Resource],
    state: State,
    options: PlanOptions,
    paths: tuple[str, ...] | None,
) -> Scope:
    """Targets take in what they depend on, excludes take out what depends on them.

    With paths, a selector or targets, an entry without manifest is deletable only when it lies inside the part that
    was asked for; state keeps no labels, so a selector never deletes.
    """
    users = _users(resources, state)
    everything = set(resources) | set(state.resources)
    chosen = set(everything)
    if options.targets:
        chosen = set()
        for target in options.targets:
            chosen |= _closure(target, lambda address: _needs(address, resources, state)) & everything
    for excluded in options.excludes:
        chosen -= _closure(excluded, lambda address: users.get(address, ()))
    if options.selector:
        labelled = {address for address, resource in resources.items() if _labelled(resource, options.selector)}
        needed: set[Address] = set()
        for address in labelled & chosen:
            needed |= _closure(address, lambda one: _needs(one, resources, state)) & set(resources)
        chosen &= labelled | needed
    gone = {address for address in state.resources if address not in resources}
    inside = {address for address in gone if under_paths(state.resources[address].source, paths)}
    looked = chosen & (set(resources) | inside)
    return Scope(
        wanted=frozenset(address for address in looked if address in resources),
        deletable=frozenset(chosen & inside),
        not_looked_at=len(everything - looked),
        unknown=tuple(one for one in (*options.targets, *options.excludes) if one not in everything),
    )


def under_paths(source: str | None, paths: tuple[str, ...] | None) -> bool:
    """Whether a recorded source lies under one of the paths given (all do when none are given)."""
    if paths is None:
        return True
    if source is None:
        return False
    return any(path in (".", "") or source == path or source.startswith(path.rstrip("/") + "/") for path in paths)


def _labelled(resource: Resource, selector: Mapping[str, str]) -> bool:
    return all(resource.labels.get(key) == value for key, value in selector.items())


def _needs(address: Address, resources: Mapping[Address, Resource], state: State) -> Iterable[Address]:
    if address in resources:
        return resources[address].refs
    entry = state.resources.get(address)
    return _entry_refs(entry) if entry is not None else ()


def _entry_refs(entry: Entry) -> tuple[Address, ...]:
    return tuple(Address.parse(text) for text in entry.refs)


def _users(resources: Mapping[Address, Resource], state: State) -> dict[Address, set[Address]]:
    users: dict[Address, set[Address]] = {}
    for address, resource in resources.items():
        for used in resource.refs:
            users.setdefault(used, set()).add(address)
    for address, entry in state.resources.items():
        if address not in resources:
            for used in _entry_refs(entry):
                users.setdefault(used, set()).add(address)
    return users


def _closure(start: Address, follow: Callable[[Address], Iterable[Address]]) -> set[Address]:
    seen: set[Address] = set()
    todo = [start]
    while todo:
        address = todo.pop()
        if address not in seen:
            seen.add(address)
            todo.extend(follow(address))
    return seen
