"""Rules of the perception layer: what each model sees, hears and takes (L11 to L14)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.core.serialization.record_codec import write_marks
from reconciler.platforms.tavus.rules.body_reader import (
    AUDIO_TOOLS,
    PERCEPTION,
    VISION_TOOLS,
    has,
    has_endpoint,
    mapping,
    sequence,
    text,
)
from reconciler.types.address import Address, ResourceRef
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, escape, lookup
from reconciler.types.manifest import Manifest

PERCEPTION_MODEL = f"{PERCEPTION}/perception_model"


def check_raven_with_custom_llm(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, PERCEPTION_MODEL)
    if model.startswith("raven-") and has_endpoint(manifest.spec):
        sound = "" if model == "raven-0" else ", and puts what it heard before each utterance"
        yield RAVEN_WITH_CUSTOM_LLM.found(
            manifest,
            PERCEPTION_MODEL,
            f"{model} sends your LLM system messages with user_appearance, user_emotions and user_screenshare{sound}",
            hint='perception_model: "off" sends none',
        )


RAVEN_WITH_CUSTOM_LLM = Rule(
    code="L11",
    name="raven-with-custom-llm",
    severity=Severity.INFO,
    kinds=("persona",),
    source="LLM pages of all generations, perception page",
    check=check_raven_with_custom_llm,
    doc=RuleDoc(
        what="A raven perception model together with base_url.",
        why="Your LLM receives system messages that you did not write; it should know what they mean.",
        bad="system_prompt: Hi\nlayers:\n  llm: {model: m, base_url: 'https://llm.example.com/v1', "
        "api_key: {env: K}}\n  perception: {perception_model: raven-1}\n",
        good="system_prompt: Hi\nlayers:\n  llm: {model: m, base_url: 'https://llm.example.com/v1', "
        "api_key: {env: K}}\n  perception: {perception_model: 'off'}\n",
    ),
)


QUERIES = (
    "visual_awareness_queries",
    "ambient_awareness_queries",
    "audio_awareness_queries",
    "perception_analysis_queries",
)


def check_perception_off_with_tools(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    # false is what a plain `off` became in a YAML 1.1 reader (L27).
    model = lookup(spec, f"{PERCEPTION}/perception_model")
    if model != "off" and model is not False:
        return
    for pointer in (*VISION_TOOLS, *AUDIO_TOOLS):
        if has(spec, pointer):
            yield PERCEPTION_OFF_WITH_TOOLS.found(
                manifest,
                pointer,
                "these tools never fire: perception_model is off",
                hint="use raven-1, or remove them",
            )
    for word in QUERIES:
        if has(spec, f"{PERCEPTION}/{word}"):
            yield PERCEPTION_OFF_WITH_TOOLS.found(
                manifest,
                f"{PERCEPTION}/{word}",
                f"{word} is never asked: perception_model is off",
                hint="use raven-1, or remove it",
                severity=Severity.WARNING,
            )
    yield from _attached_tools(manifest, context)


def _attached_tools(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for index, item in enumerate(sequence(manifest.spec, "/tools")):
        tool = _attached_manifest(item, "tool", context)
        origin = tool.spec.get("origin") if tool is not None else None
        if origin in ("vision", "audio"):
            yield PERCEPTION_OFF_WITH_TOOLS.found(
                manifest,
                f"/tools/{index}",
                f"this {origin} tool never fires: perception_model is off",
                hint="use raven-1, or detach it",
            )
    for index, item in enumerate(sequence(manifest.spec, "/guardrail_ids")):
        guardrail = _attached_manifest(item, "guardrail", context)
        if guardrail is not None and guardrail.spec.get("modality") == "visual":
            yield PERCEPTION_OFF_WITH_TOOLS.found(
                manifest,
                f"/guardrail_ids/{index}",
                "this guardrail looks, but perception_model is off",
                severity=Severity.WARNING,
            )


def _attached_manifest(item: Json, kind: str, context: RuleContext) -> Manifest | None:
    """The manifest that a list item names, by reference or by the name of a tool."""
    if isinstance(item, ResourceRef):
        target, _, name = item.address.partition(".")
        return context.manifests.get(Address(target, name))
    if not isinstance(item, str):
        return None
    named = (
        manifest
        for manifest in context.manifests.values()
        if manifest.address.kind == kind and manifest.spec.get("name") == item
    )
    return context.manifests.get(Address(kind, item)) or next(named, None)


PERCEPTION_OFF_WITH_TOOLS = Rule(
    code="L12",
    name="perception-off-with-tools",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="vendor client, PAL pages",
    check=check_perception_off_with_tools,
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


WITHOUT_AUDIO = ("raven-0", "basic")


def check_audio_without_raven_1(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    model = text(manifest.spec, f"{PERCEPTION}/perception_model")
    if model not in WITHOUT_AUDIO:
        return
    for word in mapping(manifest.spec, PERCEPTION):
        pointer = f"{PERCEPTION}/{escape(word)}"
        if word.startswith("audio_") and has(manifest.spec, pointer):
            yield AUDIO_WITHOUT_RAVEN_1.found(
                manifest, pointer, f"{word} needs raven-1, and perception_model is {model}", hint="use raven-1"
            )


AUDIO_WITHOUT_RAVEN_1 = Rule(
    code="L13",
    name="audio-without-raven-1",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="the vendor's contract of June 2026",
    check=check_audio_without_raven_1,
    taken=True,
    doc=RuleDoc(
        what="audio_awareness_queries, audio_tool_prompt or audio_tools together with raven-0 or basic.",
        why="Those models only see; the contract says audio fields are for raven-1.",
        bad="system_prompt: Hi\nlayers: {perception: {perception_model: raven-0, "
        "audio_awareness_queries: [angry voice]}}\n",
        good="system_prompt: Hi\nlayers: {perception: {perception_model: raven-1, "
        "audio_awareness_queries: [angry voice]}}\n",
    ),
)


ENTRY_LIMIT = 10_000


def check_raven_entry_length(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
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
            length = _entry_length(entry)
            if length > ENTRY_LIMIT:
                yield RAVEN_ENTRY_LENGTH.found(
                    manifest, place, f"this entry of {word} has {length:,} characters; the limit is {ENTRY_LIMIT:,}"
                )


def _entry_length(value: Json) -> int:
    if isinstance(value, str):
        return len(value)
    return len(json.dumps(write_marks(value), ensure_ascii=False)) if isinstance(value, dict) else 0


RAVEN_ENTRY_LENGTH = Rule(
    code="L14",
    name="raven-entry-length",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="perception page, June 2026",
    check=check_raven_entry_length,
    doc=RuleDoc(
        what="A query, a tool prompt or an inline tool of layers.perception has more than 10,000 characters.",
        why="The perception model refuses longer entries.",
        bad="system_prompt: Hi\nlayers: {perception: {visual_awareness_queries: ['" + "x" * 10_001 + "']}}\n",
        good="system_prompt: Hi\nlayers: {perception: {visual_awareness_queries: [visible ID]}}\n",
    ),
)
