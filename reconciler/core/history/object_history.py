"""The history of each object since one moment: its pre-images, followed by what it is, whatever it was called.

An object is its kind and id. One that was made again in its place (deleted outside, or a field that is fixed at
creation changed) is the same one to its owner, so its new id joins the thread of the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import leaves
from reconciler.types.address import Address
from reconciler.types.json import Object, lookup, within
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.state import Preimage


@dataclass(slots=True)
class Thread:
    """One object, from the moment up to now."""

    kind: KindSpec
    items: list[Preimage] = field(default_factory=list)
    """Oldest first."""
    ids: list[str] = field(default_factory=list)
    """Every id that it had since then, oldest first."""

    @property
    def first(self) -> Preimage:
        return self.items[0]

    @property
    def last(self) -> Preimage:
        return self.items[-1]

    @property
    def then(self) -> Address:
        """Its address at that moment, or the first one that it had since."""
        return self.first.previous or self.first.address

    @property
    def name(self) -> str | None:
        """What it was called last, as far as that is known."""
        body, pointer = self.body(), self.kind.name_field
        named = lookup(body, pointer) if body is not None else None
        entry = next((item.entry for item in reversed(self.items) if item.entry is not None), None)
        return named if isinstance(named, str) and named else entry.name if entry is not None else None

    @property
    def was_managed(self) -> bool:
        """Whether state held it at that moment."""
        return self.first.entry is not None

    @property
    def touched(self) -> frozenset[str]:
        """Everything that was written since then."""
        return frozenset(path for item in self.items for path in item.fields)

    @property
    def is_whole(self) -> bool:
        """Whether `body` is all of the object."""
        return any(_shows_all(item) for item in self.looks)

    @property
    def looks(self) -> list[Preimage]:
        """The items in which a run looked at the object of that moment, not at one made in its place since."""
        return [item for item in self.items if item.body is not None and _id(item) == _id(self.first)]

    def body(self) -> Object | None:
        """The object at that moment; None where no run has looked at it.

        Where it was deleted or replaced since: as it was last, with everything that runs had written before put back;
        the same with the first look at all of it, where the first look of all showed less.
        """
        bodies = self.looks
        if not bodies:
            return None
        went = next((item for item in bodies if item.action == "delete" or item.replaced), None)
        base = went or next((item for item in bodies if _shows_all(item)), bodies[0])
        first = bodies[0].body or {}
        if base is bodies[0]:
            return first
        before = bodies[: bodies.index(base)]
        return put_back(self.kind, base, first, {path for item in before for path in item.fields})

    def address_in(self, held: Mapping[tuple[str, str], Address]) -> Address | None:
        """Where state holds the object now, under whichever name; None where it does not."""
        return next((held[self.kind.name, id] for id in reversed(self.ids) if (self.kind.name, id) in held), None)


def _id(item: Preimage) -> str | None:
    return item.entry.id if item.entry is not None else item.id


def _shows_all(item: Preimage) -> bool:
    # Before `whole` was noted, only what was about to go was read by itself.
    return item.body is not None and (item.whole or item.action == "delete" or item.replaced)


def put_back(spec: KindSpec, later: Preimage, first: Object, paths: Iterable[str]) -> Object:
    """The body of `later` with what lies within `paths` as it is in `first`."""
    wanted = frozenset(paths)
    body = later.body or {}
    old, new = leaves(spec, first), leaves(spec, body)
    gone = [Edit(path, remove=True) for path in new if path not in old and related(path, wanted)]
    come = [Edit(path, value) for path, value in old.items() if related(path, wanted)]
    return apply_edits(spec, body, [*gone, *come])


def related(path: str, others: Iterable[str]) -> bool:
    """Whether `path` lies within one of `others`, or one of them within it."""
    return any(within(path, one) or within(one, path) for one in others)


def follow(runs: Sequence[Sequence[Preimage]], kinds: Kinds) -> tuple[Thread, ...]:
    """The threads of all objects that `runs` (oldest first) changed."""
    known: dict[tuple[str, str], Thread] = {}
    nameless: dict[Address, Thread] = {}
    """Creates of which no run has noted what came of them: the next object at their address."""
    found: list[Thread] = []
    for item in (item for items in runs for item in items):
        id = _id(item)
        thread = known.get((item.address.kind, id)) if id is not None else None
        if thread is None:
            thread = nameless.pop(item.previous or item.address, None)
        if thread is None:
            thread = Thread(kinds.get(item.address.kind))
            found.append(thread)
        thread.items.append(item)
        names = [one for one in (id, item.became) if one is not None]
        for one in names:
            if one not in thread.ids:
                thread.ids.append(one)
            known[item.address.kind, one] = thread
        if not names and item.outcome != "failed":
            nameless[item.address] = thread
    return tuple(found)
