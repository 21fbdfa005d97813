"""L19: fields that only the vendor's client or an example knows."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import FLOW, LLM, has
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import split
from reconciler.types.manifest import Manifest

WHERE = {
    f"{FLOW}/turn_commitment": "an example of the Create Persona page",
    f"{FLOW}/active_listening": "an example of the Create Persona page",
    f"{FLOW}/noise_cancellation": "the vendor's client",
    f"{LLM}/disable_vision": "the vendor's client",
    f"{LLM}/enable_llm_proxy": "the vendor's client",
    "/layers/sts": "the vendor's client",
    "/layers/capabilities": "the vendor's client",
    "/layers/knowledge_base": "the vendor's client",
}


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, place in WHERE.items():
        if has(manifest.spec, pointer):
            yield RULE.found(manifest, pointer, f"{split(pointer)[-1]} is known from {place} only")


RULE = Rule(
    code="L19",
    name="documented-nowhere",
    severity=Severity.INFO,
    kinds=("persona",),
    source="vendor client, Create Persona example",
    check=check,
    doc=RuleDoc(
        what="A field that no page describes: turn_commitment, active_listening, noise_cancellation, "
        "disable_vision, enable_llm_proxy, sts, capabilities or knowledge_base.",
        why="What it does, and whether it still does it, cannot be told from the documentation.",
        bad="system_prompt: Hi\nlayers: {conversational_flow: {turn_commitment: medium}}\n",
        good="system_prompt: Hi\nlayers: {conversational_flow: {turn_taking_patience: medium}}\n",
    ),
)
