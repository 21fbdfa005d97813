"""L01: a persona of the full pipeline needs a system prompt."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import has, mode, nearest
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest

POINTER = "/system_prompt"


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    known = context.new is not None and not context.is_new(manifest)  # a plan has seen it, with its prompt
    if not known and mode(manifest.spec) == "full" and not has(manifest.spec, POINTER):
        yield RULE.found(
            manifest,
            nearest(manifest.spec, POINTER),
            "system_prompt is missing: the full pipeline needs one",
            hint="write a system_prompt, or set pipeline_mode: echo if the persona only speaks what it is sent",
            severity=None if context.is_new(manifest) else Severity.WARNING,
        )


RULE = Rule(
    code="L01",
    name="system-prompt-missing",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="Create Persona contract, vendor client",
    check=check,
    doc=RuleDoc(
        what="pipeline_mode is full (also when it is not given) and system_prompt is absent or blank. A warning "
        "where the manifest names an object that exists (metadata.id) or only observes it.",
        why="The API refuses to create such a persona.",
        bad="pal_name: Coach\npipeline_mode: full\n",
        good="pal_name: Coach\npipeline_mode: full\nsystem_prompt: You are a coach.\n",
    ),
)
