"""Readings that serve many steps: when a page of a list is read instead of one object after the other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from reconciler.engine.apply.known_lists import FRESH, KnownLists
from reconciler.engine.apply.step import Look
from reconciler.errors import ReconcilerError
from reconciler.types.live import LiveObject
from reconciler.types.ports import Clock

ENOUGH = 100
"""Steps that wait for one page: as many as it can answer."""
DOUBTS = 3
"""So often a list may show less of an object than the object itself does, before it is not asked any more."""


class SharedLooks:
    """What is asked of lists, and what they are good for. Safe to use from several threads."""

    def __init__(self, lists: KnownLists, clock: Clock) -> None:
        self._lists = lists
        self._clock = clock
        self._lock = threading.Lock()
        self._alone: set[Look] = set()
        """Looks that no list answers."""
        self._useless: set[str] = set()
        """Kinds whose lists answer no look."""
        self._doubts: Counter[str] = Counter()
        self._reading: set[str] = set()

    def to_read(self, due: Iterable[tuple[Look, float]], *, idle: bool) -> dict[str, list[Look]]:
        """The lists of which a page is to be read now, with the looks that it may answer; `due` are all looks, each
        since a moment, and `idle` says that nothing else is left to do. A single one is not worth a list."""
        waiting: dict[str, list[tuple[Look, float]]] = {}
        for look, moment in due:
            if self.waits(look):
                waiting.setdefault(look.kind, []).append((look, moment))
        now = self._clock.monotonic()
        found: dict[str, list[Look]] = {}
        with self._lock:
            for kind, looks in waiting.items():
                if idle and len(looks) == 1:
                    self._alone.add(looks[0][0])
                elif kind not in self._reading and (
                    idle or len(looks) >= ENOUGH or now - min(moment for _, moment in looks) >= FRESH
                ):
                    self._reading.add(kind)
                    found[kind] = [look for look, _ in looks]
        return found

    def waits(self, look: Look) -> bool:
        """Whether a look is left to a list, and no list has answered it yet."""
        with self._lock:
            if not look.shared or look.kind in self._useless or look in self._alone:
                return False
        return not self._lists.shows(look.kind, look.id)

    def read(self, kind: str, looks: Iterable[Look]) -> None:
        """Read a page of a list. What stands in no page up to the end of the list is read by itself."""
        try:
            more = self._lists.read_on(kind)
        except ReconcilerError:  # each look meets it by itself, or does not
            more = None
        with self._lock:
            self._reading.discard(kind)
            if more is None:
                self._useless.add(kind)
            elif not more:
                self._alone.update(look for look in looks if not self._lists.shows(kind, look.id))

    def take(self, look: Look) -> LiveObject | None:
        """The answer of a list to a look; None where the object is to be read by itself."""
        return self._lists.take(look.kind, look.id) if look.shared else None

    def note(self, look: Look, listed: LiveObject | None) -> None:
        """A step that was handed an object out of a list asks for `look` next: is the list good enough for it?"""
        if listed is not None and listed.id == look.id and not look.shared and not look.after:
            with self._lock:
                self._doubts[look.kind] += 1
                if self._doubts[look.kind] >= DOUBTS:
                    self._useless.add(look.kind)
