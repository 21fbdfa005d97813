"""What a rollback wants: the history since one moment -> resources as they were then, what leaves, what stays.

Only what runs have written since is put back, path by path; everything else of an object is left as it is found, in
the account and in state. What was made since leaves state: personas are deleted, objects that several personas may
share are never deleted and become orphans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.history.restoring import Restored, restore
from reconciler.core.history.threads import Thread, follow
from reconciler.kinds import kind
from reconciler.types.address import Address
from reconciler.types.manifest import Moved, Removed
from reconciler.types.preimage import Preimage
from reconciler.types.resource import Resource
from reconciler.types.source import Source
from reconciler.types.state import State

HISTORY = Source("history")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a plan is made for in place of manifests."""

    serial: int
    resources: Mapping[Address, Resource] = field(default_factory=dict)
    whole: Mapping[Address, Resource] = field(default_factory=dict)
    """The same with everything that is known of them: for those that have to be made again."""
    moved: tuple[Moved, ...] = ()
    leaving: frozenset[Address] = frozenset()
    """Made since: to be deleted."""
    orphans: frozenset[Address] = frozenset()
    """Made or imported since, and nobody's to delete: to be forgotten."""
    restored: Mapping[Address, Restored] = field(default_factory=dict)
    unknown: tuple[Address, ...] = ()
    """Managed then and gone since without a trace of what they were."""

    @property
    def removed(self) -> tuple[Removed, ...]:
        return tuple(Removed(address, HISTORY) for address in sorted(self.orphans))


def make_goal(serial: int, runs: Sequence[Sequence[Preimage]], state: State) -> Goal:
    """The goal for the moment right after `serial`; `runs` are the changes of every later entry, oldest first."""
    threads = follow(runs)
    held = {entry.id: address for address, entry in state.resources.items()}
    back = [thread for thread in threads if thread.was_managed]
    ids = {id: thread.then for thread in back if thread.is_known for id in thread.ids()}
    ids |= {id: address for address, entry in state.resources.items() for id in entry.former}
    restored: dict[Address, Restored] = {}
    moved: list[Moved] = []
    unknown: list[Address] = []
    there = {thread.then for thread in back} | set(state.resources)
    for thread in back:
        now = address_now(thread, state, held)
        found = restore(thread, state.resources.get(now) if now is not None else None, ids, there)
        if found is None:
            unknown.append(thread.then)
            continue
        restored[thread.then] = found
        if now is not None and now != thread.then:
            moved.append(Moved(now, thread.then, HISTORY))
    leaving: set[Address] = set()
    orphans: set[Address] = set()
    for thread in threads:
        now = None if thread.was_managed else address_now(thread, state, held)
        if now is None or now in restored:
            continue
        imported = thread.first.imported
        if imported and thread.touched:
            found = restore(thread, state.resources[now], ids, there)
            if found is not None:
                restored[now] = found
        elif imported or is_shared(now.kind):
            orphans.add(now)
        else:
            leaving.add(now)
    return Goal(
        serial,
        {address: one.resource for address, one in restored.items()},
        {address: one.whole for address, one in restored.items() if one.whole is not None},
        tuple(moved),
        frozenset(leaving),
        frozenset(orphans),
        restored,
        tuple(unknown),
    )


def address_now(thread: Thread, state: State, held: Mapping[str, Address]) -> Address | None:
    """Where state holds the object now, `state mv` included; None where it does not."""
    if thread.is_gone:
        return None
    if thread.latest in state.resources:
        return thread.latest
    found = held.get(thread.last.id) if thread.last.id is not None else None
    return found if found is not None and found.kind == thread.latest.kind else None


def is_shared(name: str) -> bool:
    """Whether several personas may use one object of this kind: all that personas are made of."""
    return kind(name).level < kind("persona").level
