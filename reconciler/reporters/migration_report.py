"""A run of the migrations as data and as text: what was found, what happens by itself, what is to be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from reconciler.core.migration import Migration
from reconciler.core.migration_result import (
    MigrationResult,
    Outcome,
    Status,
    by_address,
    counts,
)
from reconciler.core.text import one_line
from reconciler.reporters.migration_diff import conceal, file_diff, folded_diff
from reconciler.reporters.migration_questions import (
    answer_flag,
    how_to_answer,
    question_in_short,
    question_json,
    question_lines,
    some,
)
from reconciler.types.json import Json, Object

FORMAT_VERSION = "1.0"
TITLES = {
    Status.OPEN: "Needs a choice",
    Status.REFUSED: "Could not be changed",
    Status.REPORTED: "Only reported",
}
KEPT = "Kept, as somebody said"


def summary(result: MigrationResult, *, written: bool) -> str:
    """The last line: `Migrate: 5 changes in 3 files (4 automatic, 1 answered), 2 open, ...`."""
    found = counts(result.outcomes)
    done = found["automatic"] + found["answered"]
    verb = "Migrated" if written else "Migrate"
    if not done and not any(found.values()):
        return f"No changes. {_count(result.manifests, 'manifest')}, nothing to migrate."
    return (
        f"{verb}: {_count(done, 'change')} in {_count(len(result.files), 'file')} ({found['automatic']} automatic, "
        f"{found['answered']} answered), {found['open']} open, {found['refused']} refused, "
        f"{found['reported']} only reported."
    )


def as_text(
    result: MigrationResult, *, written: bool, width: int = 100, diff: bool = True, detail: str = "full",
    rows: int = 0, file: str = "",
) -> str:  # fmt: skip
    """Diff, what was done, what is left, how to answer, and the summary line.

    `detail`: full, compact (like changes once, by migration), or auto (compact where it is longer than `rows`);
    `file`: the project file as a person would call it.
    """
    parts = _full(result, written, width, diff=diff) if detail != "compact" else []
    if detail == "compact" or (detail == "auto" and sum(part.count("\n") + 2 for part in parts) > rows > 0):
        parts = _compact(result, written, width, diff=diff)
    parts += ["\n".join(how_to_answer(result, file)), summary(result, written=written)]
    return conceal("\n\n".join(part for part in parts if part), result.secrets) + "\n"


def _full(result: MigrationResult, written: bool, width: int, *, diff: bool) -> list[str]:
    parts = []
    if diff and not written:
        parts += [file_diff(change, result.secrets, result.prefix) for change in result.files]
    if done := result.of(Status.DONE):
        parts.append("\n".join(_done(done, _title(written))))
    parts.append("\n".join(_open(result, width, full=True)))
    if result.kept:
        parts.append("\n".join(_done(result.kept, f"{KEPT}:")))
    for status in (Status.REFUSED, Status.REPORTED):
        if left := result.of(status):
            parts.append("\n".join(_done(left, f"{TITLES[status]}:")))
    return parts


def _compact(result: MigrationResult, written: bool, width: int, *, diff: bool) -> list[str]:
    """The same with like changes once; --full has every line."""
    parts = []
    if diff and not written and result.files:
        parts.append("\n".join(("Like changes once (--full shows each file):", *folded_diff(result))))
    if done := result.of(Status.DONE):
        parts.append("\n".join(_by_migration(done, _title(written))))
    parts.append("\n".join(_open(result, width, full=False)))
    if result.kept:
        parts.append("\n".join(_by_migration(result.kept, f"{KEPT}:")))
    for status in (Status.REFUSED, Status.REPORTED):
        if left := result.of(status):
            parts.append("\n".join(_by_migration(left, f"{TITLES[status]}:")))
    return parts


def _title(written: bool) -> str:
    return "Migrated:" if written else "To be migrated:"


def _by_migration(outcomes: Sequence[Outcome], title: str) -> Iterator[str]:
    """One line for all like outcomes of a migration, with who has them; notes and reasons once."""
    yield title
    found: dict[tuple[str, str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(
            (outcome.id, outcome.name, outcome.finding.summary, outcome.finding.answer or ""), []
        ).append(outcome)
    for (id, name, said, answer), group in found.items():
        answered = f" [answer: {one_line(answer)}]" if answer else ""
        who = some(list(dict.fromkeys(str(outcome.address) for outcome in group)), 3)
        yield f"  {id} {name}: {one_line(said)}{answered}"
        yield f"       in {one_line(who)}"
        reasons = list(dict.fromkeys(outcome.reason for outcome in group if outcome.reason))
        yield from (f"       {one_line(reason)}" for reason in reasons[:3])
        if len(reasons) > 3:
            yield f"       and {len(reasons) - 3} more reasons"
        notes = dict.fromkeys(note for outcome in group for note in outcome.finding.notes)
        yield from (f"       note: {one_line(note)}" for note in notes)


def _done(outcomes: Sequence[Outcome], title: str) -> Iterator[str]:
    yield title
    for address, found in by_address(outcomes).items():
        yield f"  {one_line(address)} ({one_line(found[0].path)})"
        for outcome in found:
            answered = f" [answer: {one_line(outcome.finding.answer)}]" if outcome.finding.answer else ""
            yield f"    {outcome.id} {outcome.name}: {one_line(outcome.finding.summary)}{answered}"
            if outcome.reason:
                yield f"         {one_line(outcome.reason)}"
            for note in outcome.finding.notes:
                yield f"         note: {one_line(note)}"


def _open(result: MigrationResult, width: int, *, full: bool) -> Iterator[str]:
    questions = result.open_questions
    if questions:
        yield f"{TITLES[Status.OPEN]}:"
    for asked in questions:
        lines = question_lines(result, asked, width - 2, full=True) if full else question_in_short(asked)
        yield from (f"  {line}" for line in lines)
        if full:
            yield f"      answer with {answer_flag(asked)}"


def as_json(result: MigrationResult, *, written: bool) -> Object:
    """`{format_version, written, summary, totals, files, manifests, kept, questions, diagnostics}`."""
    manifests: Object = {}
    for address, found in by_address(result.outcomes).items():
        items: list[Json] = [_item(outcome) for outcome in found]
        totals: Object = {**counts(found)}
        manifests[address] = {"path": found[0].path, "totals": totals, "findings": items}
    files: list[Json] = [
        {"path": file.path, "new": file.before is None, "diff": file_diff(file, result.secrets, result.prefix)}
        for file in result.files
    ]
    questions: list[Json] = [question_json(result, asked) for asked in result.open_questions]
    problems: list[Json] = [
        {
            "code": diagnostic.code,
            "severity": diagnostic.severity.value,
            "summary": diagnostic.summary,
            "place": str(diagnostic.span) if diagnostic.span else None,
        }
        for diagnostic in result.diagnostics
    ]
    totals = {**counts(result.outcomes), "manifests": result.manifests, "files": len(result.files)}
    document: Object = {
        "format_version": FORMAT_VERSION,
        "written": written,
        "summary": summary(result, written=written),
        "totals": totals,
        "files": files,
        "manifests": manifests,
        "kept": [
            {"path": outcome.path, "address": str(outcome.address), **_item(outcome)} for outcome in result.kept
        ],
        "questions": questions,
        "diagnostics": problems,
    }
    concealed = _conceal(document, result.secrets)
    assert isinstance(concealed, dict)
    return concealed


def _conceal(value: Json, secrets: frozenset[str]) -> Json:
    if isinstance(value, str):
        return conceal(value, secrets)
    if isinstance(value, dict):
        return {key: _conceal(member, secrets) for key, member in value.items()}
    return [_conceal(item, secrets) for item in value] if isinstance(value, list) else value


def _item(outcome: Outcome) -> Object:
    pointers: list[Json] = list(outcome.finding.pointers)
    notes: list[Json] = list(outcome.finding.notes)
    return {
        "id": outcome.id,
        "migration": outcome.name,
        "status": outcome.status.value,
        "automatic": outcome.automatic,
        "pointers": pointers,
        "summary": outcome.finding.summary,
        "why": outcome.finding.why,
        "answer": outcome.finding.answer,
        "question": outcome.finding.question.key if outcome.finding.question else None,
        "reason": outcome.reason or None,
        "notes": notes,
    }


def table_text(migrations: Iterable[Migration], width: int = 100) -> str:
    """The table of `migrate --list`."""
    lines: list[str] = []
    for row in migrations:
        lines.append(f"{row.id}  {row.name}  ({row.safety.value})")
        lines += [f"     {line}" for line in wrap(row.doc.what, max(width - 5, 40))]
    return "\n".join(lines) + "\n"


def table_json(migrations: Iterable[Migration]) -> list[Json]:
    """The same as data."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "safety": row.safety.value,
            "what": row.doc.what,
            "why": row.doc.why,
            "before": row.doc.before,
            "after": row.doc.after,
            "sources": row.sources,
        }
        for row in migrations
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
