"""L03: a credential written into the manifest."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import is_masked
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.core.secrets.credentials import has_url_credentials, is_credential
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import split
from reconciler.types.manifest import Manifest

FREE = ("headers", "default_query")


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    # References are markers by now, and so are the literals that the loader found (and reported): what is still a
    # plain text at a secret place came here without the loader.
    for pointer, value, row in context.declared(manifest):
        if not isinstance(value, str) or not value.strip() or is_masked(value):
            continue
        *_, parent, name = ("", *split(pointer))
        if not has_url_credentials(value) and (not row.secret or (parent in FREE and not is_credential(name, value))):
            continue
        yield RULE.found(
            manifest,
            pointer,
            f"{name} is written in clear",
            hint=f"put it in the environment and write {name}: {{env: NAME}}, or use {{file: path}}",
        )


RULE = Rule(
    code="L03",
    name="secret-literal",
    severity=Severity.ERROR,
    kinds=(),
    source="judgement: keys were found in public manifests",
    check=check,
    doc=RuleDoc(
        what="An API key, a tool's auth value, a header or query parameter that looks like a credential, or a URL "
        "with one in it, is given as a text instead of {env: NAME} or {file: path}.",
        why="Manifests live in git, and what was once in git is known. --allow-literal-secrets turns this into a "
        "warning.",
        bad="system_prompt: Hi\nlayers:\n  llm:\n    model: my-model\n    base_url: https://llm.example.com/v1\n"
        "    api_key: sk-1234567890abcdef\n",
        good="system_prompt: Hi\nlayers:\n  llm:\n    model: my-model\n    base_url: https://llm.example.com/v1\n"
        "    api_key: {env: LLM_KEY}\n",
    ),
)
