"""L08: a persona without a model follows a default that moves."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import MODEL, has, has_endpoint, mode, nearest
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if mode(spec) == "full" and not has(spec, MODEL) and not has_endpoint(spec):
        yield RULE.found(
            manifest,
            nearest(spec, MODEL),
            "layers.llm.model is not given: the persona follows a default that moves",
            hint=f"pin it, for example model: {context.catalogue.default()}",
        )


RULE = Rule(
    code="L08",
    name="model-unpinned",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="changelog, LLM pages, vendor client, observation",
    check=check,
    doc=RuleDoc(
        what="The pipeline is full and layers.llm.model is not given.",
        why="The server's default changed at least four times since 2025, from llama over gpt-oss and glm-4.7 to "
        "gemma-4, and a default is hidden when the persona is read, so nobody sees it change.",
        bad="system_prompt: Hi\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
