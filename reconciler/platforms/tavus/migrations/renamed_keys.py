"""Keys of another vocabulary, and keys that stand in the wrong place (M01, M02)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.canonical.raw_edit import exists
from reconciler.core.canonical.references import is_written_reference
from reconciler.core.migration import (
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
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.json import Json, is_filled, join, lookup, split
from reconciler.types.manifest import Edit, MoveValue, RemoveValue, RenameKey

VOCABULARY_WHY = (
    "personas are called PALs and replicas faces since 2026; both words work on the wire, so this is about the files"
)


def find_vocabulary_words(subject: Subject, context: Context) -> Iterator[Finding]:
    target = context.answer(VOCABULARY_WORDS.name, "words", subject) or context.words
    if target == KEEP:
        return
    pairs = [(old, new) if target != "persona" else (new, old) for old, new in _words(subject.address.kind)]
    simple = [(old, new) for old, new in pairs if old in subject.spec and new not in subject.spec]
    for kept in (False, True):
        group = [(old, new) for old, new in simple if subject.keeps(join(old), VOCABULARY_WORDS.codes) is kept]
        if group:
            yield Finding(
                tuple(join(old) for old, _ in group),
                "; ".join(f"{old} becomes {new}" for old, new in group),
                VOCABULARY_WHY,
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
    if json_equal(before, after) or not is_filled(before):
        yield Finding(where, f"{old} says the same as {new} and goes", VOCABULARY_WHY, drop_old)
    elif not is_filled(after):
        yield Finding(where, f"{new} is empty and {old} becomes {new}", VOCABULARY_WHY, take_old)
    else:
        question = Question(
            new,
            f"{old} and {new} disagree: which of the two counts?",
            (
                Choice(new, f"the value of {new}: {_short(after)}"),
                Choice(old, f"the value of {old}: {_short(before)}"),
            ),
            proposes=False,
        )
        finding = Finding(where, f"{old} and {new} disagree", "the two are one field")
        edits = {new: drop_old, old: take_old}
        yield from ask(subject, context, VOCABULARY_WORDS.name, question, finding, edits.get)


@cache
def _words(kind: str) -> tuple[tuple[str, str], ...]:
    """Persona word and PAL word of the kind's top-level fields."""
    rows = [row for row in KINDS.get(kind).fields if "persona" in row.wire_names] if kind in KINDS else []
    return tuple((row.wire_names["persona"], split(row.path)[0]) for row in rows if len(split(row.path)) == 1)


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


VOCABULARY_WORDS = Migration(
    id="M01",
    name="vocabulary-persona-to-pal",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_vocabulary_words,
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


MOVES = kind("persona").misplaced_keys


def find_misplaced_keys(subject: Subject, context: Context) -> Iterator[Finding]:
    for pointer, target in MOVES.items():
        above = lookup(subject.spec, pointer.rpartition("/")[0])
        if exists(subject.spec, pointer) and not is_written_reference(above):
            yield from _misplaced(subject, context, pointer, target)


def _misplaced(subject: Subject, context: Context, pointer: str, target: str) -> Iterator[Finding]:
    key = pointer[1:].replace("/", ".")
    place = target[1:].replace("/", ".")
    drop = Choice("remove", "it never had an effect; nothing changes", "report")
    edits: dict[str, tuple[Edit, ...]] = {"remove": (RemoveValue(pointer, prune=True),)}
    choices: tuple[Choice, ...] = (drop,)
    if target and lookup(subject.spec, target) is None:
        edits["move"] = (MoveValue(pointer, target),)
        choices = (Choice("move", f"{place} is where the API reads it; the setting starts to count", "report"), drop)
    summary = f"{key} has no effect there" + (f"; it belongs to {place}" if target else "")
    if target and "move" not in edits:
        summary += ", which is set already"
    finding = Finding((pointer,), summary, "the API ignores it where it stands, so moving it changes behaviour")
    yield from ask(
        subject,
        context,
        MISPLACED_KEYS.name,
        Question(key, f"{key}: move it or drop it?", choices),
        finding,
        edits.get,
    )


MISPLACED_KEYS = Migration(
    id="M02",
    name="misplaced-keys",
    safety=Safety.ASK,
    kinds=("persona",),
    find=find_misplaced_keys,
    sources="public code; the Create Persona example nests document_ids under layers",
    doc=MigrationDoc(
        what="layers.llm.temperature and top_p, layers.document_ids and document_tags, layers.perception.model, "
        "layers.stt.engine, layers.tts.engine and model, layers.llm.voice_id, layers.guardrails.",
        why="They stand where the API does not look, so they have no effect. Moved to their place they would begin "
        "to count, and whether that is wanted only a person knows.",
        before="layers: {llm: {model: tavus-gpt-oss, temperature: 0.3}}\n",
        after="layers: {llm: {model: tavus-gpt-oss, extra_body: {temperature: 0.3}}}\n",
        answers={"*": "move"},
    ),
)
