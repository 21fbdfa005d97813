"""M03: the vision layer of the first generation."""

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
    text_at,
)
from reconciler.types.json import Json, is_filled, lookup
from reconciler.types.manifest_edit import Edit, RemoveValue, SetValue

VQA = "/layers/vqa"
LAYER = "/layers/perception"
MODEL = f"{LAYER}/perception_model"
SEEING = (
    "visual_tools", "perception_tools", "audio_tools", "visual_awareness_queries", "ambient_awareness_queries",
    "audio_awareness_queries", "perception_analysis_queries",
)  # fmt: skip
"""What perceives nothing once the model is off."""
QUERIES = "/layers/perception/visual_awareness_queries"
WHY = "layers.vqa is gone; the perception layer took its place"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    if lookup(subject.spec, VQA) is None:
        return
    vqa = mapping_at(subject.spec, VQA)
    enabled = _switch(vqa.get("enable_vision"))
    drop: Edit = RemoveValue(VQA, prune=True)
    chosen = lookup(subject.spec, MODEL)
    if not vqa or (enabled is False and chosen == "off"):
        yield Finding((VQA,), "layers.vqa says nothing any more and goes", WHY, (drop,), beside=(MODEL,))
    elif enabled is False and not is_filled(chosen) and not _perceives(subject):
        off: Edit = SetValue(MODEL, "off")
        summary = 'vision was switched off: perception_model becomes "off"'
        beside = tuple(f"{LAYER}/{name}" for name in SEEING)
        yield Finding((VQA,), summary, WHY, (off, drop), beside=beside)
    else:
        yield from _choose(subject, context, enabled, drop, is_filled(chosen))


def _perceives(subject: Subject) -> bool:
    """Whether the layer has what would be dead with perception off."""
    return any(is_filled(lookup(subject.spec, f"{LAYER}/{name}")) for name in SEEING)


def _switch(value: Json) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _choose(
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
    finding = Finding((VQA,), f"vision of the first generation, {state}", WHY, beside=(MODEL,), broken=True)
    question = Question("vision", "what becomes of layers.vqa?", tuple(choices))
    yield from ask(subject, context, MIGRATION.name, question, finding, edits.get)


MIGRATION = Migration(
    id="M03",
    name="vqa-to-perception",
    safety=Safety.AUTO,
    find=find,
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
