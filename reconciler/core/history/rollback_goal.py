"""What a rollback wants: the history since one moment -> resources as they were then, what leaves, what stays.

Only what runs have written since is put back, path by path; everything else of an object is left as it is found, in
the account and in state. What was made since leaves state: personas are deleted, objects that several personas may
share are never deleted and become orphans. Nothing is made twice: where an object is gone and another one bears its
address or its name since, that one is what it was again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.history.history_chain import ObjectHistory, object_histories
from reconciler.core.history.restore_object import RestoreContext, restore
from reconciler.core.history.restored import Restored, vanished_items, without
from reconciler.core.resource_diff.resource_plan import Matching
from reconciler.types.address import Address
from reconciler.types.change import Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.kind import Kinds
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import Adopt, Lifecycle, Resource
from reconciler.types.state import Move, Preimage, State

Held = Mapping[tuple[str, str], Address]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a plan is made for in place of manifests."""

    serial: int
    resources: Mapping[Address, Resource] = field(default_factory=dict)
    whole: Mapping[Address, Resource] = field(default_factory=dict)
    """The same with everything that is known of them: for those that have to be made again."""
    moves: tuple[Move, ...] = ()
    leaving: frozenset[Address] = frozenset()
    """Made since: to be deleted."""
    orphans: frozenset[Address] = frozenset()
    """Made or imported since, and nobody's to delete: to be forgotten."""
    restored: Mapping[Address, Restored] = field(default_factory=dict)
    unknown: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)
    """Managed then, gone since and not made again: why not."""

    @property
    def moved(self) -> Mapping[Address, Address]:
        """New address -> the one that state still holds."""
        return {move.after: move.before for move in self.moves}

    def torn(self, chosen: Collection[Address]) -> tuple[Address, ...]:
        """Of the objects in `chosen`, those whose new address is that of an object which is to move, too, and is not
        chosen."""
        there = {move.before: move.after for move in self.moves}
        mine = [move.after for move in self.moves if move.after in chosen]
        return tuple(address for address in mine if there.get(address, address) not in chosen)

    def spared(self, address: Address, resource: Resource, live: LiveObject | None) -> Resource:
        """The resource without what cannot be written back into the object as it is."""
        restored = self.restored.get(address)
        if restored is None or live is None or resource.touched is None:
            return resource
        now = live_document(restored.resource.kind, live)
        left = {*restored.spoilt(now), *vanished_items(resource, now)}
        return replace(restored, resource=resource).without(left) if left else resource

    def settled(
        self, matching: Matching, tools: Listing | None
    ) -> tuple[dict[Address, Resource], dict[Address, tuple[str, ...]]]:
        """The resources now that it is known what is there: those that have to be made again in full, less those that
        cannot be, with the reasons; and nothing refers to what is not there."""
        found: dict[Address, Resource] = {}
        unknown: dict[Address, tuple[str, ...]] = {}
        for address, resource in self.resources.items():
            binding = matching.bindings.get(address)
            other = binding is not None and binding.entry is None and binding.id != resource.id
            same_one = binding is None or (binding.id is not None and not other)
            pending = binding is not None and binding.reason is Reason.PENDING
            if same_one or (pending and address not in self.whole):
                found[address] = resource
            elif address not in self.whole:
                unknown[address] = self.restored[address].lacking
            elif binding is not None and binding.reason is Reason.ADOPTED_BY_NAME:
                # Somebody made another one of its name meanwhile: it is this one only if it is the same.
                whole = self.whole[address]
                found[address] = replace(whole, lifecycle=replace(whole.lifecycle, adopt=Adopt.SAME))
            else:
                found[address] = self.whole[address]
        gone = frozenset(unknown)
        return {address: without(resource, gone, tools) for address, resource in found.items()}, unknown


def released_objects(runs: Sequence[Sequence[Preimage]], state: State, kinds: Kinds) -> list[tuple[str, str]]:
    """Kind and id of what state held then and has let go since, so that it may still be there."""
    held = _held(state)
    gone = [
        thread for thread in _threads(runs, state, kinds) if thread.was_managed and thread.address_in(held) is None
    ]
    return [(thread.kind.name, thread.ids[-1]) for thread in gone if thread.ids]


