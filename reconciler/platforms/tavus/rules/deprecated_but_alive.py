"""L32: models, engines and fields that are on their way out."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.fields.outdated import GONE, TABLES, Outdated, outdated_field, outdated_name, outdated_place
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import DEAD_TURN_FIELDS, has_dead_turn_settings
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import lookup
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    for pointer in TABLES:
        yield from _found(manifest, outdated_name(pointer, lookup(spec, pointer), context.catalogue))
    for pointer in GONE:
        yield from _found(manifest, outdated_place(pointer, lookup(spec, pointer)))
    # Fields that a newer layer overrides are dead, not only old: L28 says so.
    silent = DEAD_TURN_FIELDS if has_dead_turn_settings(spec) else ()
    for pointer, value, row in context.declared(manifest):
        if pointer not in silent:
            yield from _found(manifest, outdated_field(pointer, value, row))


def _found(manifest: Manifest, one: Outdated | None) -> Iterator[Diagnostic]:
    if one is not None:
        yield RULE.found(manifest, one.pointer, one.summary, detail=one.detail, hint=one.advice or _keep(manifest))


def _keep(manifest: Manifest) -> str | None:
    """How to keep it on purpose; JSON has no comments to say it in."""
    if manifest.source.path.endswith(".json"):
        return None
    return "if it stays on purpose, say so: # reconciler: keep L32 and the reason"


RULE = Rule(
    code="L32",
    name="deprecated-but-alive",
    severity=Severity.WARNING,
    kinds=(),
    source="the catalogue and the field tables",
    check=check,
    doc=RuleDoc(
        what="A model, engine or field that is legacy, deprecated, no longer listed or removed in the configured "
        "generation.",
        why="It may still work, and stop any day. A comment `# reconciler: keep L32` with a reason on its line or "
        "above it says that it stays on purpose.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-4o}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
