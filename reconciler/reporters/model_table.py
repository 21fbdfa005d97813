"""The table behind `reconciler models`: one row per model of the catalogue, as text and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import wrap

from reconciler.types.catalogue import Catalogue, Scores, Status
from reconciler.types.json import Json, Object

TITLES = {
    "llm": "Language models",
    "perception": "Perception models",
    "turn_detection": "Turn detection",
    "stt_engine": "Speech recognition",
    "tts_engine": "Voice engines",
    "tts_model": "Voice models",
    "livekit": "LiveKit Inference",
}
HEADINGS = ("MODEL", "STATUS", "CONTEXT", "SPEED/INT/NAT", "PROVIDED BY", "USE INSTEAD")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One line of the table."""

    id: str
    table: str
    """llm, perception, turn_detection, stt_engine, tts_engine, tts_model or livekit."""
    status: Status
    """In the configured generation."""
    family: str = ""
    context_window: int | None = None
    scores: Scores | None = None
    successor: str | None = None
    """Only where the entry should be left."""
    basis: str | None = None
    reason: str | None = None
    alternatives: tuple[str, ...] = ()
    note: str = ""
    providers: tuple[str, ...] = ()
    """Who serves it, where LiveKit says so."""


def model_rows(catalogue: Catalogue, *, tables: Sequence[str] | None = None) -> tuple[ModelRow, ...]:
    """Every entry of the named tables (all where None), current ones first inside each table."""
    wanted = tuple(TITLES) if tables is None else tuple(tables)
    rows: list[ModelRow] = []
    for table in wanted:
        if table == "livekit":
            served = (
                ModelRow(id, table, catalogue.livekit.status(id), row.family, note=row.note, providers=row.providers)
                for id, row in catalogue.livekit.models.items()
            )
            rows.extend(sorted(served, key=lambda row: _rank(row.status)))
        else:
            found = [_row(catalogue, id, table) for id in catalogue.tables.get(table, {})]
            rows.extend(sorted(found, key=lambda row: _rank(row.status)))
    return tuple(rows)


def _row(catalogue: Catalogue, id: str, table: str) -> ModelRow:
    entry = catalogue.tables[table][id]
    status = catalogue.status(id, table)
    after = catalogue.successor(id, table) if status.is_outdated or status is Status.INTERNAL else None
    return ModelRow(
        id=id,
        table=table,
        status=status,
        family=entry.family or entry.engine,
        context_window=entry.context_window,
        scores=entry.scores,
        successor=after.id if after is not None else None,
        basis=after.basis if after is not None else None,
        reason=after.reason if after is not None else None,
        alternatives=after.alternatives if after is not None else (),
        note=entry.note,
    )


def _rank(status: Status) -> int:
    return list(Status).index(status)


def rows_as_json(catalogue: Catalogue, rows: Iterable[ModelRow]) -> Object:
    """`{format_version, generation, compiled, models: [{id, table, status, ...}]}`; scores as an object or null."""
    models: list[Json] = []
    for row in rows:
        scores: Json = None
        if row.scores is not None:
            scores = {
                "speed": row.scores.speed,
                "intelligence": row.scores.intelligence,
                "naturalness": row.scores.naturalness,
            }
        models.append(
            {
                "id": row.id,
                "table": row.table,
                "status": row.status.value,
                "family": row.family,
                "context_window": row.context_window,
                "scores": scores,
                "successor": row.successor,
                "basis": row.basis,
                "reason": row.reason,
                "alternatives": list(row.alternatives),
                "note": row.note,
                "providers": list(row.providers),
            }
        )
    return {
        "format_version": "1.0",
        "generation": catalogue.current().id,
        "compiled": catalogue.compiled,
        "models": models,
    }


def rows_with(rows: Iterable[ModelRow], words: Sequence[str]) -> list[ModelRow]:
    """The rows whose id or family has every one of the words in it, whatever their case."""
    return [row for row in rows if all(word.lower() in f"{row.id} {row.family}".lower() for word in words)]


def near_words(rows: Sequence[ModelRow], words: Sequence[str]) -> list[str]:
    """`words` with each that is in no row replaced by what it may have meant: an id, its end or a part of one. Empty
    where nothing is close, or no row has all of what was meant."""
    parts = [re.split(r"[-/:]", row.id.lower()) for row in rows]
    known = {part for some in parts for part in some} | {
        "-".join(some[start:]) for some in parts for start in range(len(some))
    }
    meant = []
    for word in words:
        if rows_with(rows, [word]):
            meant.append(word)
        elif close := get_close_matches(word.lower(), sorted(known), n=1):
            meant.append(close[0])
    return meant if len(meant) == len(words) and rows_with(rows, meant) else []


def render_models(catalogue: Catalogue, rows: Iterable[ModelRow], *, width: int = 100, reasons: bool = False) -> str:
    """The rows as text tables, one per kind of model; `reasons` adds why a successor is one, and notes."""
    grouped: dict[str, list[ModelRow]] = {}
    for row in rows:
        grouped.setdefault(row.table, []).append(row)
    now = catalogue.current()
    lines = [f"Catalogue of {catalogue.compiled}, generation {now.id} ({now.period})"]
    for table, members in grouped.items():
        lines += ["", TITLES.get(table, table), *_table(members, width=width, reasons=reasons)]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[ModelRow], *, width: int, reasons: bool) -> list[str]:
    cells = [_cells(row) for row in rows]
    used = [index for index, _ in enumerate(HEADINGS) if index < 2 or any(line[index] for line in cells)]
    table = [[HEADINGS[index] for index in used], *([line[index] for index in used] for line in cells)]
    widths = [max(len(line[column]) for line in table) for column in range(len(used))]
    texts = ["  ".join(cell.ljust(size) for cell, size in zip(line, widths, strict=True)).rstrip() for line in table]
    if not reasons:
        return [f"  {text}" for text in texts]
    lines = [f"  {texts[0]}"]
    for row, text in zip(rows, texts[1:], strict=True):
        lines.append(f"  {text}")
        for remark in (row.reason and f"{row.reason} ({row.basis})", row.note):
            lines += [f"      {part}" for part in wrap(remark or "", max(width - 6, 20))]
    return lines


def _cells(row: ModelRow) -> tuple[str, str, str, str, str, str]:
    instead = row.successor or (f"one of {', '.join(row.alternatives)}" if row.alternatives else "")
    if row.successor and row.basis:
        instead += f" ({row.basis})"
    scores = f"{row.scores.speed}/{row.scores.intelligence}/{row.scores.naturalness}" if row.scores else ""
    window = f"{row.context_window:,}" if row.context_window else ""
    return row.id, row.status.value, window, scores, ", ".join(row.providers), instead
