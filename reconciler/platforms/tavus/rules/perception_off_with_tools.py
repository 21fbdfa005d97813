"""L12: tools and questions of a perception that is switched off."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import AUDIO_TOOLS, PERCEPTION, VISION_TOOLS, has, sequence
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, lookup
from reconciler.types.manifest import Manifest
from reconciler.types.reference import ResourceRef

QUERIES = (
    "visual_awareness_queries",
    "ambient_awareness_queries",
    "audio_awareness_queries",
    "perception_analysis_queries",
)


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    # false is what a plain `off` became in a YAML 1.1 reader (L27).
    model = lookup(spec, f"{PERCEPTION}/perception_model")
    if model != "off" and model is not False:
        return
    for pointer in (*VISION_TOOLS, *AUDIO_TOOLS):
        if has(spec, pointer):
            yield RULE.found(
                manifest,
                pointer,
                "these tools never fire: perception_model is off",
                hint="use raven-1, or remove them",
            )
    for word in QUERIES:
        if has(spec, f"{PERCEPTION}/{word}"):
            yield RULE.found(
                manifest,
                f"{PERCEPTION}/{word}",
                f"{word} is never asked: perception_model is off",
                hint="use raven-1, or remove it",
                severity=Severity.WARNING,
            )
    yield from _attached(manifest, context)


def _attached(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for index, item in enumerate(sequence(manifest.spec, "/tools")):
        tool = _target(item, "tool", context)
        origin = tool.spec.get("origin") if tool is not None else None
        if origin in ("vision", "audio"):
            yield RULE.found(
                manifest,
                f"/tools/{index}",
                f"this {origin} tool never fires: perception_model is off",
                hint="use raven-1, or detach it",
            )
    for index, item in enumerate(sequence(manifest.spec, "/guardrail_ids")):
        guardrail = _target(item, "guardrail", context)
        if guardrail is not None and guardrail.spec.get("modality") == "visual":
            yield RULE.found(
                manifest,
                f"/guardrail_ids/{index}",
                "this guardrail looks, but perception_model is off",
                severity=Severity.WARNING,
            )


def _target(item: Json, kind: str, context: RuleContext) -> Manifest | None:
    """The manifest that a list item names, by reference or by the name of a tool."""
    if isinstance(item, ResourceRef):
        target, _, name = item.address.partition(".")
        return context.manifests.get(Address(target, name))
    if not isinstance(item, str):
        return None
    named = (one for one in context.manifests.values() if one.address.kind == kind and one.spec.get("name") == item)
    return context.manifests.get(Address(kind, item)) or next(named, None)


RULE = Rule(
    code="L12",
    name="perception-off-with-tools",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="vendor client, PAL pages",
    check=check,
    taken=True,
    doc=RuleDoc(
        what='perception_model is "off" and there are vision or audio tools, inline or attached (error), awareness '
        "queries or visual guardrails (warning).",
        why="Nothing looks or listens, so nothing fires: a safety tool would be silently dead.",
        bad="system_prompt: Hi\nlayers:\n  perception:\n    perception_model: 'off'\n"
        "    visual_tools: [{name: show_id, description: An ID is shown}]\n",
        good="system_prompt: Hi\nlayers:\n  perception:\n    perception_model: raven-1\n"
        "    visual_tools: [{name: show_id, description: An ID is shown}]\n",
    ),
)
