"""M12: one field, three spellings."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import same
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
    mapping_at,
)
from reconciler.types.manifest_edit import Edit, RemoveValue, RenameKey

LAYER = "/layers/conversational_flow"
NAME = "interruptibility"
SPELLINGS = ("pal_interruptibility", "replica_interruptibility", "face_interruptibility")
WHY = "three spellings of one field are in use; the program writes the one that the account has"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, LAYER)
    found = [word for word in (NAME, *SPELLINGS) if word in layer]
    if not found or found == [NAME]:
        return
    where = tuple(f"{LAYER}/{word}" for word in found)
    values = {word: layer[word] for word in found if layer[word] is not None}
    first = next(iter(values.values()), None)
    if all(same(value, first) for value in values.values()):
        best = next(iter(values), found[0])
        yield Finding(where, f"{' and '.join(found)} becomes {NAME}", WHY, _keep_one(found, best))
        return
    edits = {str(value): _keep_one(found, word) for word, value in reversed(list(values.items()))}
    choices = tuple(Choice(str(value), f"as {word} says") for word, value in values.items())
    question = Question(f"{subject.address}:{NAME}", f"{' and '.join(found)} disagree: which value counts?", choices)
    finding = Finding(where, f"{' and '.join(found)} disagree", WHY)
    yield from ask(subject, context, MIGRATION.name, question, finding, edits.get)


def _keep_one(found: list[str], best: str) -> tuple[Edit, ...]:
    gone: tuple[Edit, ...] = tuple(RemoveValue(f"{LAYER}/{word}") for word in found if word != best)
    return gone if best == NAME else (*gone, RenameKey(f"{LAYER}/{best}", NAME))


MIGRATION = Migration(
    id="M12",
    name="interruptibility-spelling",
    safety=Safety.AUTO,
    find=find,
    cures=(),
    sources="conversational flow pages in both vocabularies, vendor client, reads of live personas",
    doc=MigrationDoc(
        what="pal_interruptibility, replica_interruptibility and face_interruptibility become interruptibility.",
        why="The vendor's pages and its own client spell the field in three ways. In files there is one; on the wire "
        "the spelling of the live object is used.",
        before="layers: {conversational_flow: {pal_interruptibility: high, replica_interruptibility: high}}\n",
        after="layers: {conversational_flow: {interruptibility: high}}\n",
    ),
)
