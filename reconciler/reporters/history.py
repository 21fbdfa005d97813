"""`state history` and `state show SERIAL`: what was applied, run by run, as text and as plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.history.history_chain import short_commit
from reconciler.core.history.preimage import write_item
from reconciler.types.history import Anchor, HistoryEntry
from reconciler.types.json import Object
from reconciler.types.state import Preimage

SYMBOLS = {"create": "+", "update": "~", "delete": "-", "forget": ".", "noop": " "}
COLUMNS = ("SERIAL", "WHEN", "WHO", "WHAT", "RESULT", "CHANGES", "COMMIT")


def history_text(entries: Sequence[HistoryEntry], anchor: Anchor) -> str:
    """The history as a table, newest first; `entries` oldest first, `anchor` what was dropped before them."""
    if not entries:
        return "Nothing was applied yet.\n"
    rows = [COLUMNS, *(_row(entry) for entry in reversed(entries))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if anchor.number:
        noun = "entry" if anchor.number == 1 else "entries"
        lines.append(f"{anchor.number} older {noun} up to serial {anchor.serial} dropped.")
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


def history_document(entries: Sequence[HistoryEntry], anchor: Anchor) -> Object:
    """The history for machines, oldest first."""
    return {
        "entries": [entry_document(entry) for entry in entries],
        "dropped": {"entries": anchor.number, "up_to_serial": anchor.serial},
    }


def run_document(entry: HistoryEntry, items: Sequence[Preimage]) -> Object:
    """One entry with the pre-images of everything that its run changed."""
    return {**entry_document(entry), "changes": [write_item(item) for item in items]}


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
