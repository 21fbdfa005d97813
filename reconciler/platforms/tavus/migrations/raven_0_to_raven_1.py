"""M07: perception models of earlier generations."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.platforms.tavus.migrations.model_choices import replace_outdated

WHERE = "/layers/perception/perception_model"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    why = (
        "raven-1 adds an audio analysis before every utterance that the LLM sees, so prompts see new text and "
        "latency "
        "and cost may change; after basic, a custom LLM gets system messages instead of user messages"
    )
    yield from replace_outdated(subject, context, MIGRATION.name, WHERE, "perception", why)


MIGRATION = Migration(
    id="M07",
    name="raven-0-to-raven-1",
    safety=Safety.ASK,
    find=find,
    sources="perception migration guide, contract of June 2026",
    doc=MigrationDoc(
        what="perception_model raven-0 or basic becomes raven-1.",
        why="The old models are legacy, and tools that are fired by what is seen or heard need raven-1. It is not "
        "the same behaviour, so a person decides, once for all personas or one by one.",
        before="layers: {perception: {perception_model: raven-0}}\n",
        after="layers: {perception: {perception_model: raven-1}}\n",
        answers={"*": "raven-1"},
    ),
)
