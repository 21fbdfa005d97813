"""Rules of the limits that the field tables name: sizes, ranges and looks of every value (L39)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.fields.bounds_check import misfits
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.types.address import is_reference
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import split
from reconciler.types.manifest import Manifest


def out_of_bounds(rule: Rule, manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    """What exceeds the bounds of its field, as findings of `rule`. What an absent value means is no affair of it."""
    for pointer, value, row in context.declared(manifest):
        if row.bounds is None or row.server or is_reference(value):
            continue
        for below, problem in misfits(row.bounds, value, _name(pointer)):
            # What a new object cannot do without and is empty, L35 says, of all but its name.
            if row.path == manifest.kind.name_field or not (row.required and value in ("", [])):
                yield rule.found(manifest, pointer + below, problem)


def _name(pointer: str) -> str:
    return split(pointer)[-1]


def check_bounds(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind not in TOLD_ELSEWHERE:
        told = TOLD_ELSEWHERE_AT
        yield from (one for one in out_of_bounds(BOUNDS, manifest, context) if one.pointer not in told)


TOLD_ELSEWHERE = frozenset({"tool", "guardrail", "guardrail_set", "objectives"})
TOLD_ELSEWHERE_AT = frozenset({"/tools", "/guardrail_ids", "/guardrail_tags"})
"""Kinds, and places of a persona, whose limits the rules of their subject tell (L22, L24, L34)."""


BOUNDS = Rule(
    code="L39",
    name="limits",
    severity=Severity.ERROR,
    kinds=(),
    source="the vendor's contract of June 2026 and its client 0.11.0; each field's own source stands in `explain`",
    check=check_bounds,
    doc=RuleDoc(
        what="A value that is longer, larger or of another look than the API takes: rules of a pronunciation "
        "dictionary (texts of 1 to 200 characters, each once), crawl depth (1 to 10) and pages (1 to 100) of a "
        "document, limits of a deployment (at least 1). `explain` names the limits of each field; those of tools, "
        "guardrails and objectives are told by L22, L24 and L34.",
        why="The API refuses such an object, and everything that depends on it waits.",
        bad="layers: {llm: {model: tavus-gpt-oss}}\nsystem_prompt: Hi\nskills: {presentation: {document_ids: []}}\n",
        good="layers: {llm: {model: tavus-gpt-oss}}\nsystem_prompt: Hi\n"
        "skills: {presentation: {document_ids: [d1-0a1b2c3d4e5f]}}\n",
    ),
)
