"""M05: perception fields that were renamed."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import same
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
from reconciler.types.json import is_filled
from reconciler.types.manifest_edit import Edit, RemoveValue, RenameKey, SetValue

LAYER = "/layers/perception"
NAMES = {
    "ambient_awareness_queries": "visual_awareness_queries",
    "perception_tool_prompt": "visual_tool_prompt",
    "perception_tools": "visual_tools",
}
OLD_MODELS = ("raven-0", "basic")
WHY = "renamed; the old words are still accepted, and deprecated"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, LAYER)
    for old, new in NAMES.items():
        if old not in layer:
            continue
        where = f"{LAYER}/{old}"
        rename: tuple[Edit, ...] = (RenameKey(where, new),)
        drop: tuple[Edit, ...] = (RemoveValue(where),)
        if new in layer and (same(layer[old], layer[new]) or not is_filled(layer[old])):
            beside = (f"{LAYER}/{new}",)
            yield Finding((where,), f"{old} says the same as {new} and goes", WHY, drop, beside=beside)
        elif new in layer and not is_filled(layer[new]):
            edits = (RemoveValue(f"{LAYER}/{new}"), *rename)
            yield Finding((where,), f"{new} is empty and {old} becomes {new}", WHY, edits)
        elif new in layer:
            yield from _both(subject, context, old, new)
        elif text_at(subject.spec, f"{LAYER}/perception_model") in OLD_MODELS:
            model = text_at(subject.spec, f"{LAYER}/perception_model")
            question = Question(
                "old-model",
                f"rename the fields while the persona stays on {model}?",
                (Choice("rename", "the guide only shows the new words together with raven-1", "judgement"),),
            )
            finding = Finding((where,), f"{old} is called {new} now (with raven-1)", WHY)
            yield from ask(subject, context, MIGRATION.name, question, finding, {"rename": rename}.get)
        else:
            beside = (f"{LAYER}/perception_model",)
            yield Finding((where,), f"{old} becomes {new}", WHY, rename, beside=beside)


def _both(subject: Subject, context: Context, old: str, new: str) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, LAYER)
    where = (f"{LAYER}/{old}", f"{LAYER}/{new}")
    before, after = layer[old], layer[new]
    drop: tuple[Edit, ...] = (RemoveValue(where[0]),)
    edits: dict[str, tuple[Edit, ...]] = {"new": drop, "old": (RemoveValue(where[1]), RenameKey(where[0], new))}
    choices = [Choice("new", f"only {new} counts"), Choice("old", f"only {old} counts")]
    if isinstance(before, list) and isinstance(after, list):
        more = [item for item in before if not any(same(item, other) for other in after)]
        edits["both"] = (*(SetValue(f"{where[1]}/-", item) for item in more), *drop)
        choices.insert(0, Choice("both", f"the entries of {old} that {new} lacks are added to it"))
    question = Question(f"{subject.address}:{new}", f"{old} and {new} differ: what counts?", tuple(choices))
    finding = Finding(where, f"{old} and {new} differ", "which of the two the server prefers is not documented")
    yield from ask(subject, context, MIGRATION.name, question, finding, edits.get)


MIGRATION = Migration(
    id="M05",
    name="perception-field-names",
    safety=Safety.AUTO,
    find=find,
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
