"""L13: only raven-1 and newer listen."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import PERCEPTION, has, mapping, text
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import escape
from reconciler.types.manifest import Manifest

DEAF = ("raven-0", "basic")


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, f"{PERCEPTION}/perception_model")
    if model not in DEAF:
        return
    for word in mapping(manifest.spec, PERCEPTION):
        pointer = f"{PERCEPTION}/{escape(word)}"
        if word.startswith("audio_") and has(manifest.spec, pointer):
            yield RULE.found(
                manifest, pointer, f"{word} needs raven-1, and perception_model is {model}", hint="use raven-1"
            )


RULE = Rule(
    code="L13",
    name="audio-without-raven-1",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="the vendor's contract of June 2026",
    check=check,
    taken=True,
    doc=RuleDoc(
        what="audio_awareness_queries, audio_tool_prompt or audio_tools together with raven-0 or basic.",
        why="Those models only see; the contract says audio fields are for raven-1.",
        bad="system_prompt: Hi\nlayers: {perception: {perception_model: raven-0, "
        "audio_awareness_queries: [angry voice]}}\n",
        good="system_prompt: Hi\nlayers: {perception: {perception_model: raven-1, "
        "audio_awareness_queries: [angry voice]}}\n",
    ),
)
