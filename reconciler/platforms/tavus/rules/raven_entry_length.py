"""L14: one entry of the perception layer has at most 10,000 characters."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.core.serialization.reference_marks import write_marks
from reconciler.platforms.tavus.rules.body_reader import PERCEPTION, mapping
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, escape
from reconciler.types.manifest import Manifest

LIMIT = 10_000


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for word, value in mapping(manifest.spec, PERCEPTION).items():
        if not word.endswith(("_queries", "prompt", "_tools")):
            continue
        pointer = f"{PERCEPTION}/{escape(word)}"
        places = (
            [(f"{pointer}/{index}", item) for index, item in enumerate(value)]
            if isinstance(value, list)
            else [(pointer, value)]
        )
        for place, entry in places:
            length = _length(entry)
            if length > LIMIT:
                yield RULE.found(
                    manifest, place, f"this entry of {word} has {length:,} characters; the limit is {LIMIT:,}"
                )


def _length(value: Json) -> int:
    if isinstance(value, str):
        return len(value)
    return len(json.dumps(write_marks(value), ensure_ascii=False)) if isinstance(value, dict) else 0


RULE = Rule(
    code="L14",
    name="raven-entry-length",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="perception page, June 2026",
    check=check,
    doc=RuleDoc(
        what="A query, a tool prompt or an inline tool of layers.perception has more than 10,000 characters.",
        why="The perception model refuses longer entries.",
        bad="system_prompt: Hi\nlayers: {perception: {visual_awareness_queries: ['" + "x" * 10_001 + "']}}\n",
        good="system_prompt: Hi\nlayers: {perception: {visual_awareness_queries: [visible ID]}}\n",
    ),
)
