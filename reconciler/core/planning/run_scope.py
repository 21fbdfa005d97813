"""Which resources a run looks at: targets, excludes, labels, paths; what a part of the manifests leaves out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from reconciler.core.canonical.references import reference_texts
from reconciler.core.planning.records import Scope
from reconciler.core.resource_diff.resource_plan import Matching
from reconciler.core.text import matches
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import ManifestSet, Resource
from reconciler.types.options import PlanOptions
from reconciler.types.state import Entry, State

ANY = "*"


def is_pattern(address: Address) -> bool:
    """Whether it stands for several addresses: no name has a star."""
    return ANY in address.kind or ANY in address.name


def expand(wanted: Iterable[Address], known: Collection[Address]) -> tuple[Address, ...]:
    """The addresses with each pattern replaced by what it fits, in order; one that fits nothing stays as it is."""
    found: dict[Address, None] = {}
    for address in wanted:
        fitting = sorted(other for other in known if matches(str(other), str(address))) if is_pattern(address) else ()
        found |= dict.fromkeys(fitting or (address,))
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
        targets=tuple(address for address in expand(options.targets, known) if address not in spared),
        excludes=excludes,
        replace=tuple(address for address in expand(options.replace, known) if address not in spared),
        accepted=expand(options.accepted, known),
    )


def select_scope(
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
        if options.destroy:
            chosen |= closure(options.targets, used_by) & everything
        else:
            chosen |= closure((target for target in options.targets if target in resources), needs) & set(resources)
    excludes = options.excludes
    chosen -= {*excludes} | closure(excludes, used_by) - gone | closure(excludes, holds) & gone
    if options.selector:
        told = labels if labels is not None else {address: resource.labels for address, resource in resources.items()}
        labelled = {address for address, own in told.items() if is_labelled(own, options.selector)}
        asked = labelled & chosen
        needed = closure(asked, used_by) & everything if options.destroy else closure(asked, needs) & set(resources)
        chosen &= labelled | needed
    inside = {
        address for address in gone if address in declared or under_paths(state.resources[address].source, paths)
    }
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


def closure(starts: Iterable[Address], follow: Callable[[Address], Iterable[Address]]) -> set[Address]:
    """All that the starts lead to, they themselves included; each is followed once, whoever leads to it."""
    seen: set[Address] = set()
    todo = [*starts]
    while todo:
        address = todo.pop()
        if address not in seen:
            seen.add(address)
            todo.extend(follow(address))
    return seen


def exclude_moved(chosen: Scope, manifests: ManifestSet) -> tuple[Scope, list[Diagnostic]]:
    """The scope without what was applied from the part and stands in another file now: git still holds that."""
    if manifests.elsewhere is None or not chosen.deletable:
        return chosen, []
    found = manifests.elsewhere()
    here = {manifest.address for manifest in manifests.manifests} | {removed.address for removed in manifests.removed}
    moved = {address: found.places[address] for address in sorted((chosen.deletable - here) & found.places.keys())}
    left = chosen.deletable - moved.keys()
    problems = [_stands_elsewhere(address, path) for address, path in moved.items()]
    problems += [_hides_documents(path) for path in found.unread if left]
    return replace(chosen, deletable=left, not_looked_at=chosen.not_looked_at + len(moved)), problems


def include_dependencies(
    chosen: Scope, resources: Mapping[Address, Resource], beside: Collection[Address], matching: Matching
) -> tuple[Scope, list[Diagnostic]]:
    """The scope with what it refers to outside of its paths and the account lacks; and an error for each reference
    that leads to nothing and that nothing in this run makes.

    `resources` are bound to the ids of what is there.
    """
    starts = chosen.wanted if beside else ()
    needed = closure(starts, lambda address: resources[address].refs if address in resources else ())
    absent = {address for address, binding in matching.bindings.items() if binding.id is None}
    wanted = chosen.wanted | needed & {*beside} & absent
    made = {str(address) for address in wanted & absent}
    problems = [
        _is_absent(resource, text)
        for resource in (resources[address] for address in sorted(wanted))
        if resource.refs
        for text in sorted({text for value in resource.leaves.values() for text in reference_texts(value)} - made)
    ]
    return replace(chosen, wanted=wanted), problems


def _stands_elsewhere(address: Address, path: str) -> Diagnostic:
    summary = f"{address} stands in {path} now, outside of the paths: it is left as it is"
    return Diagnostic("E-path", Severity.WARNING, summary, hint=f"name {path} as well", address=address)


def _hides_documents(path: str) -> Diagnostic:
    summary = f"{path} has errors, so nobody knows whether what would be deleted here stands there now"
    return Diagnostic("E-path", Severity.ERROR, summary, hint=f"`reconciler validate {path}` shows them")


def _is_absent(resource: Resource, address: str) -> Diagnostic:
    return Diagnostic(
        "E-ref",
        Severity.ERROR,
        f"{address} is not in the account, and nothing inside of the paths makes it",
        hint=f"`reconciler validate` shows what is wrong with its manifest; name the file of {address} as well",
        address=resource.address,
        pointer=next((path for path, value in resource.leaves.items() if address in reference_texts(value)), None),
        source=resource.source,
    )
