"""M01: persona words become PAL words (or the other way round)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from reconciler.core.canonical.canonical_form import same
from reconciler.core.kind_table import KINDS
from reconciler.core.migrating.migration import (
    KEEP,
    Choice,
    Context,
    Finding,
    Migration,
    MigrationDoc,
    Question,
    Safety,
    Subject,
    ask,
)
from reconciler.types.json import Json, is_filled, join, split
from reconciler.types.manifest_edit import Edit, RemoveValue, RenameKey

WHY = (
    "personas are called PALs and replicas faces since 2026; both words work on the wire, so this is about the files"
)


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    target = context.answer(MIGRATION.name, "words", subject) or context.words
    if target == KEEP:
        return
    pairs = [(old, new) if target != "persona" else (new, old) for old, new in _words(subject.address.kind)]
    simple = [(old, new) for old, new in pairs if old in subject.spec and new not in subject.spec]
    for kept in (False, True):
        group = [(old, new) for old, new in simple if subject.keeps(join(old), MIGRATION.codes) is kept]
        if group:
            yield Finding(
                tuple(join(old) for old, _ in group),
                "; ".join(f"{old} becomes {new}" for old, new in group),
                WHY,
                tuple(RenameKey(join(old), new) for old, new in group),
            )
    for old, new in pairs:
        if old in subject.spec and new in subject.spec:
            yield from _both(subject, context, old, new)


def _both(subject: Subject, context: Context, old: str, new: str) -> Iterator[Finding]:
    before, after = subject.spec[old], subject.spec[new]
    drop_old: tuple[Edit, ...] = (RemoveValue(join(old)),)
    take_old: tuple[Edit, ...] = (RemoveValue(join(new)), RenameKey(join(old), new))
    where = (join(old), join(new))
    if same(before, after) or not is_filled(before):
        yield Finding(where, f"{old} says the same as {new} and goes", WHY, drop_old)
    elif not is_filled(after):
        yield Finding(where, f"{new} is empty and {old} becomes {new}", WHY, take_old)
    else:
        question = Question(
            f"{subject.address}:{new}",
            f"{old} and {new} disagree: which of the two counts?",
            (
                Choice(new, f"the value of {new}: {_short(after)}"),
                Choice(old, f"the value of {old}: {_short(before)}"),
            ),
        )
        finding = Finding(where, f"{old} and {new} disagree", "the two are one field")
        edits = {new: drop_old, old: take_old}
        yield from ask(subject, context, MIGRATION.name, question, finding, edits.get)


@cache
def _words(kind: str) -> tuple[tuple[str, str], ...]:
    """Persona word and PAL word of the kind's top-level fields."""
    rows = [row for row in KINDS.get(kind).fields if "persona" in row.words] if kind in KINDS else []
    return tuple((row.words["persona"], split(row.path)[0]) for row in rows if len(split(row.path)) == 1)


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


MIGRATION = Migration(
    id="M01",
    name="vocabulary-persona-to-pal",
    safety=Safety.AUTO,
    find=find,
    cures=("L26",),
    sources="LLM page in PAL words, vendor client",
    doc=MigrationDoc(
        what="persona_name, persona_id and default_replica_id become pal_name, pal_id and default_face_id; with "
        "`--to persona` the other way round. Prompts and tool names are never touched.",
        why="One vocabulary a project: two words for one thing have to be known by every reader, and side by side "
        "they may come to disagree.",
        before="persona_name: Health Coach\ndefault_replica_id: r90bbd427f71\n",
        after="pal_name: Health Coach\ndefault_face_id: r90bbd427f71\n",
    ),
)
