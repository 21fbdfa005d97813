"""One account as data: objects by kind, minted ids, an undo log, and secrets kept as digests, shown as masks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from reconciler.core.credential_detection import is_setting
from reconciler.platforms.tavus.simulator.http_types import MASK, Reply
from reconciler.types.json import Json, Object

Pattern: TypeAlias = tuple[str, ...]
Show: TypeAlias = Literal["mask", "omit", "echo"]
ShowFree: TypeAlias = Literal["plain", "mask", "omit", "echo"]
"""`plain` hides all but settings by their names, `X-Organization-ID`; the others all."""
SEALED = "$sealed"

PERSONA_SECRETS: tuple[Pattern, ...] = (
    ("layers", "*", "api_key"),
    ("layers", "*", "headers", "*"),
    ("layers", "*", "default_query", "*"),
)
TOOL_SECRETS: tuple[Pattern, ...] = (
    *(("delivery", "api", "auth", name) for name in ("token", "password", "value", "secret", "client_secret")),
    ("delivery", "api", "headers", "*"),
)
CONNECTOR_SECRETS: tuple[Pattern, ...] = (("auth_config", "token"),)
DEPLOYMENT_SECRETS: tuple[Pattern, ...] = (("password",),)


class _Gone:
    """The type of the answer "this member is not there"."""


GONE: Final = _Gone()
_Change: TypeAlias = "Callable[[Pattern, str, Json], Json | _Gone]"
"""Pattern, last word and value of a secret place -> what stands there instead."""


class Vault:
    """Digests of one world. Remembers in memory the values that this process has seen, for `echo`."""

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()
        self._digests: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def seal(self, value: Json) -> Json:
        """A value -> `{"$sealed": digest}`. A sealed value, null and containers stay as they are."""
        if value is None or isinstance(value, dict | list):
            return value
        text = value if isinstance(value, str) else repr(value)
        digest = self._digests.get(text)
        if digest is None:
            # Slow on purpose: the file must not be a dictionary attack away from the key.
            digest = hashlib.scrypt(
                text.encode("utf-8", "surrogatepass"), salt=self._salt, n=2**11, r=8, p=1, dklen=24
            ).hex()
            self._digests[text] = digest
            self._values[digest] = text
        return {SEALED: digest}

    @property
    def seen_clear(self) -> bool:
        """Whether any clear value has passed through here."""
        return bool(self._values)

    def learn(self, other: Vault) -> None:
        """Take over what another vault of the same salt knows."""
        if other._salt == self._salt:
            self._digests.update(other._digests)
            self._values.update(other._values)

    def show(self, value: Json, how: Show) -> Json | _Gone:
        """What a read shows for the member `value`."""
        digest = value.get(SEALED) if isinstance(value, dict) else None
        if not isinstance(digest, str):
            return value
        if how == "omit":
            return GONE
        return self._values.get(digest, MASK) if how == "echo" else MASK


def seal(body: Object, patterns: Sequence[Pattern], vault: Vault) -> Object:
    """`body` with every secret replaced by its digest; in free objects whatever is not a setting by its name."""

    def change(pattern: Pattern, name: str, value: Json) -> Json:
        plain = pattern[-1] == "*" and isinstance(value, str) and is_setting(name, value)
        return value if plain else vault.seal(value)

    return _each(body, patterns, change)


def reveal(body: Object, patterns: Sequence[Pattern], vault: Vault, keys: Show, headers: ShowFree) -> Object:
    """`body` as a read shows it: `keys` for named secrets, `headers` for members of free objects."""

    def change(pattern: Pattern, name: str, value: Json) -> Json | _Gone:
        if pattern[-1] != "*":
            return vault.show(value, keys)
        if isinstance(value, dict) and SEALED in value:
            return vault.show(value, "mask" if headers == "plain" else headers)
        if not isinstance(value, str) or headers in ("plain", "echo"):
            return value
        return MASK if headers == "mask" else GONE

    return _each(body, patterns, change)


def echoes_mask(body: Object, patterns: Sequence[Pattern]) -> str | None:
    """The dotted path of a secret member that holds the mask itself, None when there is none."""
    found: list[str] = []

    def look(pattern: Pattern, name: str, value: Json) -> Json:
        if value == MASK:
            found.append(".".join(token for token in pattern if token != "*"))
        return value

    _each(body, patterns, look)
    return found[0] if found else None


def _each(body: Object, patterns: Sequence[Pattern], change: _Change) -> Object:
    for pattern in patterns:
        changed = _at(body, pattern, pattern, change)
        if isinstance(changed, dict):
            body = changed
    return body


def _at(value: Json, rest: Pattern, pattern: Pattern, change: _Change, name: str = "") -> Json | _Gone:
    if not rest:
        return change(pattern, name, value)
    if not isinstance(value, dict) or SEALED in value:
        return value
    result: Object = value
    for word in list(value) if rest[0] == "*" else [rest[0]]:
        if word not in value:
            continue
        new = _at(value[word], rest[1:], pattern, change, word)
        if new is value[word]:
            continue
        if result is value:
            result = dict(value)
        if isinstance(new, _Gone):
            del result[word]
        else:
            result[word] = new
    return result


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
