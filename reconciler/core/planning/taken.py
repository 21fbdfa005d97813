"""Names that somebody else holds: nothing is taken over unless it is the same, and no name is given twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.planning.match import objects_of
from reconciler.kinds import kind
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.live import Listing

RULE = "name_taken"


def other_content(address: Address, name: str | None, id: str, paths: Sequence[str]) -> Block:
    """A manifest that says `adopt: same` found an object of its name that is not the same at `paths`."""
    differs = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    return Block(
        RULE, f"the account has another {address.kind} called {name!r} ({id}): {differs} differs", ways(address)
    )


def ways(address: Address) -> str:
    """The three ways out, in the words of a question of `migrate`, and the one for who means to take it over."""
    theirs = "remove this manifest and name it in `tools:`" if address.kind == "tool" else "refer to it by its id"
    return (
        "keep inline what this manifest was made from (git has it; answer `keep` to migrate); use theirs "
        f"({theirs}; answer `theirs`); or give this one another name. `lifecycle: {{adopt: any}}` takes theirs over"
    )


def refuse_taken(
    changes: Sequence[Change], listings: Mapping[str, Listing], addresses: Mapping[tuple[str, str], Address]
) -> list[Change]:
    """The changes with a block on each that would give a name which the API keeps unique and somebody else has, or is
    given in the same plan."""
    given: dict[tuple[str, str], Address] = {}
    result: list[Change] = []
    for change in changes:
        name = _given(change)
        block = None
        if name is not None:
            first = given.setdefault((change.address.kind, name), change.address)
            block = _block(change, name, first, listings.get(change.address.kind), addresses)
        result.append(replace(change, blocked=(*change.blocked, block)) if block is not None else change)
    return result


def _given(change: Change) -> str | None:
    """The name that this change gives to an object of a kind whose names are unique."""
    spec = kind(change.address.kind)
    if not spec.unique_names or any(block.rule in (RULE, "probable_rename") for block in change.blocked):
        return None
    if change.action is Action.CREATE:
        return change.name
    if change.action is not Action.UPDATE:
        return None
    return next(_texts(change, spec.name_field), None)


def _texts(change: Change, path: str) -> Iterator[str]:
    for field in change.fields:
        if field.path == path and isinstance(field.after, str):
            yield field.after


def _block(
    change: Change,
    name: str,
    first: Address,
    listing: Listing | None,
    addresses: Mapping[tuple[str, str], Address],
) -> Block | None:
    if first != change.address:
        message = f"{first} would be called {name!r}, too, and the API takes a name of a {change.address.kind} once"
        return Block(RULE, message, "give one of the two another name, or remove one of the manifests")
    holders = [id for id in objects_of(listing, name) if id != change.id]
    if not holders:
        return None
    holder = addresses.get((change.address.kind, holders[0]), holders[0])
    message = f"{holder} is called {name!r}, and the API takes a name of a {change.address.kind} once"
    hint = "give this one another name; where that object is renamed or deleted in the same plan, apply that first"
    return Block(RULE, message, hint)
