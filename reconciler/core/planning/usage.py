"""Who uses what in the account: live objects that hold the id of another one, managed or not; nothing in use goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.keyed_lists import item_places
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.planning.id_names import referring
from reconciler.core.resource_diff.resource_plan import Matching
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, escape, within
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.plan import Kept
from reconciler.types.state import State

RULE = "in_use"
MOST = 5
"""So many users are named; the others are counted."""
Key = tuple[str, str]
"""Kind and id of a live object."""


@dataclass(frozen=True, slots=True)
class Use:
    """One live object that holds the id of another, and where."""

    user: Key
    pointer: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Every use that was read, by what is used, and what the users are called."""

    uses: Mapping[Key, Sequence[Use]]
    addresses: Mapping[Key, Address]
    """Of the objects that a manifest or the state claims."""
    names: Mapping[Key, str | None]
    kinds: Mapping[Key, KindSpec] = field(default_factory=dict)
    """Of the users."""
    unknown: int = 0
    """How many objects did not show what is attached to them."""
    items: Mapping[Key, Mapping[Key, str]] = field(default_factory=dict)
    """What is an item of another object and an object of its own, by the holder, with the place of the item."""

    def called(self, key: Key) -> str:
        """The address of an object that is managed, else its kind, name and id."""
        if key in self.addresses:
            return str(self.addresses[key])
        name = self.names.get(key)
        what = kind_word(self.kinds[key])
        return f"the {what} {name!r} ({key[1]})" if name else f"the {what} {key[1]}"

    def listed(self, users: Iterable[Key]) -> str:
        """`persona.a, persona.b and 2 more`."""
        return list_some(sorted(self.called(key) for key in users))


def list_some(named: Sequence[str]) -> str:
    """`persona.a, persona.b and 2 more`."""
    more = f" and {len(named) - MOST} more" if len(named) > MOST else ""
    return ", ".join(named[:MOST]) + more


NOTHING = Usage({}, {}, {})


def kind_word(kind: KindSpec, count: int = 1, vocabulary: str = "") -> str:
    """What objects of a kind are called: `PAL`, `Tool`."""
    words = kind.manifest_kinds
    found = next((word for word in words if word.lower() == vocabulary), words[0])
    return found if count == 1 or found.endswith("s") else f"{found}s"


def user_kinds(used: Collection[str], kinds: Kinds) -> tuple[str, ...]:
    """The kinds whose objects may hold an id of one of the kinds `used`."""
    return tuple(name for name, spec in kinds.all().items() if any(row.ref in used for row in referring(spec)))


def items_of(live: LiveObject, kinds: Kinds) -> dict[Key, str]:
    """The objects of their own that `live` holds as items, with their places: they vanish together with them."""
    spec = live.kind
    return {
        (shown, id): place
        for pointer, shown in spec.mirrored_lists
        for place, item in item_places(spec, live_document(spec, live), pointer).items()
        for word in kinds.get(shown).id_members
        if isinstance(id := item.get(word), str)
    }


def find_usage(
    objects: Iterable[LiveObject],
    addresses: Mapping[Key, Address],
    wanted: Collection[Key],
    items: Mapping[Key, Mapping[Key, str]] | None = None,
) -> Usage:
    """The uses of the objects in `wanted`, and of the `items` that they hold, by the objects given."""
    held = items or {}
    kinds: dict[str, set[str]] = {}
    for name, id in (*wanted, *(key for found in held.values() for key in found)):
        kinds.setdefault(id, set()).add(name)
    uses: dict[Key, list[Use]] = {}
    names: dict[Key, str | None] = {}
    users: dict[Key, KindSpec] = {}
    unknown = 0
    for live in objects:
        spec = live.kind
        document = live_document(spec, live)
        unknown += spec.attachments is not None and live.tools is None
        for pointer, id, ref in _references(spec, document):
            for name in kinds.get(id, ()) if ref is None else {ref} & kinds.get(id, set()):
                uses.setdefault((name, id), []).append(Use(live.key, pointer))
                names[live.key] = live.name
                users[live.key] = spec
    return Usage(uses, addresses, names, users, unknown, held)


def _references(spec: KindSpec, document: Object) -> Iterator[tuple[str, str, str | None]]:
    """Place, id and kind of all that `document` refers to; the kind is None at a place that no page describes.

    There a reference is known by its name: `..._id` or `..._ids`. What the server itself writes down is none.
    """
    known = {row.path: row.ref for row in referring(spec)}
    own = {row.path for row in spec.fields if row.server_owned}
    left: list[tuple[str, Object]] = [("", document)]
    while left:
        above, members = left.pop()
        for name, value in members.items():
            pointer = f"{above}/{escape(name)}"
            if isinstance(value, dict):
                left.append((pointer, value))
            elif isinstance(value, list):
                left += [(pointer, item) for item in value if isinstance(item, dict)]
            if pointer in own or not (pointer in known or name.endswith(("_id", "_ids"))):
                continue
            for id in value if isinstance(value, list) else [value]:
                if isinstance(id, str):
                    yield pointer, id, known.get(pointer)


