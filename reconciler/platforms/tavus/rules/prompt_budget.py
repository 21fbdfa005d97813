"""L10: how long a prompt may be for its model."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.core.serialization.reference_marks import write_marks
from reconciler.platforms.tavus.rules.body_reader import MODEL, has_endpoint, inline_tools, is_hosted_llm, mode, text
from reconciler.types.catalogue import Budget
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Object
from reconciler.types.manifest import Manifest

PROMPT, CONTEXT = "/system_prompt", "/context"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec, catalogue = manifest.spec, context.catalogue
    if mode(spec) != "full":
        return
    tokens = catalogue.tokens(text(spec, PROMPT) + text(spec, CONTEXT))
    pointer = PROMPT if text(spec, PROMPT) else CONTEXT
    hosted = is_hosted_llm(spec)
    model = text(spec, MODEL)
    budget = catalogue.budget(model if hosted else None)
    if not hosted:
        budget = Budget(None, None, None, catalogue.current().safe_window, window_known=False)
    if finding := judge(tokens, budget):
        severity, said = finding
        name = model or ("your LLM" if has_endpoint(spec) else "the default model")
        yield RULE.found(
            manifest,
            pointer,
            f"the prompt is about {tokens:,} tokens: {said} ({name})",
            detail=f"1 token is about {catalogue.chars_per_token} characters",
            hint="shorten it, or move reference text into documents",
            severity=severity,
        )
    elif hosted and (schemas := _schema_text(spec)):
        total = tokens + catalogue.tokens(schemas)
        if tokens and (finding := judge(total, budget)):
            yield RULE.found(
                manifest,
                pointer,
                f"with its tools' schemas the prompt is about {total:,} tokens: {finding[1]}",
                severity=Severity.INFO,
            )


def judge(tokens: int, budget: Budget) -> tuple[Severity, str] | None:
    """The worst thing to say about a prompt of so many tokens."""
    if tokens > budget.window:
        if budget.window_known:
            return Severity.ERROR, f"more than the context window of {budget.window:,}"
        return Severity.WARNING, f"more than {budget.window:,}, and the context window is not documented"
    if budget.degraded_from is not None and tokens >= budget.degraded_from:
        band = f"{budget.degraded_from:,}"
        band += f" to {budget.degraded_until:,}" if budget.degraded_until else " and more"
        return Severity.WARNING, f"answers get slower and follow instructions less from {band}"
    if budget.recommended is not None and tokens > budget.recommended:
        return Severity.WARNING, f"best below {budget.recommended:,}"
    return None


def _schema_text(spec: Object) -> str:
    return "".join(json.dumps(write_marks(item), ensure_ascii=False) for _, item in inline_tools(spec))


RULE = Rule(
    code="L10",
    name="prompt-budget",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM pages of all generations, FAQ",
    check=check,
    taken=True,
    doc=RuleDoc(
        what="system_prompt and context together, at four characters a token, exceed what the model is advised or "
        "able to take: over 5,000 and from 15,000 a warning, over the context window (32,000; 200,000 for "
        "tavus-glm-4.7) an error. Older models degrade from 25,000.",
        why="Long prompts make answers slower and less obedient long before they are refused.",
        bad="layers: {llm: {model: tavus-gpt-oss}}\nsystem_prompt: " + "word " * 4200 + "\n",
        good="layers: {llm: {model: tavus-gpt-oss}}\nsystem_prompt: " + "word " * 40 + "\n",
    ),
)
