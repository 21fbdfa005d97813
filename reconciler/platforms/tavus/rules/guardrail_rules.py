"""Rules of guardrails: limits of the API, and what each modality needs (L24, L25)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import sequence, text
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import lookup
from reconciler.types.manifest import Manifest

NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
LENGTHS = {"guardrail_prompt": 1000, "callback_url": 2048}
TAGS, TAG_LENGTH, COUNT = 32, 64, 50


def check_guardrail_limits(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    kind = manifest.address.kind
    if kind == "guardrail":
        yield from _limits(manifest, "", Severity.ERROR)
    elif kind == "guardrail_set":
        # Sets of the older form with names like "No legal advice" were taken by the API: not an error there.
        for index, item in enumerate(sequence(manifest.spec, "/data")):
            if isinstance(item, dict):
                yield from _limits(manifest, f"/data/{index}", Severity.WARNING)
    else:
        for word in ("guardrail_ids", "guardrail_tags"):
            count = len(sequence(manifest.spec, f"/{word}"))
            if count > COUNT:
                yield GUARDRAIL_LIMITS.found(manifest, f"/{word}", f"{count} {word}; a persona may have {COUNT}")


def _limits(manifest: Manifest, base: str, name_severity: Severity) -> Iterator[Diagnostic]:
    name = lookup(manifest.spec, f"{base}/guardrail_name")
    if not base and not name and not NAME.fullmatch(manifest.address.name):
        summary = f"without guardrail_name the manifest's own name is sent, and {manifest.address.name!r} is refused"
        yield GUARDRAIL_LIMITS.found(
            manifest, "", summary, hint="write a guardrail_name of letters, digits and underscores"
        )
    if isinstance(name, str) and not NAME.fullmatch(name):
        yield GUARDRAIL_LIMITS.found(
            manifest,
            f"{base}/guardrail_name",
            f"the name {name[:120]!r} must be 1 to 100 letters, digits or underscores",
            severity=name_severity,
        )
    for word, limit in LENGTHS.items():
        length = len(text(manifest.spec, f"{base}/{word}"))
        if length > limit:
            yield GUARDRAIL_LIMITS.found(
                manifest, f"{base}/{word}", f"{word} has {length:,} characters; the limit is {limit:,}"
            )
    tags = sequence(manifest.spec, f"{base}/tags")
    if len(tags) > TAGS:
        yield GUARDRAIL_LIMITS.found(manifest, f"{base}/tags", f"{len(tags)} tags; a guardrail may have {TAGS}")
    for index, tag in enumerate(tags):
        if isinstance(tag, str) and len(tag) > TAG_LENGTH:
            yield GUARDRAIL_LIMITS.found(
                manifest, f"{base}/tags/{index}", f"this tag has {len(tag)} characters; the limit is {TAG_LENGTH}"
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
