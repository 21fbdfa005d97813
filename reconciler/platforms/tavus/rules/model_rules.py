"""Rules of the LLM: which models there are and what each takes beside it (L05 to L09)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import (
    BASE_URL,
    LLM,
    MODEL,
    has,
    has_endpoint,
    is_hosted_llm,
    mapping,
    mode,
    nearest,
    text,
)
from reconciler.types.address import is_reference
from reconciler.types.catalogue import Setting, Status, is_hosted
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, escape, is_filled, lookup
from reconciler.types.manifest import Manifest

API_KEY = f"{LLM}/api_key"


def check_custom_model_incomplete(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    model = text(spec, MODEL).strip()
    if model and not is_hosted(model):
        for pointer, word in ((BASE_URL, "base_url"), (API_KEY, "api_key")):
            if not has(spec, pointer):
                yield CUSTOM_MODEL_INCOMPLETE.found(
                    manifest,
                    nearest(spec, pointer),
                    f"{model} is no hosted model, so {word} is required",
                    hint=_missing_hint(model, word, context),
                )
    elif has(spec, BASE_URL) and not has(spec, API_KEY):
        yield CUSTOM_MODEL_INCOMPLETE.found(
            manifest,
            nearest(spec, API_KEY),
            "base_url is given without api_key",
            hint="add api_key: {env: NAME}; the API refuses one without the other",
        )
    elif not model and has(spec, BASE_URL) and not has(spec, MODEL):
        yield CUSTOM_MODEL_INCOMPLETE.found(
            manifest,
            BASE_URL,
            "base_url is given without a model",
            hint="add the name that your endpoint expects as model",
            severity=Severity.WARNING,
        )


def _missing_hint(model: str, word: str, context: RuleContext) -> str:
    close = context.catalogue.nearest(model, count=1)
    wanted = "api_key: {env: NAME}" if word == "api_key" else "base_url: the address of your endpoint"
    return f"add {wanted}" + (f", or did you mean the hosted {close[0]}?" if close else "")


CUSTOM_MODEL_INCOMPLETE = Rule(
    code="L05",
    name="custom-model-incomplete",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="LLM pages; the API's 400 names both fields",
    check=check_custom_model_incomplete,
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


PROXY = f"{LLM}/enable_llm_proxy"
ENDPOINT_WORDS = ("base_url", "api_key", "headers", "default_query")


def check_hosted_model_with_endpoint(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, MODEL)
    if not is_hosted(model):
        return
    if lookup(manifest.spec, PROXY) is True:
        yield HOSTED_MODEL_WITH_ENDPOINT.found(
            manifest,
            PROXY,
            f"enable_llm_proxy is for an LLM of your own, and is refused with a hosted one ({model})",
            hint="remove enable_llm_proxy",
            severity=Severity.ERROR,
        )
    for word in ENDPOINT_WORDS:
        if has(manifest.spec, f"{LLM}/{word}"):
            yield HOSTED_MODEL_WITH_ENDPOINT.found(
                manifest,
                f"{LLM}/{word}",
                f"{word} is for an LLM of your own, but {model} is hosted",
                hint=f"remove {word}, or name your endpoint's model",
            )


HOSTED_MODEL_WITH_ENDPOINT = Rule(
    code="L06",
    name="hosted-model-with-endpoint",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM page of July 2026",
    check=check_hosted_model_with_endpoint,
    doc=RuleDoc(
        what="The model starts with tavus- and base_url, api_key, headers or default_query is given; with "
        "enable_llm_proxy it is an error.",
        why="These belong to custom LLMs. Either they are ignored, or the hosted name is sent to your endpoint.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, base_url: 'https://llm.example.com/v1'}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)


EXTRA_BODY = f"{LLM}/extra_body"


def check_extra_body_hosted(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec, catalogue = manifest.spec, context.catalogue
    if not is_hosted_llm(spec):
        return
    model = text(spec, MODEL) or None
    allowed = catalogue.parameter_names(model)
    extra = mapping(spec, EXTRA_BODY)
    for word, value in extra.items():
        pointer = f"{EXTRA_BODY}/{escape(word)}"
        if word not in allowed:
            yield EXTRA_BODY_HOSTED.found(
                manifest,
                pointer,
                f"hosted models do not take {word}",
                hint=f"they take {' and '.join(allowed)}" if allowed else "they take no parameters",
            )
        elif word in catalogue.parameters and (problem := _parameter_misfit(word, value, catalogue.parameters[word])):
            yield EXTRA_BODY_HOSTED.found(manifest, pointer, problem)
    row = catalogue.entry(model or "")
    if row is not None and row.exclusive and all(is_filled(extra.get(word)) for word in row.exclusive):
        yield EXTRA_BODY_HOSTED.found(
            manifest,
            EXTRA_BODY,
            f"{model} refuses {' together with '.join(row.exclusive)}",
            hint="keep one of them",
        )


def _parameter_misfit(word: str, value: Json, setting: Setting) -> str | None:
    if value is None or is_reference(value):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{word} must be a number"
    low, high = setting.min, setting.max
    if (low is not None and value < low) or (high is not None and value > high):
        return (
            f"{word} is {value:g}; it must lie between {low:g} and {high:g}"
            if None not in (low, high)
            else (f"{word} is {value:g}: out of range")
        )
    return None


EXTRA_BODY_HOSTED = Rule(
    code="L07",
    name="extra-body-hosted",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM pages of 2026, Create Persona contract; one report about Claude",
    check=check_extra_body_hosted,
    doc=RuleDoc(
        what="extra_body of a hosted model holds something other than temperature (0 to 2) and top_p (0 to 1), a "
        "value out of range, or, for a Claude model, both.",
        why="Other parameters are for custom LLMs; a hosted model ignores them or fails during the call.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, extra_body: {frequency_penalty: 0.5}}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, extra_body: {temperature: 0.7, top_p: 0.9}}}\n",
    ),
)


def check_model_unpinned(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if mode(spec) == "full" and not has(spec, MODEL) and not has_endpoint(spec):
        yield MODEL_UNPINNED.found(
            manifest,
            nearest(spec, MODEL),
            "layers.llm.model is not given: the persona follows a default that moves",
            hint=f"pin it, for example model: {context.catalogue.default()}",
        )


MODEL_UNPINNED = Rule(
    code="L08",
    name="model-unpinned",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="changelog, LLM pages, vendor client, observation",
    check=check_model_unpinned,
    doc=RuleDoc(
        what="The pipeline is full and layers.llm.model is not given.",
        why="The server's default changed at least four times since 2025, from llama over gpt-oss and glm-4.7 to "
        "gemma-4, and a default is hidden when the persona is read, so nobody sees it change.",
        bad="system_prompt: Hi\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)


def check_unknown_model(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, MODEL)
    if not is_hosted(model):
        return
    status = context.catalogue.status(model)
    if status is Status.INTERNAL:
        after = context.catalogue.successor(model)
        yield UNKNOWN_MODEL.found(
            manifest,
            MODEL,
            f"{model} is internal to the platform",
            hint=f"use {after.id}" if after is not None and after.id else None,
            severity=Severity.ERROR,
        )
    elif status is Status.REPORTED:
        yield UNKNOWN_MODEL.found(
            manifest,
            MODEL,
            f"{model} was only met in public code; no page of the vendor names it",
            severity=Severity.INFO,
        )
    elif status is Status.UNKNOWN:
        later = context.catalogue.entry(model) is not None
        near = context.catalogue.nearest(model)
        yield UNKNOWN_MODEL.found(
            manifest,
            MODEL,
            f"{model} is not known" + (f" in generation {context.catalogue.generation}" if later else ""),
            hint=f"did you mean {' or '.join(near)}?" if near else "`reconciler models` lists the known ones",
        )


UNKNOWN_MODEL = Rule(
    code="L09",
    name="unknown-model",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="the catalogue",
    check=check_unknown_model,
    doc=RuleDoc(
        what="The model starts with tavus- and is not in the catalogue (warning), or is internal to the platform "
        "(error).",
        why="Whether the API refuses an unknown name is unknown; a persona that takes it may stay silent in calls.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-os}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
