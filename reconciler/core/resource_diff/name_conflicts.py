"""Names that somebody else holds: nothing is taken over unless it is the same, and no name is given twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.canonical_form import leaves, may_be_omitted
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.resource_diff.findings import Findings, Subject
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.core.resource_diff.resource_plan import ignored
from reconciler.core.secrets.secret_book import SecretBook, has_secret
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Action, Block, Change, Reason
from reconciler.types.json import within
from reconciler.types.kind import KindSpec
from reconciler.types.live import Listing
from reconciler.types.manifest import Adopt, Manage, Manifest

RULE = "name_taken"


def other_content(address: Address, name: str | None, id: str, paths: Sequence[str]) -> Block:
    """A manifest that says `adopt: same` found an object of its name that is not the same at `paths`."""
    called = "of that name" if name is None else f"called {name!r}"
    differs = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    return Block(RULE, f"the account has another {address.kind} {called} ({id}): {differs} differs", ways(address))


def ways(address: Address) -> str:
    """The three ways out, in the words of a question of `migrate`, and the one for who means to take it over."""
    theirs = "remove this manifest and name it in `tools:`" if address.kind == "tool" else "refer to it by its id"
    return (
        "keep inline what this manifest was made from (git has it; answer `keep` to migrate); use theirs "
        f"({theirs}; answer `theirs`); or give this one another name. `lifecycle: {{adopt: any}}` takes theirs over"
    )


@dataclass(slots=True)
class Given:
    """Names that are given to objects of kinds whose names the API keeps unique, first come first served."""

    reserved: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By kind: names of the vendor's own objects, beyond those that the kind knows."""
    _holders: dict[tuple[str, str | SecretRef], Address] = field(default_factory=dict)

    def refused(
        self, address: Address, spec: KindSpec, name: str | SecretRef, shown: str | None = None
    ) -> tuple[str, str] | None:
        """Why the object at `address` cannot be called so, and what to do; None where it can, and then is. `shown`
        is said in place of a name that is a secret."""
        said = shown or (repr(name) if isinstance(name, str) else f"what {name} says")
        if not spec.unique_names:
            return None
        if name in spec.reserved_names or name in self.reserved.get(address.kind, ()):
            message = f"{said} is the name of a {address.kind} of the vendor, and the API takes a name once"
            return message, "give this one another name; the vendor's own needs no manifest"
        first = self._holders.setdefault((address.kind, name), address)
        if first == address:
            return None
        message = f"{first} would be called {said}, too, and the API takes a name of a {address.kind} once"
        return message, "give one of the two another name, or remove one of the manifests"


def name_sent(manifest: Manifest) -> str | SecretRef | None:
    """The name that a manifest gives to its object, or where it comes from; None where it gives none."""
    place = manifest.kind.name_field
    lifecycle = manifest.lifecycle
    if lifecycle.manage is Manage.OBSERVE or any(within(place, pointer) for pointer in lifecycle.ignore):
        return None
    name = manifest.spec.get(place[1:]) or manifest.address.name
    return name if isinstance(name, str | SecretRef) else None


def refuse_taken(
    changes: Sequence[Change],
    listings: Mapping[str, Listing],
    addresses: Mapping[tuple[str, str], Address],
    book: SecretBook,
    reserved: Callable[[str], Collection[str]] | None = None,
) -> list[Change]:
    """The changes with a block on each that would give a name which the API keeps unique and somebody else has, or is
    given in the same plan. A name that comes from a variable counts as what that says now, and is never shown.
    `reserved` asks the account for the names of the vendor's objects of a kind."""
    named = {change.address: name for change in changes if (name := _given(change, book)) is not None}
    asked = {kind: reserved(kind) for kind in {address.kind for address in named}} if reserved is not None else {}
    given = Given(asked)
    result: list[Change] = []
    for change in changes:
        name = named.get(change.address)
        block = None
        if name is not None:
            hidden = (change.managed or {}).get(change.kind.name_field)
            shown = f"what {hidden} says" if has_secret(hidden) else repr(name)
            refused = given.refused(change.address, change.kind, name, shown)
            block = Block(RULE, *refused) if refused else _held(change, name, shown, listings, addresses)
        result.append(replace(change, blocked=(*change.blocked, block)) if block is not None else change)
    return result


def _given(change: Change, book: SecretBook) -> str | None:
    """The name that this change gives to an object of a kind whose names are unique; None where it is not known."""
    spec = change.kind
    if not spec.unique_names or any(block.rule in (RULE, "probable_rename") for block in change.blocked):
        return None
    hidden = (change.managed or {}).get(spec.name_field)
    renamed = change.action is Action.UPDATE and any(changed.path == spec.name_field for changed in change.fields)
    if has_secret(hidden) and (renamed or change.action is Action.CREATE):
        filled = None if book.missing(hidden) else book.fill(hidden)
        return filled if isinstance(filled, str) else None
    if change.action is Action.CREATE:
        return change.name
    if change.action is not Action.UPDATE:
        return None
    return next(_texts(change, spec.name_field), None)


def _texts(change: Change, path: str) -> Iterator[str]:
    for changed in change.fields:
        if changed.path == path and isinstance(changed.after, str):
            yield changed.after


def _held(
    change: Change,
    name: str,
    shown: str,
    listings: Mapping[str, Listing],
    addresses: Mapping[tuple[str, str], Address],
) -> Block | None:
    holders = [id for id in objects_of(listings.get(change.address.kind), name) if id != change.id]
    if not holders:
        return None
    holder = addresses.get((change.address.kind, holders[0]), holders[0])
    message = f"{holder} is called {shown}, and the API takes a name of a {change.address.kind} once"
    hint = "give this one another name; where that object is renamed or deleted in the same plan, apply that first"
    return Block(RULE, message, hint)


def refuse_other_content(subject: Subject, found: Findings) -> Findings:
    """Block the import of an object that says anything else than the manifest, defaults filled; what is hidden, so
    that nobody can compare it, is not known to be the same."""
    resource, spec = subject.resource, subject.spec
    if subject.entry is not None or subject.binding.reason is not Reason.ADOPTED_BY_NAME:
        return found
    if resource.lifecycle.adopt is not Adopt.SAME or subject.observing:
        return found
    paths = (
        {changed.path for changed in found.fields} | {adoption.path for adoption in found.adopt} | {*found.assumed}
    )
    paths |= {difference.path for difference in found.differences}
    paths |= {
        path
        for path, value in leaves(spec, subject.document).items()
        if path not in resource.leaves
        and not any(within(path, leaf) or within(leaf, path) for leaf in resource.leaves)
        and not may_be_omitted(field_at(spec, path), value)
        and not ignored(path, resource.lifecycle.ignore)
        and path != spec.name_field
    }
    if not paths:
        return found
    block = other_content(resource.address, subject.name, subject.live.id, sorted(paths))
    return found + Findings(blocks=(block,))
