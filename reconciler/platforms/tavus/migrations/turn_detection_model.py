"""M11: turn detection models of earlier generations."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import Context, Finding, Migration, MigrationDoc, Safety, Subject
from reconciler.platforms.tavus.migrations.model_choices import replace_outdated

WHERE = "/layers/conversational_flow/turn_detection_model"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    why = "newer models hear the end of a turn better, which is not the same behaviour; a fixed delay exists no more"
    yield from replace_outdated(subject, context, MIGRATION.name, WHERE, "turn_detection", why)


MIGRATION = Migration(
    id="M11",
    name="turn-detection-model",
    safety=Safety.ASK,
    find=find,
    sources="turn-taking page, June 2026",
    doc=MigrationDoc(
        what="turn_detection_model sparrow-0 or time-based becomes sparrow-1.",
        why="The old ones are legacy and not looked after any more. The vendor recommends sparrow-1; it behaves "
        "differently, so a person decides. sparrow-1 itself is current and stays.",
        before="layers: {conversational_flow: {turn_detection_model: sparrow-0, turn_taking_patience: high}}\n",
        after="layers: {conversational_flow: {turn_detection_model: sparrow-1, turn_taking_patience: high}}\n",
        answers={"*": "sparrow-1"},
    ),
)
