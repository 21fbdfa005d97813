"""Rules of the prompt: whether the pipeline needs one or ignores it, and how long it may be (L01, L02, L10)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.core.serialization.record_codec import write_marks
from reconciler.platforms.tavus.rules.body_reader import (
    MODEL,
    has,
    has_endpoint,
    inline_tools,
    is_hosted_llm,
    mode,
    nearest,
    text,
)
from reconciler.types.catalogue import Budget
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Object
from reconciler.types.manifest import Manifest

SYSTEM_PROMPT = "/system_prompt"


def check_system_prompt_missing(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    known = context.new is not None and not context.is_new(manifest)  # a plan has seen it, with its prompt
    if not known and mode(manifest.spec) == "full" and not has(manifest.spec, SYSTEM_PROMPT):
        yield SYSTEM_PROMPT_MISSING.found(
            manifest,
            nearest(manifest.spec, SYSTEM_PROMPT),
            "system_prompt is missing: the full pipeline needs one",
            hint="write a system_prompt, or set pipeline_mode: echo if the persona only speaks what it is sent",
            severity=None if context.is_new(manifest) else Severity.WARNING,
        )


SYSTEM_PROMPT_MISSING = Rule(
    code="L01",
    name="system-prompt-missing",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="Create Persona contract, vendor client",
    check=check_system_prompt_missing,
    doc=RuleDoc(
        what="pipeline_mode is full (also when it is not given) and system_prompt is absent or blank. A warning "
        "where the manifest names an object that exists (metadata.id) or only observes it.",
        why="The API refuses to create such a persona.",
        bad="pal_name: Coach\npipeline_mode: full\n",
        good="pal_name: Coach\npipeline_mode: full\nsystem_prompt: You are a coach.\n",
    ),
)


PASSIVE_MODES = ("echo", "speech-to-speech")


def check_prompt_in_passive_mode(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    passive = mode(manifest.spec)
    if passive not in PASSIVE_MODES:
        return
    for word in ("system_prompt", "context"):
        if has(manifest.spec, f"/{word}"):
            yield PROMPT_IN_PASSIVE_MODE.found(
                manifest,
                f"/{word}",
                f"{word} has no effect with pipeline_mode {passive}",
                hint=f"remove {word}, or use pipeline_mode: full",
            )


PROMPT_IN_PASSIVE_MODE = Rule(
    code="L02",
    name="prompt-in-passive-mode",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="vendor client 0.11.0; Create Persona contract",
    check=check_prompt_in_passive_mode,
    taken=True,
    doc=RuleDoc(
        what="pipeline_mode is echo or speech-to-speech and there is a system_prompt or a context.",
        why="No hosted LLM reads it in these modes, and the vendor's client refuses such a body. Where the API takes "
        "it all the same, `apply` goes on.",
        bad="pal_name: Voice\npipeline_mode: speech-to-speech\nsystem_prompt: Be kind.\n",
        good="pal_name: Voice\npipeline_mode: echo\n",
    ),
)


PROMPT, CONTEXT = "/system_prompt", "/context"


def check_prompt_budget(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
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
    if finding := judge_tokens(tokens, budget):
        severity, said = finding
        name = model or ("your LLM" if has_endpoint(spec) else "the default model")
        yield PROMPT_BUDGET.found(
            manifest,
            pointer,
            f"the prompt is about {tokens:,} tokens: {said} ({name})",
            detail=f"1 token is about {catalogue.chars_per_token} characters",
            hint="shorten it, or move reference text into documents",
            severity=severity,
        )
    elif hosted and (schemas := _schema_text(spec)):
        total = tokens + catalogue.tokens(schemas)
        if tokens and (finding := judge_tokens(total, budget)):
            yield PROMPT_BUDGET.found(
                manifest,
                pointer,
                f"with its tools' schemas the prompt is about {total:,} tokens: {finding[1]}",
                severity=Severity.INFO,
            )


def judge_tokens(tokens: int, budget: Budget) -> tuple[Severity, str] | None:
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


PROMPT_BUDGET = Rule(
    code="L10",
    name="prompt-budget",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM pages of all generations, FAQ",
    check=check_prompt_budget,
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
