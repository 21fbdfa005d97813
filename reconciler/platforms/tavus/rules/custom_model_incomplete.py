"""L05: an LLM of your own needs an address and a key."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import BASE_URL, LLM, MODEL, has, nearest, text
from reconciler.types.catalogue import is_hosted
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest

KEY = f"{LLM}/api_key"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    model = text(spec, MODEL).strip()
    if is_hosted(model):
        return
    if model:
        for pointer, word in ((BASE_URL, "base_url"), (KEY, "api_key")):
            if not has(spec, pointer):
                yield RULE.found(
                    manifest,
                    nearest(spec, pointer),
                    f"{model} is no hosted model, so {word} is required",
                    hint=_hint(model, word, context),
                )
    elif has(spec, BASE_URL) and not has(spec, KEY):
        yield RULE.found(
            manifest,
            nearest(spec, KEY),
            "base_url is given without api_key",
            hint="add api_key: {env: NAME}; the API refuses one without the other",
        )
    elif has(spec, BASE_URL) and not has(spec, MODEL):
        yield RULE.found(
            manifest,
            BASE_URL,
            "base_url is given without a model",
            hint="add the name that your endpoint expects as model",
            severity=Severity.WARNING,
        )


def _hint(model: str, word: str, context: RuleContext) -> str:
    close = context.catalogue.nearest(model, count=1)
    wanted = "api_key: {env: NAME}" if word == "api_key" else "base_url: the address of your endpoint"
    return f"add {wanted}" + (f", or did you mean the hosted {close[0]}?" if close else "")


RULE = Rule(
    code="L05",
    name="custom-model-incomplete",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="LLM pages; the API's 400 names both fields",
    check=check,
    taken=True,
    doc=RuleDoc(
        what="layers.llm.model is not one of the hosted tavus- models and base_url or api_key is missing or empty; "
        "or base_url stands there without its companions.",
        why="The platform cannot reach a model of your own without its address and key, and refuses the persona.",
        bad="system_prompt: Hi\nlayers: {llm: {model: gpt-4o}}\n",
        good="system_prompt: Hi\nlayers:\n  llm:\n    model: gpt-4o\n    base_url: https://api.example.com/v1\n"
        "    api_key: {env: LLM_KEY}\n",
    ),
)
