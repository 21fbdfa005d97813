"""The history: runs closed as chained entries, what is kept of it, and the pre-images of each object.

An entry's digest is SHA-256 over the digest before it and the entry itself, so that an entry that was edited, moved
or taken out of the middle no longer fits. The first one continues the lineage of its state; where entries were
dropped, the anchor holds the digest that the oldest one left continues.

An object is its kind and id. One that was made again in its place (deleted outside, or a field that is fixed at
creation changed) is the same one to its owner, so its new id joins the thread of the old one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import leaves
from reconciler.core.history.preimage import pack_list, read_item, read_items, unpack, write_item
from reconciler.core.serialization import record_codec
from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.serialization.digest import canonical_bytes
from reconciler.errors import StateUnreadable
from reconciler.types.address import Address
from reconciler.types.history import Anchor, History, HistoryEntry, Retention, Running
from reconciler.types.json import Object, lookup, within
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.manifest import DIRTY
from reconciler.types.state import Preimage, State

COUNTED = {"create": "added", "update": "changed", "delete": "destroyed", "forget": "forgotten"}


def close_run(state: State, serial: int, retention: Retention) -> tuple[State, tuple[HistoryEntry, ...]]:
    """`state` with its run closed as an entry of the document `serial`, and the entries that were dropped for it.

    A run that never came to its end is closed as interrupted; one that changed nothing leaves no entry.
    """
    running = state.running
    if running is None:
        return state, ()
    state = replace(state, running=None)
    if running.items.keys() <= running.skipped:
        return state, ()
    counts: Counter[str] = Counter()
    changes = pack_list(write_item(_counted(item, counts)) for item in _items(running, state))
    history = state.history
    last = history.entries[-1] if history.entries else None
    entry = HistoryEntry(
        number=(last.number if last else history.anchor.number) + 1,
        serial=serial,
        previous=last.serial if last else history.anchor.serial,
        header=running.header,
        result=running.ended or "interrupted",
        counts=dict(counts),
        changes=changes,
    )
    before = last.digest if last else _root(state.lineage, history.anchor)
    entry = replace(entry, digest=_digest(before, entry))
    history, dropped = prune(History(history.anchor, (*history.entries, entry)), retention)
    return replace(state, history=history), dropped


def prune(history: History, retention: Retention) -> tuple[History, tuple[HistoryEntry, ...]]:
    """The newest entries that fit, at least one; the anchor moves up to the last one that was dropped."""
    kept, size = 0, 0
    for entry in reversed(history.entries):
        size += len(entry.changes)
        if kept and (kept >= retention.keep or size > retention.max_bytes):
            break
        kept += 1
    cut = len(history.entries) - kept
    dropped, left = history.entries[:cut], history.entries[cut:]
    if not dropped:
        return history, ()
    last = dropped[-1]
    return History(Anchor(last.number, last.serial, last.digest), left), dropped


def verify(state: State, *, where: str = "the state") -> None:
    """The chain is whole. Raises `StateUnreadable` naming the first entry that does not fit."""
    history = state.history
    anchor = history.anchor
    before, number, serial = _root(state.lineage, anchor), anchor.number, anchor.serial
    for entry in history.entries:
        if (entry.number, entry.previous) != (number + 1, serial):
            raise _broken(where, entry, "does not follow the one before it: an entry is missing or out of its place")
        if not serial < entry.serial <= state.serial:
            raise _broken(where, entry, "bears a serial that does not fit")
        if _digest(before, entry) != entry.digest:
            raise _broken(where, entry, "does not fit its digest: it, or the one before it, was edited")
        before, number, serial = entry.digest, entry.number, entry.serial


def changes_of(entry: HistoryEntry, *, where: str = "the state") -> tuple[Preimage, ...]:
    """What one run changed, in the order in which it began. Raises `StateUnreadable` for damaged pre-images."""
    try:
        return read_items(entry.changes)
    except Malformed as error:
        raise _broken(where, entry, f"cannot be read: {error}") from None


def _items(running: Running, state: State) -> Iterator[Preimage]:
    """What the run began, and which objects came of it; of one that was killed, the outcome may be unknown.

    Raises `StateUnreadable` for damaged pre-images.
    """
    for address, text in running.items.items():
        if address in running.skipped:
            continue
        outcome = "done" if running.ended is not None or address in running.done else "unknown"
        if address in running.failed:
            outcome = "failed"
        try:
            item = read_item(unpack(text), f"/running/{address}")
        except Malformed as error:
            raise StateUnreadable(
                f"what the state says of a run that was cut short cannot be read: {error}",
                hint="put the copy from before the last write in its place (reconciler state push); the next plan "
                "finds what was applied since in the account, by name",
            ) from None
        now = state.resources.get(address)
        became = now.id if now is not None and now.id != item.id else None
        yield replace(item, outcome=outcome, became=became)


def _counted(item: Preimage, counts: Counter[str]) -> Preimage:
    """The item, once it is counted for what people read of its run."""
    if item.outcome != "done":
        counts[item.outcome] += 1
    else:
        counts.update([COUNTED[item.action]] if item.action in COUNTED else [])
        counts.update(["imported"] * item.imported + ["moved"] * (item.previous is not None))
    return item


def _root(lineage: str, anchor: Anchor) -> str:
    return anchor.digest if anchor.number else _sha256(lineage)


def _digest(before: str, entry: HistoryEntry) -> str:
    content = record_codec.to_json(replace(entry, digest=""))
    return _sha256(before, b"\n" + canonical_bytes(content))


def _sha256(text: str, more: bytes = b"") -> str:
    """`text` may be no valid Unicode: it comes from the state, and not all that writes there is ours."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass") + more).hexdigest()


