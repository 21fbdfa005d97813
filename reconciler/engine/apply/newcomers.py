"""Objects that came to bear a name since the account was read, and what lists show of an object at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from reconciler.core.canonical.canonical_form import leaf_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.engine.apply.known_lists import FRESH, KnownLists
from reconciler.errors import PlanStale
from reconciler.types.ports import Clock, Provider
from reconciler.types.state import Intent


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
                documents = [live_document(spec, one) for one in self.lists.read(name).objects.values()]
                for path in unknown:
                    known[path] = any(leaf_at(spec, one, path) is not None for one in documents)
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
        found = [id for id, one in came.items() if one == name and id not in intent.before and id not in taken]
        if found:
            raise PlanStale(
                f"{intent.address}: an object called {intent.name!r} was made since the plan was made: "
                f"{', '.join(found)}",
                hint="run plan again: it is taken over, or told apart, instead of a second one being made",
            )
        return False
