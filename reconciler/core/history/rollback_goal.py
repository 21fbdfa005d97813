"""What a rollback wants: the history since one moment -> resources as they were then, what leaves, what stays.

Only what runs have written since is put back, path by path; everything else of an object is left as it is found, in
the account and in state. What was made since leaves state: personas are deleted, objects that several personas may
share are never deleted and become orphans. Nothing is made twice: where an object is gone and another one bears its
address or its name since, that one is what it was again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import count

from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.history.history_chain import ObjectHistory, object_histories
from reconciler.core.history.restore_object import RestoreContext, restore
from reconciler.core.history.restored import Restored, vanished_items, without
from reconciler.core.resource_diff.resource_plan import Matching
from reconciler.types.address import Address
from reconciler.types.change import Reason
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
    places = {id(thread): thread.address_in(held) for thread in threads}
    since = _without_heirs(back, [thread for thread in threads if not thread.was_managed], places, state, there)
    came: dict[Address, Address | None] = {}
    for thread in sorted(back, key=lambda thread: (places[id(thread)] is None, thread.kind.level)):
        came.setdefault(thread.address_then, places[id(thread)])
    final = _addresses(state, came)
    context = _restore_context(threads, state, final, came, lifecycles or {})
    restored, unknown, context = _restore_managed(back, places, came, state, there, context)
    made = _made_since(since, places, final, restored)
    for thread, now in made.restorable:
        restored[final[now]] = restore(thread, final[now], state.resources[now], context)
    return Goal(
        serial,
        {address: found.resource for address, found in restored.items()},
        {address: found.whole for address, found in restored.items() if found.whole is not None},
        tuple(Move(before, after, state.resources[before].id) for before, after in final.items() if before != after),
        frozenset(made.leaving),
        frozenset(made.orphans),
        restored,
        unknown,
    )


def _without_heirs(
    back: Sequence[ObjectHistory],
    since: Sequence[ObjectHistory],
    places: dict[int, Address | None],
    state: State,
    alive: Mapping[tuple[str, str], LiveObject],
) -> list[ObjectHistory]:
    """Those of `since` that did not replace an object of `back` that is gone. One that did gives that object its ids,
    and its address in `places` (id of a history -> address today)."""
    left = list(since)
    for thread in back:
        if places[id(thread)] is None and _live(thread, alive) is None:
            heir = _heir(thread, left, places, state)
            if heir is not None:
                left.remove(heir)
                places[id(thread)] = places[id(heir)]
                thread.ids.extend(heir.ids)
    return left


def _restore_context(
    threads: Sequence[ObjectHistory],
    state: State,
    final: Mapping[Address, Address],
    came: Mapping[Address, Address | None],
    lifecycles: Mapping[Address, Lifecycle],
) -> RestoreContext:
    """What references in restored objects may name: every id, earlier ones included, with its address afterwards."""
    back = [thread for thread in threads if thread.was_managed]
    ids = {id: thread.address_then for thread in back for id in thread.ids}
    ids |= {former: final[address] for address, entry in state.resources.items() for former in entry.former}
    followed = {id for thread in threads for id in thread.ids}
    known_as = {address: entry.id for address, entry in state.resources.items() if entry.id not in followed}
    known_as |= {thread.address_then: entry.id for thread in back if (entry := thread.first.entry) is not None}
    return RestoreContext(ids, {*came, *final.values()}, known_as=known_as, lifecycles=lifecycles)


def _restore_managed(
    back: Sequence[ObjectHistory],
    places: Mapping[int, Address | None],
    came: Mapping[Address, Address | None],
    state: State,
    alive: Mapping[tuple[str, str], LiveObject],
    context: RestoreContext,
) -> tuple[dict[Address, Restored], dict[Address, tuple[str, ...]], RestoreContext]:
    """Each object that was managed then, by its address then; those that cannot be made again, with what is not
    known of them; and the context that knows these to be gone."""
    restored: dict[Address, Restored] = {}
    unknown: dict[Address, tuple[str, ...]] = {}
    for thread in sorted(back, key=lambda thread: thread.kind.level):
        now, live = places[id(thread)], _live(thread, alive)
        entry = state.resources.get(now) if now is not None else None
        if now != came[thread.address_then] or thread.address_then in restored:
            continue
        found = restore(thread, thread.address_then, entry, context, live)
        if entry is None and live is None and found.whole is None:
            unknown[thread.address_then] = found.lacking
            context = replace(context, gone=context.gone | set(thread.ids))
        else:
            restored[thread.address_then] = found
    return restored, unknown, context


@dataclass(frozen=True, slots=True)
class _MadeSince:
    """Objects that came under management after the goal's serial, by what a rollback does with them."""

    restorable: Sequence[tuple[ObjectHistory, Address]]
    """Adopted and written since: their earlier content comes back. Each with its address today."""
    leaving: Set[Address]
    """Created since: deleted again. Addresses after the rollback."""
    orphans: Set[Address]
    """Adopted unchanged, or shared with others: they leave the state and stay in the account."""


def _made_since(
    since: Sequence[ObjectHistory],
    places: Mapping[int, Address | None],
    final: Mapping[Address, Address],
    restored: Collection[Address],
) -> _MadeSince:
    restorable: list[tuple[ObjectHistory, Address]] = []
    leaving: set[Address] = set()
    orphans: set[Address] = set()
    taken = set(restored)
    for thread in since:
        now = places[id(thread)]
        if now is None or final[now] in taken:
            continue
        if thread.first.imported and thread.touched:
            restorable.append((thread, now))
            taken.add(final[now])
        elif thread.first.imported or thread.kind.shared:
            orphans.add(final[now])
        else:
            leaving.add(final[now])
    return _MadeSince(restorable, leaving, orphans)


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
