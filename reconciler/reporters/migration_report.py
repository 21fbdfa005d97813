"""A run of the migrations as data and as text: what was found, what happens by itself, what is to be chosen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff
from textwrap import wrap

from reconciler.core.migrating.migration import KEEP, Choice, Migration, Question
from reconciler.core.migrating.migration_result import (
    FileChange,
    MigrationResult,
    Outcome,
    Status,
    by_address,
    counts,
)
from reconciler.core.text import one_line, visible
from reconciler.types.json import Json, Object

LINE = re.compile(r"[^\n]*\n|[^\n]+")
HIDDEN = "(sensitive)"


def file_diff(change: FileChange, secrets: Iterable[str] = (), prefix: str = "") -> str:
    """The unified diff of one file; what a screen hides is written out, secrets are not shown."""
    before = _lines(change.before or b"")
    after = _lines(change.after)
    path = visible(prefix + change.path)
    old = f"a/{path}" if change.before is not None else "/dev/null"
    shown: list[str] = []
    for line in unified_diff(before, after, old, f"b/{path}", lineterm=""):
        shown.append(visible(line.rstrip("\r\n")))
        if line[:1] in ("+", "-", " ") and not line.endswith("\n") and not line.startswith(("--- ", "+++ ")):
            shown.append("\\ No newline at end of file")
    return conceal("\n".join(shown), secrets)


def conceal(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _lines(data: bytes) -> list[str]:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return LINE.findall(data.decode(encoding, "replace"))


FORMAT_VERSION = "1.0"
TITLES = {
    Status.OPEN: "Needs a choice",
    Status.REFUSED: "Could not be changed",
    Status.REPORTED: "Only reported",
}
KEPT = "Kept by a comment"


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


def as_text(result: MigrationResult, *, written: bool, width: int = 100, diff: bool = True) -> str:
    """Diff, what was done, what is left, and the summary line."""
    parts: list[str] = []
    if diff and not written:
        parts += [file_diff(change, result.secrets, result.prefix) for change in result.files]
    done = result.of(Status.DONE)
    if done:
        parts.append("\n".join(_done(done, "Migrated:" if written else "To be migrated:")))
    if questions := _open(result, width):
        parts.append("\n".join(questions))
    if result.kept:
        parts.append("\n".join(_done(result.kept, f"{KEPT}:")))
    for status in (Status.REFUSED, Status.REPORTED):
        if left := result.of(status):
            parts.append("\n".join(_done(left, f"{TITLES[status]}:")))
    parts.append(summary(result, written=written))
    return conceal("\n\n".join(part for part in parts if part), result.secrets) + "\n"


def _done(outcomes: Sequence[Outcome], title: str) -> Iterator[str]:
    yield title
    for address, found in by_address(outcomes).items():
        yield f"  {one_line(address)} ({one_line(found[0].path)})"
        for one in found:
            answered = f" [answer: {one_line(one.finding.answer)}]" if one.finding.answer else ""
            yield f"    {one.id} {one.name}: {one_line(one.finding.summary)}{answered}"
            if one.reason:
                yield f"         {one_line(one.reason)}"
            for note in one.finding.notes:
                yield f"         note: {one_line(note)}"


def _open(result: MigrationResult, width: int) -> list[str]:
    if not result.questions:
        return []
    lines = [f"{TITLES[Status.OPEN]}:"]
    for name, question in result.questions:
        users = users_of(result, name, question)
        still = result.of(Status.OPEN)
        first = next(one for one in still if one.name == name and one.finding.question == question)
        lines.append(f"  {first.id} {name}: {one_line(question.text)}")
        lines += [f"      {line}" for line in wrap(f"why: {one_line(first.finding.why)}", max(width - 6, 40))]
        for choice in (*question.choices, Choice(KEEP, "leave it as it is, and do not ask again")):
            lines.append(f"      {one_line(choice.value)}: {one_line(reason_of(choice))}")
        if question.free:
            lines.append(f"      or {question.free}")
        for note in dict.fromkeys(first.finding.notes):
            lines.append(f"      note: {one_line(note)}")
        lines.append(f"      in {one_line(_some(users))}")
        lines.append(f"      answer with --answer '{one_line(name)}.{one_line(question.key)}=VALUE'")
    return lines


def users_of(result: MigrationResult, name: str, question: Question) -> list[str]:
    """Addresses that an open question is about."""
    return sorted(
        {
            str(one.address)
            for one in result.of(Status.OPEN)
            if one.name == name and one.finding.question is not None and one.finding.question.key == question.key
        }
    )


def reason_of(choice: Choice) -> str:
    """Why a choice might be right: reason, basis, scores, context window."""
    facts = [choice.basis] if choice.basis else []
    if choice.scores is not None:
        scores = choice.scores
        facts.append(
            f"speed {scores.speed}, intelligence {scores.intelligence}, naturalness {scores.naturalness} of 3"
        )
    if choice.context_window is not None:
        facts.append(f"context window {choice.context_window:,} tokens")
    return f"{choice.reason} ({'; '.join(facts)})" if facts else choice.reason


def as_json(result: MigrationResult, *, written: bool) -> Object:
    """`{format_version, written, summary, totals, files, manifests, kept, questions, diagnostics}`."""
    manifests: Object = {}
    for address, found in by_address(result.outcomes).items():
        items: list[Json] = [_item(one) for one in found]
        totals: Object = {**counts(found)}
        manifests[address] = {"path": found[0].path, "totals": totals, "findings": items}
    files: list[Json] = [
        {"path": file.path, "new": file.before is None, "diff": file_diff(file, result.secrets, result.prefix)}
        for file in result.files
    ]
    questions: list[Json] = [_question(result, name, question) for name, question in result.questions]
    problems: list[Json] = [
        {
            "code": diagnostic.code,
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
        "kept": [{"path": one.path, "address": str(one.address), **_item(one)} for one in result.kept],
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


def _question(result: MigrationResult, name: str, question: Question) -> Object:
    choices: list[Json] = [
        {
            "value": choice.value,
            "reason": choice.reason,
            "basis": choice.basis or None,
            "context_window": choice.context_window,
            "scores": None
            if choice.scores is None
            else {
                "speed": choice.scores.speed,
                "intelligence": choice.scores.intelligence,
                "naturalness": choice.scores.naturalness,
            },
        }
        for choice in question.choices
    ]
    users: list[Json] = list(users_of(result, name, question))
    return {
        "migration": name,
        "key": question.key,
        "text": question.text,
        "choices": choices,
        "free": question.free or None,
        "manifests": users,
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


def _some(names: Sequence[str], most: int = 8) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
