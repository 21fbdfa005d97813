"""A run over a part of the manifests: what it leaves to the other files, and what it makes along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.core.canonical.references import references
from reconciler.core.planning.records import Scope
from reconciler.core.planning.run_scope import closure
from reconciler.core.resource_diff.records import Matching
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import ManifestSet, Resource


def leave_what_moved(chosen: Scope, manifests: ManifestSet) -> tuple[Scope, list[Diagnostic]]:
    """The scope without what was applied from the part and stands in another file now: git still holds that."""
    if manifests.elsewhere is None or not chosen.deletable:
        return chosen, []
    found = manifests.elsewhere()
    here = {one.address for one in manifests.manifests} | {one.address for one in manifests.removed}
    moved = {one: found.places[one] for one in sorted((chosen.deletable - here) & found.places.keys())}
    left = chosen.deletable - moved.keys()
    problems = [_stands_elsewhere(address, path) for address, path in moved.items()]
    problems += [_hides_documents(path) for path in found.unread if left]
    return replace(chosen, deletable=left, not_looked_at=chosen.not_looked_at + len(moved)), problems


def make_along(
    chosen: Scope, resources: Mapping[Address, Resource], beside: Collection[Address], matching: Matching
) -> tuple[Scope, list[Diagnostic]]:
    """The scope with what it refers to outside of its paths and the account lacks; and an error for each reference
    that leads to nothing and that nothing in this run makes.

    `resources` are bound to the ids of what is there.
    """
    needed: set[Address] = set()
    for address in chosen.wanted if beside else ():
        needed |= closure(address, lambda one: resources[one].refs if one in resources else ())
    absent = {address for address, binding in matching.bindings.items() if binding.id is None}
    wanted = chosen.wanted | needed & {*beside} & absent
    made = {str(address) for address in wanted & absent}
    problems = [
        _is_absent(resource, text)
        for resource in (resources[address] for address in sorted(wanted))
        if resource.refs
        for text in sorted({text for value in resource.leaves.values() for text in references(value)} - made)
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
        pointer=next((path for path, value in resource.leaves.items() if address in references(value)), None),
        source=resource.source,
    )
