"""The history: a run closed as an entry, the chain of digests over the entries, and what of it is kept.

An entry's digest is SHA-256 over the digest before it and the entry itself, so that an entry that was edited, moved
or taken out of the middle no longer fits. The first one continues the lineage of its state; where entries were
dropped, the anchor holds the digest that the oldest one left continues.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

from reconciler.core.history.preimage import pack, read_item, read_items, unpack, write_item
from reconciler.core.serialization import record_codec
from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.serialization.digest import canonical_bytes
from reconciler.errors import StateUnreadable
from reconciler.types.history import Anchor, History, HistoryEntry, Retention, Running
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
    items = _items(running, state)
    if not items:
        return state, ()
    history = state.history
    last = history.entries[-1] if history.entries else None
    entry = HistoryEntry(
        number=(last.number if last else history.anchor.number) + 1,
        serial=serial,
        previous=last.serial if last else history.anchor.serial,
        header=running.header,
        result=running.ended or "interrupted",
        counts=_counts(items),
        changes=pack([write_item(item) for item in items]),
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


def _items(running: Running, state: State) -> list[Preimage]:
    """What the run began, and which objects came of it; of one that was killed, the outcome may be unknown.

    Raises `StateUnreadable` for damaged pre-images.
    """
    found: list[Preimage] = []
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
                hint="put the copy from before the last write in its place (reconciler state push); what was applied "
                "since is found again in the account by name",
            ) from None
        now = state.resources.get(address)
        became = now.id if now is not None and now.id != item.id else None
        found.append(replace(item, outcome=outcome, became=became))
    return found


def _counts(items: list[Preimage]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for item in items:
        if item.outcome != "done":
            counts[item.outcome] += 1
            continue
        counts.update([COUNTED[item.action]] if item.action in COUNTED else [])
        counts.update(["imported"] * item.imported + ["moved"] * (item.previous is not None))
    return dict(counts)


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
