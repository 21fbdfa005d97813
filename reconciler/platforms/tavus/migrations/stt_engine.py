"""M16: speech recognition engines of earlier generations."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.platforms.tavus.migrations.model_choices import replace_outdated

WHERE = "/layers/stt/stt_engine"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    why = (
        "another engine hears differently; where conversations detect the language, only auto, soniox and whisper do"
    )
    yield from replace_outdated(subject, context, MIGRATION.name, WHERE, "stt_engine", why)


MIGRATION = Migration(
    id="M16",
    name="stt-engine",
    safety=Safety.ASK,
    find=find,
    sources="speech recognition page, June 2026",
    doc=MigrationDoc(
        what="stt_engine tavus-turbo or tavus-advanced becomes tavus-auto (or another current engine).",
        why="The old engines are deprecated or not listed any more. Hotwords stay as they are.",
        before="layers: {stt: {stt_engine: tavus-advanced, hotwords: Roey is a name.}}\n",
        after="layers: {stt: {stt_engine: tavus-auto, hotwords: Roey is a name.}}\n",
        answers={"*": "tavus-auto"},
    ),
)
