"""Who uses what in the account: live objects that hold the id of another one, managed or not; nothing in use goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.planning.naming import referring
from reconciler.core.planning.planner import live_document
from reconciler.kinds import KINDS, kind
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, lookup, within
from reconciler.types.live import LiveObject

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
    unknown: int = 0
    """How many objects did not show what is attached to them."""

    def called(self, key: Key) -> str:
        """The address of an object that is managed, else its kind, name and id."""
        if key in self.addresses:
            return str(self.addresses[key])
        name = self.names.get(key)
        return f"the {word(key[0])} {name!r} ({key[1]})" if name else f"the {word(key[0])} {key[1]}"

    def listed(self, users: Iterable[Key]) -> str:
        """`persona.a, persona.b and 2 more`."""
        named = sorted(self.called(key) for key in users)
        more = f" and {len(named) - MOST} more" if len(named) > MOST else ""
        return ", ".join(named[:MOST]) + more


NOTHING = Usage({}, {}, {})


def word(name: str, count: int = 1, vocabulary: str = "pal") -> str:
    """What objects of a kind are called: `PAL`, `Tool`."""
    words = kind(name).manifest_kinds
    found = next((one for one in words if one.lower() == vocabulary), words[0])
    return found if count == 1 or found.endswith("s") else f"{found}s"


def user_kinds(used: Collection[str]) -> tuple[str, ...]:
    """The kinds whose objects may hold an id of one of the kinds `used`."""
    return tuple(name for name, spec in KINDS.all().items() if any(row.ref in used for row in referring(spec)))


def find_usage(
    objects: Iterable[LiveObject], addresses: Mapping[Key, Address], *, only: Collection[Key] | None = None
) -> Usage:
    """The uses of the objects in `only` (of all where it is None), by the objects given."""
    uses: dict[Key, list[Use]] = {}
    names: dict[Key, str | None] = {}
    unknown = 0
    for live in objects:
        spec = kind(live.kind)
        document = live_document(spec, live)
        unknown += spec.attachments is not None and live.tools is None
        for row in referring(spec):
            value = lookup(document, row.path)
            for id in value if isinstance(value, list) else [value]:
                used = (row.ref or "", id)
                if not isinstance(id, str) or (only is not None and used not in only):
                    continue
                uses.setdefault((used[0], id), []).append(Use((live.kind, live.id), row.path))
                names[live.kind, live.id] = live.name
    return Usage(uses, addresses, names, unknown)


def keep_used(
    changes: Sequence[Change], usage: Usage, *, destroy: bool
) -> tuple[list[Change], tuple[Diagnostic, ...]]:
    """The changes with no delete left open that would take something away from who still uses it after them.

    Such a delete is blocked and names the users; when everything goes (`destroy`) it is left out and told, and what
    the kept object uses is kept with it.
    """
    left = list(changes)
    told: list[Diagnostic] = []
    while True:
        held = in_use(left, usage)
        if not destroy:
            return [_blocked(change, held.get(change.address), usage) for change in left], ()
        if not held:
            return left, tuple(told)
        told += [
            Diagnostic(
                "E-in-use",
                Severity.WARNING,
                f"{address} is kept: in use by {usage.listed(users)}",
                hint="take the use away first, then destroy again",
                address=address,
            )
            for address, users in sorted(held.items())
        ]
        left = [change for change in left if change.address not in held]


def in_use(changes: Sequence[Change], usage: Usage) -> dict[Address, tuple[Key, ...]]:
    """What is to be deleted and has users that these changes leave with it, with those users."""
    after: dict[tuple[str, str | None], Change] = {(one.address.kind, one.id): one for one in changes if one.id}
    return {
        change.address: users
        for change in changes
        if change.action is Action.DELETE and (users := _still(change, after, usage))
    }


def _still(change: Change, after: Mapping[tuple[str, str | None], Change], usage: Usage) -> tuple[Key, ...]:
    """Who uses the object of `change` once the plan is carried out."""
    me = (change.address.kind, change.id or "")
    users = dict.fromkeys(
        use.user for use in usage.uses.get(me, ()) if use.user != me and not _ends(use, me[1], after.get(use.user))
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
    return replace(change, blocked=(*change.blocked, Block(RULE, f"in use by {usage.listed(users)}", hint)))


def tell_users(change: Change, usage: Usage, vocabulary: str) -> Change:
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
        kinds = {key[0] for key in others}
        noun = word(kinds.pop(), len(others), vocabulary) if len(kinds) == 1 else "objects"
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
    for use in usage.uses.get((change.address.kind, change.id or ""), ()):
        address = planned.get(use.user)
        if address is not None and address != change.address:
            yield address
