"""L07: hosted models take few request parameters, within ranges."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import LLM, MODEL, is_hosted_llm, mapping, text
from reconciler.types.catalogue_entry import Setting
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, escape, is_filled
from reconciler.types.manifest import Manifest
from reconciler.types.reference import is_reference

EXTRA = f"{LLM}/extra_body"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec, catalogue = manifest.spec, context.catalogue
    if not is_hosted_llm(spec):
        return
    model = text(spec, MODEL) or None
    allowed = catalogue.parameter_names(model)
    extra = mapping(spec, EXTRA)
    for word, value in extra.items():
        pointer = f"{EXTRA}/{escape(word)}"
        if word not in allowed:
            yield RULE.found(
                manifest,
                pointer,
                f"hosted models do not take {word}",
                hint=f"they take {' and '.join(allowed)}" if allowed else "they take no parameters",
            )
        elif word in catalogue.parameters and (problem := _misfit(word, value, catalogue.parameters[word])):
            yield RULE.found(manifest, pointer, problem)
    row = catalogue.entry(model or "")
    if row is not None and row.exclusive and all(is_filled(extra.get(word)) for word in row.exclusive):
        yield RULE.found(
            manifest,
            EXTRA,
            f"{model} refuses {' together with '.join(row.exclusive)}",
            hint="keep one of them",
        )


def _misfit(word: str, value: Json, setting: Setting) -> str | None:
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


RULE = Rule(
    code="L07",
    name="extra-body-hosted",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM pages of 2026, Create Persona contract; one report about Claude",
    check=check,
    doc=RuleDoc(
        what="extra_body of a hosted model holds something other than temperature (0 to 2) and top_p (0 to 1), a "
        "value out of range, or, for a Claude model, both.",
        why="Other parameters are for custom LLMs; a hosted model ignores them or fails during the call.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, extra_body: {frequency_penalty: 0.5}}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, extra_body: {temperature: 0.7, top_p: 0.9}}}\n",
    ),
)
