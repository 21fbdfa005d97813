"""L06: settings of a custom endpoint beside a hosted model."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import LLM, MODEL, has, text
from reconciler.types.catalogue import is_hosted
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest

WORDS = ("base_url", "api_key", "headers", "default_query")


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, MODEL)
    if not is_hosted(model):
        return
    for word in WORDS:
        if has(manifest.spec, f"{LLM}/{word}"):
            yield RULE.found(
                manifest,
                f"{LLM}/{word}",
                f"{word} is for an LLM of your own, but {model} is hosted",
                hint=f"remove {word}, or name your endpoint's model",
            )


RULE = Rule(
    code="L06",
    name="hosted-model-with-endpoint",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM page of July 2026",
    check=check,
    doc=RuleDoc(
        what="The model starts with tavus- and base_url, api_key, headers or default_query is given.",
        why="These belong to custom LLMs. Either they are ignored, or the hosted name is sent to your endpoint.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, base_url: 'https://llm.example.com/v1'}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
