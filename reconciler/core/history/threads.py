"""The history of each object since one moment: its pre-images, followed through renames, deletes and replacements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reconciler.core.canonical import leaves
from reconciler.core.edit import Edit, apply_edits
from reconciler.kinds import kind
from reconciler.types.address import Address
from reconciler.types.json import Object, within
from reconciler.types.preimage import Preimage


@dataclass(slots=True)
class Thread:
    """One object, from now back to the moment."""

    latest: Address
    """Its last address."""
    then: Address
    """Its address at that moment."""
    items: list[Preimage] = field(default_factory=list)
    """Oldest first."""

    @property
    def first(self) -> Preimage:
        return self.items[0]

    @property
    def last(self) -> Preimage:
        return self.items[-1]

    @property
    def was_managed(self) -> bool:
        """Whether state held it at that moment."""
        return self.first.entry is not None

    @property
    def is_gone(self) -> bool:
        """Whether the last thing that was done to it took it out of state. A delete that was cut off may have left
        it there: then state tells."""
        return self.last.action in ("delete", "forget") and self.last.outcome == "done"

    @property
    def touched(self) -> frozenset[str]:
        """Everything that was written since then."""
        return frozenset(path for item in self.items for path in item.fields)

    def body(self) -> Object | None:
        """The object at that moment; None where no run has looked at all of it.

        Where it was deleted or replaced since: as it was last, with everything that runs had written before put back.
        """
        bodies = [item for item in self.items if item.body is not None]
        if not bodies:
            return None
        went = next((item for item in bodies if item.action == "delete" or item.replaced), None)
        first = bodies[0].body or {}
        if went is None or went is bodies[0]:
            return first
        before = bodies[: bodies.index(went)]
        return put_back(went, first, {path for item in before for path in item.fields})

    @property
    def is_known(self) -> bool:
        """Whether it still exists, or enough was kept to make it again."""
        return not self.is_gone or self.body() is not None or (self.last.action == "forget" and bool(self.last.id))

    def ids(self) -> frozenset[str]:
        """Every id that it had since then."""
        return frozenset(item.id for item in self.items if item.id is not None)


def put_back(later: Preimage, first: Object, paths: Iterable[str]) -> Object:
    """The body of `later` with what lies within `paths` as it is in `first`."""
    spec = kind(later.address.kind)
    wanted = frozenset(paths)
    body = later.body or {}
    old, new = leaves(spec, first), leaves(spec, body)
    gone = [Edit(path, remove=True) for path in new if path not in old and related(path, wanted)]
    come = [Edit(path, value) for path, value in old.items() if related(path, wanted)]
    return apply_edits(spec, body, [*gone, *come])


def related(path: str, others: Iterable[str]) -> bool:
    """Whether `path` lies within one of `others`, or one of them within it."""
    return any(within(path, one) or within(one, path) for one in others)


def follow(runs: Sequence[Sequence[Preimage]]) -> tuple[Thread, ...]:
    """The threads of all objects that `runs` (oldest first) changed."""
    named: dict[Address, Thread] = {}
    found: list[Thread] = []
    for items in reversed(runs):
        for item in reversed(items):
            thread = named.pop(item.address, None)
            if thread is None:
                thread = Thread(item.address, item.address)
                found.append(thread)
            thread.items.insert(0, item)
            thread.then = item.previous or item.address
            named[thread.then] = thread
    return tuple(found)
