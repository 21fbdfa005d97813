"""L29: voice_isolation does nothing under sparrow-2."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import FLOW, has, text
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if text(spec, f"{FLOW}/turn_detection_model") == "sparrow-2" and has(spec, f"{FLOW}/voice_isolation"):
        yield RULE.found(
            manifest, f"{FLOW}/voice_isolation", "voice_isolation is reported to have no effect under sparrow-2"
        )


RULE = Rule(
    code="L29",
    name="voice-isolation-inert",
    severity=Severity.INFO,
    kinds=("persona",),
    source="public code, two reports",
    check=check,
    doc=RuleDoc(
        what="voice_isolation together with turn_detection_model sparrow-2.",
        why="Two reports say that it has no effect there.",
        bad="system_prompt: Hi\nlayers: {conversational_flow: {turn_detection_model: sparrow-2, "
        "voice_isolation: near}}\n",
        good="system_prompt: Hi\nlayers: {conversational_flow: {turn_detection_model: sparrow-2}}\n",
    ),
)
