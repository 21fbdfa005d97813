"""M06: the prompt that seeing and hearing tools once shared."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import (
    Choice,
    Context,
    Finding,
    Migration,
    MigrationDoc,
    Question,
    Safety,
    Subject,
    ask,
    mapping_at,
)
from reconciler.types.json import is_filled
from reconciler.types.manifest_edit import Edit, RemoveValue, RenameKey, SetValue

LAYER = "/layers/perception"
WHERE = f"{LAYER}/tool_prompt"
VISUAL, AUDIO = "visual_tool_prompt", "audio_tool_prompt"
WHY = "tool_prompt was removed; visual_tool_prompt and audio_tool_prompt took its place"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, LAYER)
    if layer.get("tool_prompt") is None:
        return
    value = layer["tool_prompt"]
    drop: Edit = RemoveValue(WHERE)
    free = {name: not is_filled(layer.get(name)) for name in (VISUAL, AUDIO)}
    sees = any(is_filled(layer.get(name)) for name in ("visual_tools", "perception_tools"))
    hears = is_filled(layer.get("audio_tools"))
    edits: dict[str, tuple[Edit, ...]] = {"remove": (drop,)}
    if free[VISUAL]:
        clear: tuple[Edit, ...] = (RemoveValue(f"{LAYER}/{VISUAL}"),) if VISUAL in layer else ()
        edits["visual"] = (*clear, RenameKey(WHERE, VISUAL))
    if free[AUDIO]:
        clear = (RemoveValue(f"{LAYER}/{AUDIO}"),) if AUDIO in layer else ()
        edits["audio"] = (*clear, RenameKey(WHERE, AUDIO))
    if len(edits) == 3:
        edits["both"] = (*edits["visual"], SetValue(f"{LAYER}/{AUDIO}", value))
    if isinstance(value, str) and not value.strip():
        yield Finding((WHERE,), "an empty tool_prompt goes", WHY, (drop,))
    elif sees and not hears and "visual" in edits:
        summary = f"all tools are visual: tool_prompt becomes {VISUAL}"
        beside = tuple(f"{LAYER}/{name}" for name in ("visual_tools", "perception_tools", "audio_tools"))
        yield Finding((WHERE,), summary, WHY, edits["visual"], beside=beside)
    else:
        reasons = {
            "visual": "it is about what is seen",
            "audio": "it is about what is heard",
            "both": "the same text for both",
            "remove": "it is not needed any more",
        }
        choices = tuple(Choice(name, reason) for name, reason in reasons.items() if name in edits)
        question = Question(str(subject.address), "which prompt does the text belong to?", choices)
        finding = Finding((WHERE,), "tool_prompt has to be split by hand or given to one side", WHY, broken=True)
        yield from ask(subject, context, MIGRATION.name, question, finding, edits.get)


MIGRATION = Migration(
    id="M06",
    name="perception-tool-prompt-removed",
    safety=Safety.AUTO,
    find=find,
    overlays=False,
    sources="perception page, June 2026",
    doc=MigrationDoc(
        what="An empty layers.perception.tool_prompt goes; with visual tools only it becomes visual_tool_prompt; "
        "else a person says whom it belongs to.",
        why="The field does not exist any more; what it said would be lost.",
        before='layers: {perception: {visual_awareness_queries: ["Who?"], tool_prompt: ""}}\n',
        after='layers: {perception: {visual_awareness_queries: ["Who?"]}}\n',
    ),
)
