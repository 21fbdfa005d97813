"""L09: a hosted model that nobody knows, or that is not for us."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import MODEL, text
from reconciler.types.catalogue import is_hosted
from reconciler.types.catalogue_entry import Status
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, MODEL)
    if not is_hosted(model):
        return
    status = context.catalogue.status(model)
    if status is Status.INTERNAL:
        after = context.catalogue.successor(model)
        yield RULE.found(
            manifest,
            MODEL,
            f"{model} is internal to the platform",
            hint=f"use {after.id}" if after is not None and after.id else None,
            severity=Severity.ERROR,
        )
    elif status is Status.REPORTED:
        yield RULE.found(
            manifest,
            MODEL,
            f"{model} was only met in public code; no page of the vendor names it",
            severity=Severity.INFO,
        )
    elif status is Status.UNKNOWN:
        later = context.catalogue.entry(model) is not None
        near = context.catalogue.nearest(model)
        yield RULE.found(
            manifest,
            MODEL,
            f"{model} is not known" + (f" in generation {context.catalogue.generation}" if later else ""),
            hint=f"did you mean {' or '.join(near)}?" if near else "`reconciler models` lists the known ones",
        )


RULE = Rule(
    code="L09",
    name="unknown-model",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="the catalogue",
    check=check,
    doc=RuleDoc(
        what="The model starts with tavus- and is not in the catalogue (warning), or is internal to the platform "
        "(error).",
        why="Whether the API refuses an unknown name is unknown; a persona that takes it may stay silent in calls.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-os}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
