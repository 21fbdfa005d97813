"""Which live object a resource is: by state, id, open intent or unique name, or none yet but a lookalike.

Never a twin: a create needs a complete list without the name; never somebody else's object: only ids of the
account's own (type user) list are taken.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.resource_diff.resource_plan import Binding, Matching, Seen
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.state.entry_records import is_name_hidden, made_by, name_of
from reconciler.types.address import Address
from reconciler.types.change import Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import Resource
from reconciler.types.state import Intent, State

_FORMAT = "Cf"
"""Category of characters that nobody sees, such as a zero width space."""


def folded(name: str) -> str:
    """A key that is equal for all names that look alike."""
    if name.isascii():
        return " ".join(name.lower().split())
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(_visible(name).casefold().split())


def difference(left: str, right: str) -> str:
    """The difference between two names that look alike, in words."""
    if left.casefold() == right.casefold():
        return "by case"
    if "".join(left.split()) == "".join(right.split()):
        return "by blanks"
    if unicodedata.normalize("NFKC", left) == unicodedata.normalize("NFKC", right):
        return "by their Unicode form"
    if _visible(left) == _visible(right):
        return "by a character that nobody sees"
    return "by case, blanks or Unicode form"


def _visible(name: str) -> str:
    return "".join(character for character in name if unicodedata.category(character) != _FORMAT)


def lookalikes(
    resources: Mapping[Address, Resource], created: Iterable[Address], listings: Mapping[str, Listing]
) -> Iterator[Diagnostic]:
    """A warning for each of the `created` that gets almost the name of a live object."""
    known: dict[str, dict[str, tuple[str, str]]] = {}
    for address in created:
        listing = listings.get(address.kind)
        if listing is None or is_name_hidden(resources[address].kind, resources[address].leaves, None):
            continue
        if address.kind not in known:
            named = ((live.name, live.id) for live in listing.objects.values())
            known[address.kind] = {folded(name): (name, id) for name, id in named if name}
        name = resources[address].name
        live, id = known[address.kind].get(folded(name), (name, ""))
        if live != name:
            yield Diagnostic(
                "E-name",
                Severity.WARNING,
                f"{address} will be created as {name!r} beside the live {live!r} ({id}): "
                f"the two differ only {difference(name, live)}",
                hint="write the name as it is in the account, or metadata.id, if that object is meant",
                address=address,
                pointer=resources[address].kind.name_field,
                source=resources[address].source,
            )


@dataclass(frozen=True, slots=True)
class _Known:
    """What a resource is matched by."""

    resources: Mapping[Address, Resource]
    state: State
    account: Seen
    held: Mapping[tuple[str, str], Address]
    """The address that manages the object, by kind and id."""
    names: Mapping[Address, str]
    """The name of a resource's object in the account."""
    intents: Mapping[Address, tuple[Intent, list[str]]]
    """Creates whose outcome is open, each with the ids of the objects that it may have made."""


def match(
    resources: Mapping[Address, Resource],
    state: State,
    account: Seen,
    previous: Mapping[Address, Address],
    book: SecretBook,
) -> Matching:
    """Bind every resource. `previous` maps an address to the one it had before a Moved document."""
    result = Matching()
    names = {address: name_of(resource, book) for address, resource in resources.items()}
    ours = {entry.id for entry in state.resources.values()}
    lists = account.listings
    intents = {
        intent.address: (intent, made_by(intent, lists.get(intent.kind), book, ours, names.get(intent.address)))
        for intent in state.pending
    }
    held = {(address.kind, entry.id): address for address, entry in state.resources.items()}
    known = _Known(resources, state, account, held, names, intents)
    for address, resource in resources.items():
        binding = _by_state(resource, known) or _by_id(resource, known) or _by_name(resource, known, result.problems)
        if isinstance(binding, Diagnostic):
            result.problems.append(binding)
            continue
        if address in previous:
            reason = Reason.MOVED if binding.entry is not None else binding.reason
            binding = Binding(binding.id, reason, binding.entry, previous[address])
        result.bindings[address] = binding
    _refuse_shared(resources, result, names)
    created = [
        address for address, binding in result.bindings.items() if binding.id is None and binding.rename_of is None
    ]
    result.problems += lookalikes(resources, created, account.listings)
    return result


def _by_state(resource: Resource, known: _Known) -> Binding | Diagnostic | None:
    """The object that state holds; a problem where the manifest or the account says otherwise; None where state
    holds none, or one that is gone."""
    address, account = resource.address, known.account
    entry = known.state.resources.get(address)
    if entry is None:
        return None
    objects = _objects(address.kind, account)
    agree = resource.id in (None, entry.id) or _is_former(resource, known)
    if not agree and entry.id not in account.gone:
        return _problem(
            resource,
            f"the manifest says id {resource.id}, the state holds {entry.id}",
            f"correct metadata.id, or `reconciler state rm {address}` to take the other object",
        )
    if entry.id in objects or entry.id in account.unread:
        return Binding(entry.id, Reason.CHANGED, entry)
    return None


