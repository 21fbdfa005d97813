"""L32: models, engines and fields that are on their way out."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical import same
from reconciler.kinds.base import Field
from reconciler.rules.base import Rule, RuleContext, RuleDoc
from reconciler.rules.reading import DEAD_TURN_FIELDS, MODEL, TTS, has_dead_turn_settings, is_filled, text
from reconciler.types.catalogue import Catalogue, Status, is_hosted
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, split
from reconciler.types.manifest import Manifest

TABLES = {
    "/layers/perception/perception_model": "perception",
    "/layers/conversational_flow/turn_detection_model": "turn_detection",
    "/layers/stt/stt_engine": "stt_engine",
    f"{TTS}/tts_engine": "tts_engine",
    f"{TTS}/tts_model_name": "tts_model",
}
SAID = {
    Status.LEGACY: "is a legacy choice",
    Status.DEPRECATED: "is deprecated",
    Status.UNLISTED: "is not listed by the vendor any more",
    Status.REMOVED: "was removed",
}


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    model = text(spec, MODEL)
    if is_hosted(model):
        yield from _outdated(manifest, MODEL, model, "llm", context.catalogue)
    for pointer, table in TABLES.items():
        yield from _outdated(manifest, pointer, text(spec, pointer), table, context.catalogue)
    if is_filled(_vqa(manifest)):
        yield RULE.found(
            manifest, "/layers/vqa", "layers.vqa is gone", hint="use layers.perception.perception_model instead"
        )
    # Fields that a newer layer overrides are dead, not only old: L28 says so.
    silent = DEAD_TURN_FIELDS if has_dead_turn_settings(spec) else ()
    for pointer, value, row in context.declared(manifest):
        if row.deprecated and pointer not in silent and _speaks(value, row):
            yield RULE.found(
                manifest, pointer, f"{split(pointer)[-1]} is deprecated: {row.deprecated}", hint=_keep(manifest)
            )


def _vqa(manifest: Manifest) -> Json:
    layers = manifest.spec.get("layers")
    return layers.get("vqa") if isinstance(layers, dict) else None


def _speaks(value: Json, row: Field) -> bool:
    return is_filled(value) and not (row.default is not None and same(value, row.default))


def _outdated(manifest: Manifest, pointer: str, name: str, table: str, catalogue: Catalogue) -> Iterator[Diagnostic]:
    status = catalogue.status(name, table) if name else Status.UNKNOWN
    if not status.is_outdated:
        return
    after = catalogue.successor(name, table)
    row = catalogue.entry(name, table)
    yield RULE.found(
        manifest,
        pointer,
        f"{name} {SAID[status]}",
        detail=f"{after.reason} ({after.basis})" if after is not None else row.note if row is not None else "",
        hint=(_advice(after.id, after.alternatives) if after is not None else None) or _keep(manifest),
    )


def _advice(successor: str | None, alternatives: tuple[str, ...]) -> str | None:
    if successor:
        return f"use {successor}" + (f" (or {', '.join(alternatives)})" if alternatives else "")
    return f"choose one of {', '.join(alternatives)}" if alternatives else None


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
