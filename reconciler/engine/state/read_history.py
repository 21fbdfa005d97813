"""state history and state show SERIAL: what was applied, run by run, as records and as plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.history.history_chain import changes_of, close_run, verify
from reconciler.core.history.preimage import write_item
from reconciler.errors import UsageError
from reconciler.types.history import DEFAULT_RETENTION, Anchor, HistoryEntry
from reconciler.types.json import Object
from reconciler.types.manifest import DIRTY
from reconciler.types.preimage import Preimage
from reconciler.types.state import State

SYMBOLS = {"create": "+", "update": "~", "delete": "-", "forget": ".", "noop": " "}
COLUMNS = ("SERIAL", "WHEN", "WHO", "WHAT", "RESULT", "CHANGES", "COMMIT")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The history of one state, its chain checked."""

    entries: tuple[HistoryEntry, ...]
    """Oldest first; a run that was killed and that no later one has taken up yet stands last, as interrupted."""
    anchor: Anchor


def read_history(state: State, *, where: str = "the state") -> Recorded:
    """The history of `state`. Raises `StateUnreadable` where its chain is broken, naming the place."""
    closed, _ = close_run(state, state.serial, DEFAULT_RETENTION)
    verify(closed, where=where)
    return Recorded(closed.history.entries, closed.history.anchor)


def show_run(state: State, serial: int, *, where: str = "the state") -> tuple[HistoryEntry, tuple[Preimage, ...]]:
    """One entry and what its run changed. Raises `UsageError` for a serial without an entry."""
    found = read_history(state, where=where)
    entry = next((one for one in found.entries if one.serial == serial), None)
    if entry is None:
        known = ", ".join(str(one.serial) for one in found.entries[-10:]) or "none yet"
        dropped = f"; what came before serial {found.anchor.serial} was dropped" if found.anchor.number else ""
        raise UsageError(
            f"no apply is recorded at serial {serial}",
            hint=f"see reconciler state history (the last ones: {known}){dropped}",
        )
    return entry, changes_of(entry, where=where)


def entry_document(entry: HistoryEntry) -> Object:
    """One entry for machines, without its packed pre-images."""
    header = entry.header
    return {
        "number": entry.number,
        "serial": entry.serial,
        "operation": header.operation,
        "rollback_to": header.target,
        "who": header.who,
        "at": header.at,
        "version": header.version,
        "plan": header.plan,
        "commit": header.commit,
        "run": header.run,
        "result": entry.result,
        "counts": dict(entry.counts),
        "digest": entry.digest,
    }


def history_document(found: Recorded) -> Object:
    """The history for machines, oldest first."""
    anchor = found.anchor
    return {
        "entries": [entry_document(entry) for entry in found.entries],
        "dropped": {"entries": anchor.number, "up_to_serial": anchor.serial},
    }


def run_document(entry: HistoryEntry, items: Sequence[Preimage]) -> Object:
    """One entry with the pre-images of everything that its run changed."""
    return {**entry_document(entry), "changes": [write_item(item) for item in items]}


def history_text(found: Recorded) -> str:
    """The history as a table, newest first."""
    if not found.entries:
        return "Nothing was applied yet.\n"
    rows = [COLUMNS, *(_row(entry) for entry in reversed(found.entries))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if found.anchor.number:
        noun = "entry" if found.anchor.number == 1 else "entries"
        lines.append(f"{found.anchor.number} older {noun} up to serial {found.anchor.serial} dropped.")
    return "\n".join(lines) + "\n"


def run_text(entry: HistoryEntry, items: Sequence[Preimage]) -> str:
    """One run for people: its head, then one line a change with the fields that it wrote."""
    header = entry.header
    facts = {
        "Serial": str(entry.serial),
        "What": _operation(entry),
        "When": header.at,
        "Who": header.who,
        "Version": header.version,
        "Commit": header.commit,
        "Run": header.run,
        "Plan": header.plan,
        "Result": f"{entry.result}: {_counts(entry)}",
    }
    lines = [f"{name + ':':9}{text}" for name, text in facts.items() if text]
    lines += ["", *(_change(item) for item in items)]
    lines += ["", f"To go back to before it: reconciler state rollback {entry.previous}"]
    return "\n".join(lines) + "\n"


def short_commit(commit: str) -> str:
    """As much of a commit's id as people need, and the mark of a work tree that was changed."""
    return commit.removesuffix(DIRTY)[:12] + (DIRTY if commit.endswith(DIRTY) else "")


def _row(entry: HistoryEntry) -> tuple[str, ...]:
    header = entry.header
    commit = short_commit(header.commit) if header.commit else "-"
    return (str(entry.serial), header.at, header.who, _operation(entry), entry.result, _counts(entry), commit)


def _operation(entry: HistoryEntry) -> str:
    target = entry.header.target
    return entry.header.operation if target is None else f"{entry.header.operation} to {target}"


def _counts(entry: HistoryEntry) -> str:
    return ", ".join(f"{count} {word}" for word, count in entry.counts.items()) or "-"


def _change(item: Preimage) -> str:
    words = [SYMBOLS.get(item.action, " "), str(item.address)]
    words += [f"(was {item.previous})"] if item.previous is not None else []
    words += ["(imported)"] if item.imported else []
    words += ["(replaced)"] if item.replaced else []
    words += [", ".join(item.fields)] if item.fields else []
    words += [f"[{item.outcome}]"] if item.outcome != "done" else []
    return " ".join(words).rstrip()