def keep_used(changes: Sequence[Change], usage: Usage, *, destroy: bool) -> tuple[list[Change], tuple[Kept, ...]]:
    """The changes with no delete left open that would take something away from who still uses it after them.

    Such a delete is blocked and names the users; when everything goes (`destroy`) it is left out and kept, and what
    the kept object uses is kept with it.
    """
    held = in_use(changes, usage)
    if not destroy:
        return [_blocked(change, held.get(change.address), usage) for change in changes], ()
    after, own = _by_object(changes), {change.address: change for change in changes}
    takers: dict[tuple[str, str | None], list[Change]] = {}  # by user, what takes away something that it uses
    for change in changes if held else ():
        for user in {use.user for key in _taken(change, usage) for use in usage.uses.get(key, ())}:
            takers.setdefault(user, []).append(change)
    kept: dict[Address, Kept] = {}
    while held:
        kept |= {address: Kept(address, tuple(sorted(map(usage.called, users)))) for address, users in held.items()}
        staying = [(address.kind, own[address].id) for address in held]
        for key in staying:
            after.pop(key, None)
        again = {change.address: change for key in staying for change in takers.get(key, ())}
        held = {
            address: users
            for address, change in again.items()
            if address not in kept and (users := _still(change, after, usage))
        }
    left = [change for change in changes if change.address not in kept]
    return left, tuple(sorted(kept.values(), key=lambda kept_object: kept_object.address))


def kept_warning(kept: Kept) -> Diagnostic:
    """A kept object, for people."""
    return Diagnostic(
        "E-in-use",
        Severity.WARNING,
        f"{kept.address} is kept: in use by {list_some(kept.users)}",
        hint="take the use away first, then destroy again",
        address=kept.address,
    )


def in_use(changes: Sequence[Change], usage: Usage) -> dict[Address, tuple[Key, ...]]:
    """What takes an object away that has users whom these changes leave with it, with those users."""
    after = _by_object(changes)
    return {change.address: users for change in changes if (users := _still(change, after, usage))}


def _by_object(changes: Sequence[Change]) -> dict[tuple[str, str | None], Change]:
    return {(change.address.kind, change.id): change for change in changes if change.id}


def _taken(change: Change, usage: Usage) -> Iterator[Key]:
    """The objects that are gone once `change` is carried out: its own, and items that are objects themselves."""
    me = (change.address.kind, change.id or "")
    if change.action is Action.DELETE:
        yield me
    after = change.after if change.action is Action.UPDATE and change.requests else None
    for key, place in usage.items.get(me, {}).items():
        pointer = place.rpartition("/")[0]
        if change.action is Action.DELETE or (
            after is not None and place not in item_places(change.kind, after, pointer)
        ):
            yield key


def _still(change: Change, after: Mapping[tuple[str, str | None], Change], usage: Usage) -> tuple[Key, ...]:
    """Who uses what `change` takes away once the plan is carried out."""
    me = (change.address.kind, change.id or "")
    mine = {me, *usage.items.get(me, ())}
    users = dict.fromkeys(
        use.user
        for key in _taken(change, usage)
        for use in usage.uses.get(key, ())
        if use.user not in mine and not _ends(use, key[1], after.get(use.user))
    )
    return tuple(users)


def _ends(use: Use, id: str, change: Change | None) -> bool:
    """Whether `change`, of the user, takes the use of `id` away."""
    if change is None or not change.requests:
        return False
    if change.action is Action.DELETE:
        return True
    return any(
        (within(use.pointer, field.path) or within(field.path, use.pointer))
        and id in _texts(field.before)
        and id not in _texts(field.after)
        for field in change.fields
    )


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


def _blocked(change: Change, users: Sequence[Key] | None, usage: Usage) -> Change:
    if not users:
        return change
    hint = (
        f"take the use away in the same plan (or first, where it is not managed here), or --exclude {change.address}"
    )
    what = "" if change.action is Action.DELETE else "items that it takes away are "
    return replace(change, blocked=(*change.blocked, Block(RULE, f"{what}in use by {usage.listed(users)}", hint)))


def with_users(change: Change, usage: Usage, vocabulary: str) -> Change:
    """An update of an object that several use, or somebody whom nobody manages here, says who they are."""
    if change.action is not Action.UPDATE or change.id is None:
        return change
    users = list(dict.fromkeys(use.user for use in usage.uses.get((change.address.kind, change.id), ())))
    ours = [key for key in users if key in usage.addresses]
    others = [key for key in users if key not in usage.addresses]
    if not others and len(ours) < 2:
        return change
    parts = [usage.listed(ours)] if ours else []
    if others:
        verb = "is" if len(others) == 1 else "are"
        kinds = {usage.kinds[key] for key in others}
        noun = kind_word(kinds.pop(), len(others), vocabulary) if len(kinds) == 1 else "objects"
        parts.append(f"{len(others)} {noun} that {verb} not managed here")
    return replace(change, notes=(*change.notes, f"used by {' and '.join(parts)}"))


def wait_for_users(changes: Sequence[Change], usage: Usage) -> list[Change]:
    """Let each delete depend on the changes of its users: it is not sent where one of them was not done."""
    planned = {(change.address.kind, change.id): change.address for change in changes if change.requests}
    return [
        replace(change, depends_on=tuple(dict.fromkeys((*change.depends_on, *_waits(change, planned, usage)))))
        if change.action is Action.DELETE
        else change
        for change in changes
    ]


def _waits(change: Change, planned: Mapping[tuple[str, str | None], Address], usage: Usage) -> Iterator[Address]:
    for key in _taken(change, usage):
        for use in usage.uses.get(key, ()):
            address = planned.get(use.user)
            if address is not None and address != change.address:
                yield address


def claimed(matching: Matching, state: State) -> dict[Key, Address]:
    """The live objects that a manifest or the state claims, with their addresses."""
    found = {(address.kind, entry.id): address for address, entry in state.resources.items()}
    return found | {
        (address.kind, binding.id): address for address, binding in matching.bindings.items() if binding.id
    }
