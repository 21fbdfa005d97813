"""The lists of an account while a run writes: what came since the plan was made, and namesakes among it.

A list whose order is that in which its objects were made is not read from its start again: one that begins as it did
has only grown. Whatever speaks against that (another object at a place, a shorter list, an object of ours that is not
in it) leads to a complete reading.
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
class KnownList:
    """What is known of the list of one kind."""

    at: float
    """When the last look at all of it began, by the clock's `monotonic`."""
    base: frozenset[str] = frozenset()
    """Ids that the plan was made with."""
    order: list[str] | None = None
    """Every id, in the order of the list; None before it was read."""
    names: dict[str, str | None] = field(default_factory=dict)
    """Id -> name of what came since."""
    bodies: dict[str, LiveObject] = field(default_factory=dict)
    """Objects that came since, as the list showed them, until somebody asks for them."""
    made: set[str] = field(default_factory=set)
    """Ids of what this run made: a list that does not have them shows no more than a part."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while the list is read before a write; what others only ask for or add takes no lock."""

    def take(self, ids: Sequence[str], objects: Mapping[str, LiveObject]) -> None:
        """These stand next in the list."""
        self.order = [*(self.order or ()), *ids]
        for id in ids:
            if id not in self.base:
                self.names[id] = objects[id].name
                self.bodies[id] = objects[id]


class KnownLists:
    """Safe to use from several threads; one reading serves all who wait for it."""

    def __init__(self, provider: Provider, clock: Clock, read_at: float, listed: Mapping[str, Sequence[str]]) -> None:
        """`listed`: the ids of each list as it was read for the plan, in its order."""
        self._provider = provider
        self._clock = clock
        self._read_at = read_at
        self._guard = threading.Lock()
        self._lists = {kind: KnownList(read_at, frozenset(ids), list(ids)) for kind, ids in listed.items()}

    def newcomers(self, kind: str) -> Mapping[str, str | None]:
        """Id and name of every object that came since the plan was made, as of less than `FRESH` seconds ago; of
        every object where the plan was made without this list."""
        known = self._of(kind)
        with known.lock:
            begun = self._clock.monotonic()
            if known.order is None or begun - known.at >= FRESH:
                if not self._read_rest(kind, known):
                    self.read(kind)
                known.at = begun
            return dict(known.names)

    def read(self, kind: str) -> Listing:
        """A complete list of a kind, read now."""
        known = self._of(kind)
        with known.lock:
            begun = self._clock.monotonic()
            listing = self._provider.list(kind)
            known.order, known.names, known.at = [], {}, begun
            known.take(list(listing.objects), listing.objects)
            return listing

    def was_there(self, kind: str, id: str) -> bool:
        """Whether the plan was made with this object."""
        return id in self._of(kind).base

    def made(self, kind: str, id: str) -> None:
        """This run made an object."""
        self._of(kind).made.add(id)

    def read_on(self, kind: str) -> bool | None:
        """Read one page on from what is known: whether there is more behind it; None where the order of the list is
        not known, or its beginning is another by now."""
        known = self._of(kind)
        with known.lock:
            place = None if known.order is None else len(known.order)
        # Not under the lock: who waits for it before a write has its turn to send already.
        page = None if place is None else self._provider.list_page(kind, place)
        with known.lock:
            goes_on = page is not None and self._goes_on(known, page)
            return page.start + len(page.objects) < page.total if page is not None and goes_on else None

    def shows(self, kind: str, id: str) -> bool:
        """Whether a list showed an object that came since, and nobody took it yet."""
        return id in self._of(kind).bodies

    def take(self, kind: str, id: str) -> LiveObject | None:
        """An object that came since, as a list showed it; once."""
        return self._of(kind).bodies.pop(id, None)

    def _of(self, kind: str) -> KnownList:
        with self._guard:
            return self._lists.setdefault(kind, KnownList(self._read_at))

    def _read_rest(self, kind: str, known: KnownList) -> bool:
        """Read on from the last known object to the end; whether that was the whole rest."""
        made, place = set(known.made), max(0, len(known.order or ()) - 1)
        while (page := self._next_page(kind, known, place)) is not None:
            place = page.start + len(page.objects)
            if place >= page.total:
                return made <= set(known.order or ())
            if not page.objects:
                return False
        return False

    def _next_page(self, kind: str, known: KnownList, place: int) -> ListPage | None:
        """The page that holds a place, taken in; None where it does not go on from what is known."""
        page = None if known.order is None else self._provider.list_page(kind, place)
        return page if page is not None and self._goes_on(known, page) else None

    @staticmethod
    def _goes_on(known: KnownList, page: ListPage) -> bool:
        """Take a page in, where what is known of it already stands at its place, and nothing else is missing."""
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
class Newcomers:
    """Looks before a create whether somebody else made an object of its name meanwhile."""

    lists: KnownLists
    provider: Provider
    clock: Clock
    read_at: float
    held: Callable[[], set[str]]
    """Ids that addresses have by now."""
    _shown: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Kind -> path -> whether lists show it."""
    _turns: dict[str, threading.Lock] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def listed(self, name: str, paths: Collection[str]) -> list[str]:
        """Those of `paths` that the list of a kind shows of any object; one list read tells it for good."""
        with self._turn_of(name):
            known = self._shown.setdefault(name, {})
            if unknown := [path for path in paths if path not in known]:
                spec = self.provider.kinds.get(name)
                documents = [live_document(spec, live) for live in self.lists.read(name).objects.values()]
                for path in unknown:
                    known[path] = any(leaf_at(spec, document, path) is not None for document in documents)
            return [path for path in paths if known[path]]

    def _turn_of(self, name: str) -> threading.Lock:
        with self._turn:
            return self._turns.setdefault(name, threading.Lock())

    def turn(self, kind: str, name: str) -> threading.Lock:
        """Held by a create from its look at the names until its id is known: else another one of the same name in
        this run would take the new object for somebody else's."""
        return self._turn_of(f"{kind} {' '.join(name.split())}")

    def refuse(self, intent: Intent, name: str) -> bool:
        """Raise `PlanStale` when somebody made an object of the `name` that is about to be given, else False."""
        if self.clock.monotonic() - self.read_at < FRESH:
            return False
        came = self.lists.newcomers(intent.kind)
        taken = self.held()
        found = [
            id
            for id, their_name in came.items()
            if their_name == name and id not in intent.before and id not in taken
        ]
        if found:
            raise PlanStale(
                f"{intent.address}: an object called {intent.name!r} was made since the plan was made: "
                f"{', '.join(found)}",
                hint="run plan again: it is taken over, or told apart, instead of a second one being made",
            )
        return False
