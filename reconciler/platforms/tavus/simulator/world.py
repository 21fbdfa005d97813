"""One account as data: its objects by kind, minted ids, and an undo log for the write in progress."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.platforms.tavus.simulator.http_types import Reply
from reconciler.platforms.tavus.simulator.secret_masks import Vault
from reconciler.types.json import Json, Object

KINDS = (
    "pals",
    "tools",
    "guardrails",
    "guardrail_sets",
    "objectives",
    "documents",
    "pronunciation_dictionaries",
    "connectors",
    "deployments",
    "faces",
    "voices",
)
TYPE = "$type"
"""Who owns an object: absent for the account itself, `system` for stock, `orphan` for the ones in no type list."""
DRAFT = "$draft"
"""A person's unpublished edits in the vendor's editor: the fields that differ."""
SKILLS = "$skills"


class World:
    """All objects of one account, in internal (PAL) words, oldest first.

    Bodies are replaced, never changed in place: the undo log and the caches rely on it.
    """

    def __init__(self, salt: str, owner_id: str, *, sequence: int = 0) -> None:
        self.salt = salt
        self.owner_id = owner_id
        self.sequence = sequence
        self.generation = 0
        """How often the file was rewritten; ties a log of later changes to the file it continues."""
        self.vault = Vault(salt)
        self.objects: dict[str, dict[str, Object]] = {kind: {} for kind in KINDS}
        self.extra: Object = {}
        """Top-level members of the file that we do not know, kept as they are."""
        self.changed: set[tuple[str, str]] = set()
        """What was written since the last `settle`: (kind, id)."""
        self.earlier: dict[tuple[str, str], tuple[Object, int]] = {}
        """Bodies from before their last write, and how many reads still see them (`Mood.stale_reads`)."""
        self._ids: dict[tuple[str, str], list[str]] = {}
        self._undo: list[tuple[str, str, Object | None]] = []
        self._shown: dict[str, dict[str, dict[str, bytes]]] = {kind: {} for kind in KINDS}

    def find(self, kind: str, id: str) -> Object | None:
        return self.objects[kind].get(id)

    def own(self, kind: str) -> Iterator[tuple[str, Object]]:
        """The account's own objects of a kind."""
        return ((id, body) for id, body in self.objects[kind].items() if TYPE not in body)

    def ids(self, kind: str, owner: str) -> list[str]:
        """The ids of a kind by type, oldest first: user | system | all. Not to be changed by the caller."""
        # Kept between calls: looking at ten thousand bodies for each page of a list is what a page would cost.
        found = self._ids.get((kind, owner))
        if found is None:
            objects = self.objects[kind]
            wanted = {"user": None, "system": "system"}
            found = [id for id, body in objects.items() if owner not in wanted or body.get(TYPE) == wanted[owner]]
            self._ids[kind, owner] = found
        return found

    def put(self, kind: str, id: str, body: Object) -> None:
        """Create or replace an object."""
        old = self.objects[kind].get(id)
        self._undo.append((kind, id, old))
        self.objects[kind][id] = body
        if old is None or old.get(TYPE) != body.get(TYPE):
            self._ids.clear()
        self._touch(kind, id)

    def drop(self, kind: str, id: str) -> None:
        """Remove an object that is there."""
        self._undo.append((kind, id, self.objects[kind].pop(id)))
        self._ids.clear()
        self._touch(kind, id)

    def mint(self, prefix: str, digits: int = 12) -> str:
        """A new id: the prefix and hex digits that follow from the salt and a counter."""
        while True:
            self.sequence += 1
            id = prefix + hashlib.sha256(f"{self.salt}:{self.sequence}".encode()).hexdigest()[:digits]
            if all(id not in objects for objects in self.objects.values()):
                return id

    def settle(self) -> set[tuple[str, str]]:
        """End the write in progress for good; what it changed."""
        changed, self.changed = self.changed, set()
        self._undo.clear()
        return changed

    def mark(self) -> int:
        """A point to come back to with `rollback`."""
        return len(self._undo)

    def rollback(self, mark: int = 0) -> None:
        """Take back everything since `mark`. Order among objects is kept for updates only."""
        while len(self._undo) > mark:
            kind, id, body = self._undo.pop()
            if body is None:
                self.objects[kind].pop(id, None)
            else:
                self.objects[kind][id] = body
            self._ids.clear()
            self._touch(kind, id)

    def cached(self, kind: str, id: str) -> dict[str, bytes]:
        """The written answers for one object, by view; emptied when the object changes."""
        return self._shown[kind].setdefault(id, {})

    def _touch(self, kind: str, id: str) -> None:
        self.changed.add((kind, id))
        self._shown[kind].pop(id, None)


def is_own(body: Object) -> bool:
    """Whether the account may write this object."""
    return TYPE not in body


def strings_of(value: Json) -> list[str]:
    """The strings of a list; empty for null and anything else."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Page:
    """Items of one list answer, each already written, and the number of all."""

    key: str
    items: tuple[bytes, ...]
    total: int
    extras: tuple[tuple[str, int], ...] = ()
    total_word: str = "total_count"

    def reply(self, list_key: str = "data") -> Reply:
        """The answer in the shape asked for: under `data`, bare, or under the collection's name."""
        joined = b"[" + b",".join(self.items) + b"]"
        if list_key == "bare":
            return Reply(200, joined)
        name = "data" if list_key == "data" else self.key
        tail = "".join(f',"{word}":{value}' for word, value in ((self.total_word, self.total), *self.extras))
        return Reply(200, f'{{"{name}":'.encode() + joined + tail.encode() + b"}")
