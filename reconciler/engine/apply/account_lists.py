"""The lists of an account while an apply writes: objects added since the plan was made, and their names.

A list in order of creation need not be read from its start again: if its beginning is unchanged, it has only grown.
Anything that contradicts this (another object at an offset, a shorter list, an object of ours that is missing) leads
to a complete reading.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.canonical.canonical_form import leaf_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.errors import PlanStale
from reconciler.types.live import Listing, ListPage, LiveObject
from reconciler.types.ports import Clock, Provider
from reconciler.types.state import Intent

FRESH = 5.0
"""Seconds for which a reading counts as current; older ones are read again right before a write."""


@dataclass(slots=True)
class AccountList:
    """The list of one kind, as far as this run has read it."""

    at: float
    """When the last complete reading began, in seconds of the clock's `monotonic`."""
    base: frozenset[str] = frozenset()
    """Ids that the list held when the plan was made."""
    order: list[str] | None = None
    """Every id in the order of the list; None until the list has been read."""
    names: dict[str, str | None] = field(default_factory=dict)
    """Id -> name of each object added since the plan was made."""
    bodies: dict[str, LiveObject] = field(default_factory=dict)
    """Added objects as the list showed them, by id; each is removed once `take` hands it out."""
    made: set[str] = field(default_factory=set)
    """Ids of objects that this run created: a list without one of them is incomplete."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while the list is read; single look-ups and additions need no lock."""

    def take(self, ids: Sequence[str], objects: Mapping[str, LiveObject]) -> None:
        """Append the next ids of the list, and remember those that are not in `base` as added."""
        self.order = [*(self.order or ()), *ids]
        for id in ids:
            if id not in self.base:
                self.names[id] = objects[id].name
                self.bodies[id] = objects[id]


class AccountLists:
    """The lists of all kinds, thread-safe: one reading answers every thread that waits for it."""

    def __init__(self, provider: Provider, clock: Clock, read_at: float, listed: Mapping[str, Sequence[str]]) -> None:
        """`listed`: the ids of each list as it was read for the plan, in its order."""
        self._provider = provider
        self._clock = clock
        self._read_at = read_at
        self._guard = threading.Lock()
        self._lists = {kind: AccountList(read_at, frozenset(ids), list(ids)) for kind, ids in listed.items()}

    def added_names(self, kind: str) -> Mapping[str, str | None]:
        """Id -> name of every object added since the plan was made, at most `FRESH` seconds old; of every object if
        the plan did not read this list. Raises `ProviderError`."""
        known = self._of(kind)
        with known.lock:
            started = self._clock.monotonic()
            if known.order is None or started - known.at >= FRESH:
                if not self._read_rest(kind, known):
                    self.read(kind)
                known.at = started
            return dict(known.names)

    def read(self, kind: str) -> Listing:
        """The complete list of a kind, read now. Raises `ProviderError`."""
        known = self._of(kind)
        with known.lock:
            started = self._clock.monotonic()
            listing = self._provider.list(kind)
            known.order, known.names, known.at = [], {}, started
            known.take(list(listing.objects), listing.objects)
            return listing

    def was_planned_with(self, kind: str, id: str) -> bool:
        """Whether the list held this object when the plan was made."""
        return id in self._of(kind).base

    def note_created(self, kind: str, id: str) -> None:
        """Remember the id of an object that this run created."""
        self._of(kind).made.add(id)

    def read_next_page(self, kind: str) -> bool | None:
        """Read the page after the last known object. True if more pages follow it; None if the order of the list is
        unknown or its beginning has changed. Raises `ProviderError`."""
        known = self._of(kind)
        with known.lock:
            offset = None if known.order is None else len(known.order)
        # Not under the lock: a thread that waits for it before a write already holds its slot of the rate limit.
        page = None if offset is None else self._provider.list_page(kind, offset)
        with known.lock:
            extends = page is not None and self._extend(known, page)
            return page.start + len(page.objects) < page.total if page is not None and extends else None

    def shows(self, kind: str, id: str) -> bool:
        """Whether a list showed this added object and `take` has not handed it out yet."""
        return id in self._of(kind).bodies

    def take(self, kind: str, id: str) -> LiveObject | None:
        """Hand out an added object as a list showed it, once; None if no list did."""
        return self._of(kind).bodies.pop(id, None)

    def _of(self, kind: str) -> AccountList:
        with self._guard:
            return self._lists.setdefault(kind, AccountList(self._read_at))

    def _read_rest(self, kind: str, known: AccountList) -> bool:
        """Read from the last known object to the end of the list; False if the pages do not fit what is known."""
        made, offset = set(known.made), max(0, len(known.order or ()) - 1)
        while (page := self._next_page(kind, known, offset)) is not None:
            offset = page.start + len(page.objects)
            if offset >= page.total:
                return made <= set(known.order or ())
            if not page.objects:
                return False
        return False

    def _next_page(self, kind: str, known: AccountList, offset: int) -> ListPage | None:
        """Read and append the page that holds `offset`; None if it does not continue what is known."""
        page = None if known.order is None else self._provider.list_page(kind, offset)
        return page if page is not None and self._extend(known, page) else None

    @staticmethod
    def _extend(known: AccountList, page: ListPage) -> bool:
        """Append a page if it agrees with the known part of the list and leaves no gap; whether it did."""
        order, ids = known.order or [], list(page.objects)
        again, new = order[page.start :], ids[max(0, len(order) - page.start) :]
        both = min(len(again), len(ids))
        if page.total < len(order) or ids[:both] != again[:both]:
            return False
        if page.start > len(order) or any(id in known.base or id in known.names for id in new):
            return False
        known.take(new, page.objects)
        return True


@dataclass(slots=True)
class NameCheck:
    """The check before a create that nobody else has created an object of the same name since the plan was made."""

    lists: AccountLists
    provider: Provider
    clock: Clock
    read_at: float
    managed_ids: Callable[[], set[str]]
    """The ids of all managed objects, those created by this run included."""
    _shown: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Kind -> pointer -> whether list items of the kind carry that member."""
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def listed(self, name: str, paths: Collection[str]) -> list[str]:
        """Those of `paths` that any list item of the kind carries; the list is read once and the answer kept."""
        with self._lock_of(name):
            known = self._shown.setdefault(name, {})
            if unknown := [path for path in paths if path not in known]:
                spec = self.provider.kinds.get(name)
                documents = [live_document(spec, live) for live in self.lists.read(name).objects.values()]
                for path in unknown:
                    known[path] = any(leaf_at(spec, document, path) is not None for document in documents)
            return [path for path in paths if known[path]]

    def _lock_of(self, name: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())

    def name_lock(self, kind: str, name: str) -> threading.Lock:
        """The lock that a create holds from this check until its id is known: another create of the same name in this
        run would otherwise take the new object for somebody else's."""
        return self._lock_of(f"{kind} {' '.join(name.split())}")

    def refuse(self, intent: Intent, name: str) -> bool:
        """Raise `PlanStale` if somebody has created an object called `name` since the plan was made; else False."""
        if self.clock.monotonic() - self.read_at < FRESH:
            return False
        added = self.lists.added_names(intent.kind)
        taken = self.managed_ids()
        found = [
            id
            for id, their_name in added.items()
            if their_name == name and id not in intent.before and id not in taken
        ]
        if found:
            raise PlanStale(
                f"{intent.address}: an object called {intent.name!r} was made since the plan was made: "
                f"{', '.join(found)}",
                hint="run plan again: it is taken over, or told apart, instead of a second one being made",
            )
        return False
