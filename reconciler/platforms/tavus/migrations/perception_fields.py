"""Fields of perception in their older forms: layers.vqa, old names, tool_prompt (M03, M05, M06)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.migration import (
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
    text_at,
)
from reconciler.types.json import Json, is_filled, lookup
from reconciler.types.manifest import Edit, RemoveValue, RenameKey, SetValue

VQA = "/layers/vqa"
PERCEPTION = "/layers/perception"
MODEL = f"{PERCEPTION}/perception_model"
SEEING = (
    "visual_tools", "perception_tools", "audio_tools", "visual_awareness_queries", "ambient_awareness_queries",
    "audio_awareness_queries", "perception_analysis_queries",
)  # fmt: skip
"""What perceives nothing once the model is off."""
QUERIES = "/layers/perception/visual_awareness_queries"
VQA_WHY = "layers.vqa is gone; the perception layer took its place"


def find_vqa_to_perception(subject: Subject, context: Context) -> Iterator[Finding]:
    if lookup(subject.spec, VQA) is None:
        return
    vqa = mapping_at(subject.spec, VQA)
    enabled = _switch(vqa.get("enable_vision"))
    drop: Edit = RemoveValue(VQA, prune=True)
    chosen = lookup(subject.spec, MODEL)
    if not vqa or (enabled is False and chosen == "off"):
        what = "layers.vqa says nothing any more and goes"
        yield Finding((VQA,), what, VQA_WHY, (drop,), notes=_unused(subject), beside=(MODEL,))
    elif enabled is False and not is_filled(chosen) and not _perceives(subject):
        off: Edit = SetValue(MODEL, "off")
        summary = 'vision was switched off: perception_model becomes "off"'
        beside = tuple(f"{PERCEPTION}/{name}" for name in SEEING)
        yield Finding((VQA,), summary, VQA_WHY, (off, drop), notes=_unused(subject), beside=beside)
    else:
        yield from _choose_model(subject, context, enabled, drop, is_filled(chosen))


def _unused(subject: Subject) -> tuple[str, ...]:
    """The prompt of a layer that is switched off: it goes with it, and is said."""
    prompt = text_at(subject.spec, f"{VQA}/prompt").strip()
    return (f"its prompt, which nothing read, goes with it: {prompt}",) if prompt else ()


def _perceives(subject: Subject) -> bool:
    """Whether the layer has what would be dead with perception off."""
    return any(is_filled(lookup(subject.spec, f"{PERCEPTION}/{name}")) for name in SEEING)


def _switch(value: Json) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _choose_model(
    subject: Subject, context: Context, enabled: bool | None, drop: Edit, has_model: bool
) -> Iterator[Finding]:
    prompt = text_at(subject.spec, f"{VQA}/prompt")
    edits: dict[str, tuple[Edit, ...]] = {"remove": (drop,), "off": (SetValue(MODEL, "off"), drop)}
    choices = [Choice("off", "no vision at all")]
    if has_model:
        choices.insert(0, Choice("remove", "perception_model is set already and stays"))
    else:
        edits["raven-1"] = (SetValue(MODEL, "raven-1"), drop)
        choices.insert(0, Choice("raven-1", "the current perception model, without the old prompt"))
    if prompt.strip() and not is_filled(lookup(subject.spec, QUERIES)):
        model: tuple[Edit, ...] = () if has_model else (SetValue(MODEL, "raven-1"),)
        edits["query"] = (*model, SetValue(QUERIES, [prompt]), drop)
        choices.insert(0, Choice("query", "the current perception model, the old prompt as a visual awareness query"))
    state = "on" if enabled else "not clearly on or off" if enabled is None else "off, and perception is set up"
    finding = Finding((VQA,), f"vision of the first generation, {state}", VQA_WHY, beside=(MODEL,), broken=True)
    question = Question(
        "vision", "what becomes of layers.vqa?", tuple(choices), proposes="query" in edits or not prompt.strip()
    )
    yield from ask(subject, context, VQA_TO_PERCEPTION.name, question, finding, edits.get)


VQA_TO_PERCEPTION = Migration(
    id="M03",
    name="vqa-to-perception",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_vqa_to_perception,
    overlays=False,
    sources="public code; no page of the vendor is left",
    doc=MigrationDoc(
        what='layers.vqa with enable_vision false becomes perception_model "off". With vision on, a person chooses '
        "what the old prompt turns into.",
        why="The layer was replaced by perception; what a server makes of it today is unknown.",
        before='layers: {vqa: {enable_vision: "false"}}\n',
        after='layers: {perception: {perception_model: "off"}}\n',
    ),
)


NAMES = {
    "ambient_awareness_queries": "visual_awareness_queries",
    "perception_tool_prompt": "visual_tool_prompt",
    "perception_tools": "visual_tools",
}
OLD_MODELS = ("raven-0", "basic")
NAMES_WHY = "renamed; the old words are still accepted, and deprecated"


def find_perception_field_names(subject: Subject, context: Context) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, PERCEPTION)
    for old, new in NAMES.items():
        if old not in layer:
            continue
        where = f"{PERCEPTION}/{old}"
        rename: tuple[Edit, ...] = (RenameKey(where, new),)
        drop: tuple[Edit, ...] = (RemoveValue(where),)
        if new in layer and (json_equal(layer[old], layer[new]) or not is_filled(layer[old])):
            beside = (f"{PERCEPTION}/{new}",)
            yield Finding((where,), f"{old} says the same as {new} and goes", NAMES_WHY, drop, beside=beside)
        elif new in layer and not is_filled(layer[new]):
            edits = (RemoveValue(f"{PERCEPTION}/{new}"), *rename)
            yield Finding((where,), f"{new} is empty and {old} becomes {new}", NAMES_WHY, edits)
        elif new in layer:
            yield from _both(subject, context, old, new)
        elif text_at(subject.spec, f"{PERCEPTION}/perception_model") in OLD_MODELS:
            model = text_at(subject.spec, f"{PERCEPTION}/perception_model")
            question = Question(
                "old-model",
                f"rename the fields while the persona stays on {model}?",
                (Choice("rename", "the guide only shows the new words together with raven-1", "judgement"),),
            )
            finding = Finding((where,), f"{old} is called {new} now (with raven-1)", NAMES_WHY)
            yield from ask(subject, context, PERCEPTION_FIELD_NAMES.name, question, finding, {"rename": rename}.get)
        else:
            beside = (f"{PERCEPTION}/perception_model",)
            yield Finding((where,), f"{old} becomes {new}", NAMES_WHY, rename, beside=beside)


def _both(subject: Subject, context: Context, old: str, new: str) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, PERCEPTION)
    where = (f"{PERCEPTION}/{old}", f"{PERCEPTION}/{new}")
    before, after = layer[old], layer[new]
    drop: tuple[Edit, ...] = (RemoveValue(where[0]),)
    edits: dict[str, tuple[Edit, ...]] = {"new": drop, "old": (RemoveValue(where[1]), RenameKey(where[0], new))}
    choices = [Choice("new", f"only {new} counts"), Choice("old", f"only {old} counts")]
    if isinstance(before, list) and isinstance(after, list):
        more = [item for item in before if not any(json_equal(item, other) for other in after)]
        edits["both"] = (*(SetValue(f"{where[1]}/-", item) for item in more), *drop)
        choices.insert(0, Choice("both", f"the entries of {old} that {new} lacks are added to it"))
    question = Question(new, f"{old} and {new} differ: what counts?", tuple(choices), proposes="both" in edits)
    finding = Finding(where, f"{old} and {new} differ", "which of the two the server prefers is not documented")
    yield from ask(subject, context, PERCEPTION_FIELD_NAMES.name, question, finding, edits.get)


PERCEPTION_FIELD_NAMES = Migration(
    id="M05",
    name="perception-field-names",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_perception_field_names,
    sources="perception page and troubleshooting, June 2026",
    doc=MigrationDoc(
        what="ambient_awareness_queries, perception_tool_prompt and perception_tools become "
        "visual_awareness_queries, "
        "visual_tool_prompt and visual_tools.",
        why="The same fields under new names; the old ones are deprecated. On a persona that stays on raven-0 a "
        "person decides, because the guide shows the new words with raven-1 only.",
        before='layers: {perception: {perception_model: raven-1, ambient_awareness_queries: ["Is an ID '
        'visible?"]}}\n',
        after='layers: {perception: {perception_model: raven-1, visual_awareness_queries: ["Is an ID visible?"]}}\n',
    ),
)


TOOL_PROMPT = f"{PERCEPTION}/tool_prompt"
VISUAL, AUDIO = "visual_tool_prompt", "audio_tool_prompt"
TOOL_PROMPT_WHY = "tool_prompt was removed; visual_tool_prompt and audio_tool_prompt took its place"


def find_perception_tool_prompt(subject: Subject, context: Context) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, PERCEPTION)
    if layer.get("tool_prompt") is None:
        return
    value = layer["tool_prompt"]
    drop: Edit = RemoveValue(TOOL_PROMPT)
    free = {name: not is_filled(layer.get(name)) for name in (VISUAL, AUDIO)}
    sees = any(is_filled(layer.get(name)) for name in ("visual_tools", "perception_tools"))
    hears = is_filled(layer.get("audio_tools"))
    edits: dict[str, tuple[Edit, ...]] = {"remove": (drop,)}
    if free[VISUAL]:
        clear: tuple[Edit, ...] = (RemoveValue(f"{PERCEPTION}/{VISUAL}"),) if VISUAL in layer else ()
        edits["visual"] = (*clear, RenameKey(TOOL_PROMPT, VISUAL))
    if free[AUDIO]:
        clear = (RemoveValue(f"{PERCEPTION}/{AUDIO}"),) if AUDIO in layer else ()
        edits["audio"] = (*clear, RenameKey(TOOL_PROMPT, AUDIO))
    if len(edits) == 3:
        edits["both"] = (*edits["visual"], SetValue(f"{PERCEPTION}/{AUDIO}", value))
    if isinstance(value, str) and not value.strip():
        yield Finding((TOOL_PROMPT,), "an empty tool_prompt goes", TOOL_PROMPT_WHY, (drop,))
    elif sees and not hears and "visual" in edits:
        summary = f"all tools are visual: tool_prompt becomes {VISUAL}"
        beside = tuple(f"{PERCEPTION}/{name}" for name in ("visual_tools", "perception_tools", "audio_tools"))
        yield Finding((TOOL_PROMPT,), summary, TOOL_PROMPT_WHY, edits["visual"], beside=beside)
    else:
        reasons = {
            "visual": "it is about what is seen",
            "audio": "it is about what is heard",
            "both": "the same text for both",
            "remove": "it is not needed any more",
        }
        choices = tuple(Choice(name, reason) for name, reason in reasons.items() if name in edits)
        question = Question("tool_prompt", "which prompt does the text belong to?", choices)
        finding = Finding(
            (TOOL_PROMPT,), "tool_prompt has to be split by hand or given to one side", TOOL_PROMPT_WHY, broken=True
        )
        yield from ask(subject, context, PERCEPTION_TOOL_PROMPT.name, question, finding, edits.get)


PERCEPTION_TOOL_PROMPT = Migration(
    id="M06",
    name="perception-tool-prompt-removed",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_perception_tool_prompt,
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
