"""Which resources a run looks at: targets, excludes, labels and the paths given on the command line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from reconciler.core.planning.records import Scope
from reconciler.types.address import Address
from reconciler.types.manifest import Resource
from reconciler.types.options import PlanOptions
from reconciler.types.state import Entry, State


def scope(
    resources: Mapping[Address, Resource],
    state: State,
    options: PlanOptions,
    paths: tuple[str, ...] | None,
    labels: Mapping[Address, Mapping[str, str]] | None = None,
    *,
    beside: Collection[Address] = (),
    declared: Collection[Address] = (),
) -> Scope:
    """What is written: targets take in what they depend on, excludes take out what depends on them. What is deleted
    the other way round: a target or label of `destroy` takes in what depends on it, an exclude keeps what it depends
    on.

    With paths, a selector or targets, an entry without manifest is deletable only when it lies inside the part that
    was asked for; state keeps no labels, so a selector never deletes what has no manifest. `labels` are those of the
    manifests where they are no resources of this run (`destroy`). Of the resources, those in `beside` are only
    referred to. What the files of the part declare (`declared`) lies inside it, wherever it stood before.
    """
    users = _users(resources, state)
    everything = set(resources) | set(state.resources)
    gone = {address for address in state.resources if address not in resources}

    def needs(address: Address) -> Iterable[Address]:
        return _needs(address, resources, state)

    def holds(address: Address) -> Iterable[Address]:
        # What is left as it is still holds what it was applied with.
        entry = state.resources.get(address)
        return (*needs(address), *(_entry_refs(entry) if entry is not None else ()))

    def used_by(address: Address) -> Iterable[Address]:
        return users.get(address, ())

    chosen = set(everything)
    if options.targets:
        chosen = set(options.targets) & everything
        for target in options.targets:
            if options.destroy:
                chosen |= closure(target, used_by) & everything
            elif target in resources:
                chosen |= closure(target, needs) & set(resources)
    for excluded in options.excludes:
        chosen -= {excluded} | closure(excluded, used_by) - gone | closure(excluded, holds) & gone
    if options.selector:
        told = labels if labels is not None else {address: one.labels for address, one in resources.items()}
        labelled = {address for address, own in told.items() if is_labelled(own, options.selector)}
        needed, wanted = set[Address](), set(resources)
        for address in labelled & chosen:
            needed |= closure(address, used_by) & everything if options.destroy else closure(address, needs) & wanted
        chosen &= labelled | needed
    inside = {one for one in gone if one in declared or under_paths(state.resources[one].source, paths)}
    looked = chosen & (resources.keys() - {*beside} | inside)
    return Scope(
        wanted=frozenset(address for address in looked if address in resources),
        deletable=frozenset(chosen & inside),
        not_looked_at=len(everything - looked - ({*beside} - state.resources.keys())),
    )


def under_paths(source: str | None, paths: tuple[str, ...] | None) -> bool:
    """Whether a recorded source lies under one of the paths given (all do when none are given)."""
    if paths is None:
        return True
    if source is None:
        return False
    return any(path in (".", "") or source == path or source.startswith(path.rstrip("/") + "/") for path in paths)


def is_labelled(labels: Mapping[str, str], selector: Mapping[str, str]) -> bool:
    """Whether `labels` have all that the selector asks for."""
    return all(labels.get(key) == value for key, value in selector.items())


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
        if entry.gives_way_to is not None:
            users.setdefault(entry.gives_way_to, set()).add(address)
    return users


def closure(start: Address, follow: Callable[[Address], Iterable[Address]]) -> set[Address]:
    seen: set[Address] = set()
    todo = [start]
    while todo:
        address = todo.pop()
        if address not in seen:
            seen.add(address)
            todo.extend(follow(address))
    return seen
