"""M02: keys in places where the API never looked for them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.raw_edit import exists
from reconciler.core.export.manifest_words import is_written_reference
from reconciler.core.kind_table import kind
from reconciler.core.migrating.migration import (
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
from reconciler.types.json import lookup
from reconciler.types.manifest_edit import Edit, MoveValue, RemoveValue

MOVES = kind("persona").misplaced


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    for pointer, target in MOVES.items():
        above = lookup(subject.spec, pointer.rpartition("/")[0])
        if exists(subject.spec, pointer) and not is_written_reference(above):
            yield from _one(subject, context, pointer, target)


def _one(subject: Subject, context: Context, pointer: str, target: str) -> Iterator[Finding]:
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
        subject, context, MIGRATION.name, Question(key, f"{key}: move it or drop it?", choices), finding, edits.get
    )


MIGRATION = Migration(
    id="M02",
    name="misplaced-keys",
    safety=Safety.ASK,
    find=find,
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
