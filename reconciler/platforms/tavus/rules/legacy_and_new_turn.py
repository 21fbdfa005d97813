"""L28: turn-taking fields of the stt layer that the conversational flow overrides."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import DEAD_TURN_FIELDS, exists, has, has_dead_turn_settings
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import split
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if not has_dead_turn_settings(manifest.spec):
        return
    for pointer in DEAD_TURN_FIELDS:
        if exists(manifest.spec, pointer) and has(manifest.spec, pointer):
            name = split(pointer)[-1]
            yield RULE.found(
                manifest,
                pointer,
                f"{name} has no effect: conversational_flow overrides it",
                hint=f"remove {name}",
                fix=Fix(f"remove {name}", remove=True),
            )


RULE = Rule(
    code="L28",
    name="legacy-and-new-turn",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="turn-taking page, June 2026",
    check=check,
    doc=RuleDoc(
        what="stt.participant_pause_sensitivity, participant_interrupt_sensitivity or smart_turn_detection beside a "
        "conversational_flow of sparrow-1 or newer.",
        why="The flow wins; the old fields are dead and misleading.",
        bad="system_prompt: Hi\nlayers:\n  stt: {participant_pause_sensitivity: high}\n"
        "  conversational_flow: {turn_detection_model: sparrow-1}\n",
        good="system_prompt: Hi\nlayers:\n  conversational_flow: {turn_detection_model: sparrow-1, "
        "turn_taking_patience: low}\n",
    ),
)
