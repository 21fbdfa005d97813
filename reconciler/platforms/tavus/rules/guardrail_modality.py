"""L25: a guardrail that listens."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import sequence, text
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    bases = [""]
    if manifest.address.kind == "guardrail_set":
        bases = [f"/data/{index}" for index in range(len(sequence(manifest.spec, "/data")))]
    for base in bases:
        if text(manifest.spec, f"{base}/modality") == "audio":
            yield RULE.found(
                manifest,
                f"{base}/modality",
                "modality audio is taken by the vendor's client, but no page names it",
                hint="documented are verbal and visual",
            )


RULE = Rule(
    code="L25",
    name="guardrail-modality",
    severity=Severity.WARNING,
    kinds=("guardrail", "guardrail_set"),
    source="vendor client against the contract of June 2026",
    check=check,
    doc=RuleDoc(
        what="A guardrail's modality is audio, also inside a guardrail set.",
        why="The client accepts it and the contract does not: the API may refuse it.",
        bad="guardrail_name: no_shouting\nguardrail_prompt: user shouts\nmodality: audio\n",
        good="guardrail_name: no_shouting\nguardrail_prompt: user shouts\nmodality: verbal\n",
    ),
)