def _by_id(resource: Resource, known: _Known) -> Binding | Diagnostic | None:
    """The object that `metadata.id` names; a problem where it cannot be taken; None where no id decides."""
    address = resource.address
    if resource.id is None:
        return None
    if resource.id not in _objects(address.kind, known.account):
        if address in known.state.resources or _is_former(resource, known):
            return None
        return _problem(
            resource,
            f"metadata.id {resource.id} is not the id of one of the account's own {address.kind} objects",
            "stock objects and other people's cannot be managed; remove metadata.id to create a new one",
        )
    holder = known.held.get((address.kind, resource.id))
    if holder is not None and holder != address:
        return _problem(
            resource,
            f"the object {resource.id} is already managed as {holder}",
            f"write a Moved document or `reconciler state mv {holder} {address}`",
        )
    return Binding(resource.id, Reason.ADOPTED_BY_ID)


def _is_former(resource: Resource, known: _Known) -> bool:
    """Whether `metadata.id` names an object that was ours at this address, and is gone."""
    if resource.id is None or resource.id in _objects(resource.address.kind, known.account):
        return False
    entry = known.state.resources.get(resource.address)
    return resource.id in known.state.retired.get(resource.address, ()) or (
        entry is not None and resource.id in entry.former
    )


def _by_name(resource: Resource, known: _Known, problems: list[Diagnostic]) -> Binding | Diagnostic:
    """The one object of its name that nobody manages, or none yet; a problem where there is no telling. A name that
    another manifest's object bears as well goes to `problems` as a warning."""
    address, held = resource.address, known.held
    listing = known.account.listings.get(address.kind)
    intent, made = known.intents.get(address, (None, []))
    named = objects_of(listing, known.names[address])
    named += [id for id in made if id not in named]
    free = [id for id in named if (address.kind, id) not in held]
    if intent is not None:
        free = [id for id in free if id not in intent.before] or free
    if len(free) > 1:
        return _problem(
            resource,
            f"{len(free)} objects of the account are called {resource.name!r}: {', '.join(free)}",
            "say which one with metadata.id, or give the manifest another name",
        )
    if free:
        pending = intent is not None and free[0] not in intent.before
        return Binding(free[0], Reason.PENDING if pending else Reason.ADOPTED_BY_NAME)
    hidden = sorted(id for id in (listing.unnamed if listing else ()) if (address.kind, id) not in held)
    if hidden:
        return _problem(
            resource,
            f"{known.names[address]!r} may be there already: its list shows {', '.join(hidden)} without a name, and "
            "the account answers that there is no such object",
            "the service may lag behind: try again in a while; if it stays, ask the vendor about this id, or say "
            "with metadata.id which object is meant",
        )
    holders = [
        holder
        for id in named
        if (holder := held[address.kind, id]) != address and known.state.resources[holder].gives_way_to != address
    ]
    orphan = next((holder for holder in holders if holder not in known.resources), None)
    if orphan is not None:
        return Binding(None, Reason.NEW, rename_of=orphan)
    if not resource.kind.unique_names:  # those are refused in the plan
        for holder in holders:
            problems.append(
                Diagnostic(
                    "E-name",
                    Severity.WARNING,
                    f"{address} will be a second object called {resource.name!r} beside {holder}",
                    address=address,
                    pointer=resource.kind.name_field,
                    source=resource.source,
                )
            )
    return Binding(None, Reason.DELETED_OUTSIDE if address in known.state.resources else Reason.NEW)


def _objects(kind: str, account: Seen) -> Mapping[str, LiveObject]:
    listing = account.listings.get(kind)
    return listing.objects if listing is not None else {}


def objects_of(listing: Listing | None, name: str) -> list[str]:
    """Ids of the objects with exactly this name, in list order."""
    return listing.named(name) if listing is not None else []


def _refuse_shared(resources: Mapping[Address, Resource], result: Matching, called: Mapping[Address, str]) -> None:
    """One object, one address; and a warning where two manifests will create objects of one name."""
    claims: dict[tuple[str, str], Address] = {}
    names: dict[tuple[str, str], Address] = {}
    for address, binding in list(result.bindings.items()):
        resource = resources[address]
        if binding.id is not None:
            first = claims.setdefault((address.kind, binding.id), address)
            if first != address:
                result.problems.append(
                    _problem(
                        resource,
                        f"{first} and {address} both claim the live object {binding.id} ({resource.name!r})",
                        "give them different names, or say with metadata.id which object each one is",
                    )
                )
                del result.bindings[address]
        elif binding.rename_of is None:
            first = names.setdefault((address.kind, called[address]), address)
            if first != address and not resource.kind.unique_names:
                result.problems.append(
                    Diagnostic(
                        "E-name",
                        Severity.WARNING,
                        f"{first} and {address} will both be created with the name {resource.name!r}",
                        address=address,
                        pointer=resource.kind.name_field,
                        source=resource.source,
                    )
                )


def _problem(resource: Resource, summary: str, hint: str) -> Diagnostic:
    return Diagnostic("E-id", Severity.ERROR, summary, hint=hint, address=resource.address, source=resource.source)


def names_of(listings: Mapping[str, Listing], matching: Matching, state: State) -> dict[tuple[str, str], str]:
    """What the objects that were read are called, by kind and id: by their address where they have one, else by the
    name that people see."""
    found = {(name, live.id): live.name for name, listing in listings.items() for live in listing.objects.values()}
    named = {key: name for key, name in found.items() if name}
    named |= {(address.kind, entry.id): str(address) for address, entry in state.resources.items()}
    bound = matching.bindings.items()
    return named | {(address.kind, binding.id): str(address) for address, binding in bound if binding.id is not None}