def make_goal(
    serial: int,
    runs: Sequence[Sequence[Preimage]],
    state: State,
    kinds: Kinds,
    alive: Mapping[tuple[str, str], LiveObject] | None = None,
    lifecycles: Mapping[Address, Lifecycle] | None = None,
) -> Goal:
    """The goal for the moment right after `serial`; `runs` are the changes of every later entry, oldest first.

    `alive` is what there still is of `released_objects`; `lifecycles` what the manifests of today say.
    """
    threads, held, there = _threads(runs, state, kinds), _held(state), alive or {}
    back = [thread for thread in threads if thread.was_managed]
    since = [thread for thread in threads if not thread.was_managed]
    places = {id(thread): thread.address_in(held) for thread in threads}
    for thread in back:
        if places[id(thread)] is None and _live(thread, there) is None:
            heir = _heir(thread, since, places, state)
            if heir is not None:
                since.remove(heir)
                places[id(thread)] = places[id(heir)]
                thread.ids.extend(heir.ids)
    came: dict[Address, Address | None] = {}
    for thread in sorted(back, key=lambda one: (places[id(one)] is None, one.kind.level)):
        came.setdefault(thread.address_then, places[id(thread)])
    final = _addresses(state, came)
    ids = {id: thread.address_then for thread in back for id in thread.ids}
    ids |= {one: final[address] for address, entry in state.resources.items() for one in entry.former}
    followed = {id for thread in threads for id in thread.ids}
    known_as = {address: entry.id for address, entry in state.resources.items() if entry.id not in followed}
    known_as |= {thread.address_then: one.id for thread in back if (one := thread.first.entry) is not None}
    setting = RestoreContext(ids, {*came, *final.values()}, known_as=known_as, lifecycles=lifecycles or {})
    restored: dict[Address, Restored] = {}
    unknown: dict[Address, tuple[str, ...]] = {}
    for thread in sorted(back, key=lambda one: one.kind.level):
        now, live = places[id(thread)], _live(thread, there)
        entry = state.resources.get(now) if now is not None else None
        if now != came[thread.address_then] or thread.address_then in restored:
            continue
        found = restore(thread, thread.address_then, entry, setting, live)
        if entry is None and live is None and found.whole is None:
            unknown[thread.address_then] = found.lacking
            setting = replace(setting, gone=setting.gone | set(thread.ids))
        else:
            restored[thread.address_then] = found
    leaving: set[Address] = set()
    orphans: set[Address] = set()
    for thread in since:
        now = places[id(thread)]
        if now is None or final[now] in restored:
            continue
        if thread.first.imported and thread.touched:
            restored[final[now]] = restore(thread, final[now], state.resources[now], setting)
        elif thread.first.imported or thread.kind.shared:
            orphans.add(final[now])
        else:
            leaving.add(final[now])
    return Goal(
        serial,
        {address: one.resource for address, one in restored.items()},
        {address: one.whole for address, one in restored.items() if one.whole is not None},
        tuple(Move(before, after, state.resources[before].id) for before, after in final.items() if before != after),
        frozenset(leaving),
        frozenset(orphans),
        restored,
        unknown,
    )


def _threads(runs: Sequence[Sequence[Preimage]], state: State, kinds: Kinds) -> tuple[ObjectHistory, ...]:
    """The threads of `runs`; a create of which nothing else is noted made what its address holds now."""
    threads = object_histories(runs, kinds)
    known = {(thread.kind.name, id) for thread in threads for id in thread.ids}
    for thread in threads:
        entry = None if thread.ids else state.resources.get(thread.last.address)
        if entry is not None and (thread.kind.name, entry.id) not in known:
            thread.ids.append(entry.id)
    return threads


def _held(state: State) -> Held:
    return {(address.kind, entry.id): address for address, entry in state.resources.items()}


def _live(thread: ObjectHistory, alive: Mapping[tuple[str, str], LiveObject]) -> LiveObject | None:
    return next((found for id in reversed(thread.ids) if (found := alive.get((thread.kind.name, id)))), None)


def _heir(
    thread: ObjectHistory, since: Iterable[ObjectHistory], places: Mapping[int, Address | None], state: State
) -> ObjectHistory | None:
    """What was made since in the place of an object that is gone: at its address, or else of its name."""
    others = [(one, now) for one in since if (now := places[id(one)]) is not None and now.kind == thread.kind.name]
    here = next((one for one, now in others if now == thread.address_then), None)
    name, entry = thread.name, thread.first.entry
    hidden = entry.sent.get(thread.kind.name_field) if entry is not None and name is None else None

    def is_called_so(now: Address) -> bool:
        there = state.resources[now]
        digest = there.sent.get(thread.kind.name_field)
        return there.name == name if name else hidden is not None and digest == hidden

    return here or next((one for one, now in others if is_called_so(now)), None)


def _addresses(state: State, came: Mapping[Address, Address | None]) -> dict[Address, Address]:
    """The address of each entry after the rollback: what was managed then has that of then (`came`: that one -> where
    it is now). What is in its way takes the address that this leaves, or a free one where it leaves none."""
    final = {now: then for then, now in came.items() if now is not None}
    taken = {*came, *state.resources}
    for address in state.resources:
        if address in final:
            continue
        place: Address | None = address
        while place is not None and place in came:
            place = came[place]
        if place is None:
            place = next(one for number in count(2) if (one := _numbered(address, number)) not in taken)
            taken.add(place)
        final[address] = place
    return final


def _numbered(address: Address, number: int) -> Address:
    return Address(address.kind, f"{address.name[:120]}-{number}")


def not_made(address: Address, why: Sequence[str]) -> Diagnostic:
    """What a rollback says of an object that is gone and that it does not make again."""
    return Diagnostic(
        "E-rollback",
        Severity.WARNING,
        f"{address} was managed then and is gone; it is not made again: {'; '.join(why)}",
        hint="write its manifest and apply it, if it is to be there",
        address=address,
    )


def gone_untouched(address: Address) -> Diagnostic:
    return Diagnostic(
        "E-rollback",
        Severity.WARNING,
        f"{address} is gone, and no run took it away or wrote to it since: the history does not know what it was",
        hint="`reconciler apply` makes it again from its manifest; without one, `reconciler state rm` forgets it",
        address=address,
    )


def torn(address: Address) -> Diagnostic:
    return Diagnostic(
        "E-target",
        Severity.ERROR,
        f"{address} is another object now, which is to go back as well and is left out",
        hint="take both in, or neither",
        address=address,
    )
