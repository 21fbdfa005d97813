"""What the account holds, as the API showed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One object of the account, in the words the API used. Only its canonical form is comparable."""

    kind: KindSpec
    id: str
    name: str | None
    body: Object
    detailed: bool = False
    """True when the body came from a GET of this one object, False when it is a list item."""
    tools: tuple[str, ...] | None = None
    """Ids of the registry tools attached, sorted; None when not known. Only personas have it."""
    read_at: float = 0.0
    """Monotonic seconds of the clock that read it; an update re-reads what is older than 5 s."""
    parts: Mapping[str, Json] = field(default_factory=dict)
    """Canonical pointer -> value of what the API keeps in sub resources of the object, as far as it was read."""

    @property
    def key(self) -> tuple[str, str]:
        """The name of its kind, and its id."""
        return self.kind.name, self.id


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of type user of one kind, from a complete list."""

    kind: str
    objects: Mapping[str, LiveObject]
    """By id, in the order of the list."""
    unnamed: frozenset[str] = frozenset()
    """Ids of objects whose name nobody told: the list does not show it, and the account denies the object itself."""
    _named: dict[str | None, list[str]] = field(default_factory=dict, compare=False, repr=False)

    def named(self, name: str) -> list[str]:
        """Ids of the objects that bear exactly this name, in the order of the list."""
        if not self._named:
            for id, live in self.objects.items():
                self._named.setdefault(live.name, []).append(id)
        return list(self._named.get(name, ()))


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list whose order is that in which its objects were made, the oldest first."""

    start: int
    """The place of its first object in the list, from 0."""
    objects: Mapping[str, LiveObject]
    """By id, in the order of the list."""
    total: int
    """How many objects the list has in all."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who the key belongs to, as far as the API tells."""

    base_url: str
    vocabulary: str
    owner: str | None = None
    """`owner_id` where some object shows one."""
    key_digest: str | None = None
    """Salted digest of the API key; several keys of one account are normal."""
