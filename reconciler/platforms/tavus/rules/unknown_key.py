"""L18: a key that no source names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.fields.field_check import UNKNOWN_FIELD, check_fields
from reconciler.core.kind_table import KINDS
from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind not in KINDS:
        return
    severity = Severity.ERROR if context.strict else Severity.WARNING
    kind = KINDS.get(manifest.address.kind)
    for one in check_fields(kind, manifest.spec, address=manifest.address, source=manifest.source):
        if one.code == UNKNOWN_FIELD:
            yield replace(one, severity=severity)


RULE = Rule(
    code="L18",
    name="unknown-key",
    severity=Severity.WARNING,
    kinds=(),
    source="public code",
    check=check,
    doc=RuleDoc(
        what="A key that the kind does not declare, at a place whose keys are known. An error with --strict.",
        why="Most are typos, and a typo has no effect: the setting stays at its default without a word. Real "
        "fields that are newer than this version are passed on untouched.",
        bad="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, speculative_inferense: true}}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss, speculative_inference: true}}\n",
    ),
)