def _broken(where: str, entry: HistoryEntry, why: str) -> StateUnreadable:
    return StateUnreadable(
        f"the history in {where} is broken: entry {entry.number} (serial {entry.serial}) {why}",
        hint="the resources in the state are not concerned: plan and apply work on. To roll back, put a copy of the "
        "state from before the damage in place (reconciler state push), or go back in git and apply",
    )


def short_commit(commit: str) -> str:
    """As much of a commit's id as people need, and the mark of a work tree that was changed."""
    return commit.removesuffix(DIRTY)[:12] + (DIRTY if commit.endswith(DIRTY) else "")


@dataclass(slots=True)
class ObjectHistory:
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
    def address_then(self) -> Address:
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
        return any(_shows_all(item) for item in self.observations)

    @property
    def observations(self) -> list[Preimage]:
        """The items in which a run looked at the object of that moment, not at one made in its place since."""
        return [item for item in self.items if item.body is not None and _id(item) == _id(self.first)]

    def body(self) -> Object | None:
        """The object at that moment; None where no run has looked at it.

        Where it was deleted or replaced since: as it was last, with everything that runs had written before put back;
        the same with the first look at all of it, where the first look of all showed less.
        """
        bodies = self.observations
        if not bodies:
            return None
        went = next((item for item in bodies if item.action == "delete" or item.replaced), None)
        base = went or next((item for item in bodies if _shows_all(item)), bodies[0])
        first = bodies[0].body or {}
        if base is bodies[0]:
            return first
        before = bodies[: bodies.index(base)]
        return restore_paths(self.kind, base, first, {path for item in before for path in item.fields})

    def address_in(self, held: Mapping[tuple[str, str], Address]) -> Address | None:
        """Where state holds the object now, under whichever name; None where it does not."""
        return next((held[self.kind.name, id] for id in reversed(self.ids) if (self.kind.name, id) in held), None)


def _id(item: Preimage) -> str | None:
    return item.entry.id if item.entry is not None else item.id


def _shows_all(item: Preimage) -> bool:
    # Before `whole` was noted, only what was about to go was read by itself.
    return item.body is not None and (item.whole or item.action == "delete" or item.replaced)


def restore_paths(spec: KindSpec, later: Preimage, first: Object, paths: Iterable[str]) -> Object:
    """The body of `later` with what lies within `paths` as it is in `first`."""
    wanted = frozenset(paths)
    body = later.body or {}
    old, new = leaves(spec, first), leaves(spec, body)
    gone = [Edit(path, remove=True) for path in new if path not in old and paths_overlap(path, wanted)]
    come = [Edit(path, value) for path, value in old.items() if paths_overlap(path, wanted)]
    return apply_edits(spec, body, [*gone, *come])


def paths_overlap(path: str, others: Iterable[str]) -> bool:
    """Whether `path` lies within one of `others`, or one of them within it."""
    return any(within(path, other) or within(other, path) for other in others)


def object_histories(runs: Sequence[Sequence[Preimage]], kinds: Kinds) -> tuple[ObjectHistory, ...]:
    """The threads of all objects that `runs` (oldest first) changed."""
    known: dict[tuple[str, str], ObjectHistory] = {}
    nameless: dict[Address, ObjectHistory] = {}
    """Creates of which no run has noted what came of them: the next object at their address."""
    found: list[ObjectHistory] = []
    for item in (item for items in runs for item in items):
        id = _id(item)
        thread = known.get((item.address.kind, id)) if id is not None else None
        if thread is None:
            thread = nameless.pop(item.previous or item.address, None)
        if thread is None:
            thread = ObjectHistory(kinds.get(item.address.kind))
            found.append(thread)
        thread.items.append(item)
        names = [one for one in (id, item.became) if one is not None]
        for name in names:
            if name not in thread.ids:
                thread.ids.append(name)
            known[item.address.kind, name] = thread
        if not names and item.outcome != "failed":
            nameless[item.address] = thread
    return tuple(found)
