"""Rules of guardrails: limits of the API, and what each modality needs (L24, L25)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import sequence, text
from reconciler.platforms.tavus.rules.value_rules import out_of_bounds
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest

NAME = re.compile(r"[A-Za-z0-9_]{1,100}")


def check_guardrail_limits(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    kind = manifest.address.kind
    found = out_of_bounds(GUARDRAIL_LIMITS, manifest, context)
    if kind == "persona":
        yield from (one for one in found if one.pointer in ("/guardrail_ids", "/guardrail_tags"))
        return
    yield from found
    if kind == "guardrail":
        if manifest.spec.get("guardrail_name") is None and not NAME.fullmatch(manifest.address.name):
            yield GUARDRAIL_LIMITS.found(
                manifest,
                "",
                f"without guardrail_name the manifest's own name is sent, and {manifest.address.name!r} is refused",
                hint="write a guardrail_name of letters, digits and underscores",
            )
        return
    # Sets of the older form with names like "No legal advice" were taken by the API: not an error there.
    for index, item in enumerate(sequence(manifest.spec, "/data")):
        name = item.get("guardrail_name") if isinstance(item, dict) else None
        if isinstance(name, str) and not NAME.fullmatch(name):
            yield GUARDRAIL_LIMITS.found(
                manifest,
                f"/data/{index}/guardrail_name",
                f"the name {name[:120]!r} should be 1 to 100 letters, digits or underscores",
                severity=Severity.WARNING,
            )


GUARDRAIL_LIMITS = Rule(
    code="L24",
    name="guardrail-limits",
    severity=Severity.ERROR,
    kinds=("guardrail", "guardrail_set", "persona"),
    source="guardrails page, the vendor's contract of June 2026",
    check=check_guardrail_limits,
    doc=RuleDoc(
        what="A guardrail whose name is not 1 to 100 letters, digits or underscores, whose prompt has more than "
        "1,000 or callback_url more than 2,048 characters, or with over 32 tags of 64 characters; a persona with "
        "more than 50 guardrail_ids or guardrail_tags.",
        why="The API refuses such an object, and everything that depends on it waits.",
        bad="guardrail_name: no legal advice\nguardrail_prompt: user asks for legal advice\n",
        good="guardrail_name: no_legal_advice\nguardrail_prompt: user asks for legal advice\n",
    ),
)


def check_guardrail_modality(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    bases = [""]
    if manifest.address.kind == "guardrail_set":
        bases = [f"/data/{index}" for index in range(len(sequence(manifest.spec, "/data")))]
    for base in bases:
        if text(manifest.spec, f"{base}/modality") == "audio":
            yield GUARDRAIL_MODALITY.found(
                manifest,
                f"{base}/modality",
                "modality audio is taken by the vendor's client, but no page names it",
                hint="documented are verbal and visual",
            )


GUARDRAIL_MODALITY = Rule(
    code="L25",
    name="guardrail-modality",
    severity=Severity.WARNING,
    kinds=("guardrail", "guardrail_set"),
    source="vendor client against the contract of June 2026",
    check=check_guardrail_modality,
    doc=RuleDoc(
        what="A guardrail's modality is audio, also inside a guardrail set.",
        why="The client accepts it and the contract does not: the API may refuse it.",
        bad="guardrail_name: no_shouting\nguardrail_prompt: user shouts\nmodality: audio\n",
        good="guardrail_name: no_shouting\nguardrail_prompt: user shouts\nmodality: verbal\n",
    ),
)
