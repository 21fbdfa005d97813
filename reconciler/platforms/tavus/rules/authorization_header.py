"""L33: credentials belong into api_key, not into a header."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import LLM, mapping
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import escape, is_filled
from reconciler.types.manifest import Manifest

HEADERS = f"{LLM}/headers"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for word, value in mapping(manifest.spec, HEADERS).items():
        if word.strip().lower() == "authorization" and is_filled(value):
            yield RULE.found(
                manifest,
                f"{HEADERS}/{escape(word)}",
                "the Authorization header duplicates api_key",
                hint="give the key as api_key: {env: NAME} and keep headers for what is no credential",
            )


RULE = Rule(
    code="L33",
    name="authorization-header",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM page of July 2026 against the earlier ones",
    check=check,
    doc=RuleDoc(
        what="layers.llm.headers has an Authorization member.",
        why="The older pages authenticated with it; the newest one moves the key to api_key and keeps headers for "
        "further values that are no credentials.",
        bad="system_prompt: Hi\nlayers:\n  llm:\n    model: m\n    base_url: https://llm.example.com/v1\n"
        "    api_key: {env: K}\n    headers: {Authorization: {env: K}}\n",
        good="system_prompt: Hi\nlayers:\n  llm:\n    model: m\n    base_url: https://llm.example.com/v1\n"
        "    api_key: {env: K}\n    headers: {X-Org: northwind}\n",
    ),
)
