"""Turn-taking in its older forms: fields of the stt layer, spellings of interruptibility (M10, M12)."""

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
)
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Edit, RemoveValue, RenameKey, SetValue

STT, FLOW = "/layers/stt", "/layers/conversational_flow"
PAUSE, INTERRUPT, SMART = (
    "participant_pause_sensitivity",
    "participant_interrupt_sensitivity",
    "smart_turn_detection",
)
PATIENCE = {"high": "low", "medium": "medium", "low": "high", "verylow": "high", "superlow": "high"}
"""A sensitive pause answers quickly, that is with little patience; levels that are gone end at the edge."""
SAME = {"high": "high", "medium": "medium", "low": "low", "verylow": "low", "superlow": "low"}
TURNED = {"high": "low", "medium": "medium", "low": "high", "verylow": "high", "superlow": "high"}
FLOW_WHY = "turn taking is set in the conversational flow; the fields of the stt layer are of the first generation"


def find_stt_to_conversational_flow(subject: Subject, context: Context) -> Iterator[Finding]:
    stt = mapping_at(subject.spec, STT)
    old = [name for name in (PAUSE, INTERRUPT, SMART) if name in stt]
    if not old:
        return
    where = tuple(f"{STT}/{name}" for name in old)
    drop: tuple[Edit, ...] = tuple(RemoveValue(pointer, prune=True) for pointer in where)
    flow = mapping_at(subject.spec, FLOW)
    if flow:
        model = flow.get("turn_detection_model")
        if model is None or (isinstance(model, str) and model.startswith("sparrow-") and model != "sparrow-0"):
            summary = f"{', '.join(old)}: dead, the conversational flow overrides them"
            yield Finding(where, summary, FLOW_WHY, drop, beside=(FLOW,))
        else:
            note = "answer turn-detection-model first: from sparrow-1 on these fields are dead and go"
            yield Finding(where, f"{', '.join(old)} beside turn detection {model}", FLOW_WHY, notes=(note,))
        return
    yield from _choose(subject, context, stt, where, drop)


def _choose(
    subject: Subject, context: Context, stt: Object, where: tuple[str, ...], drop: tuple[Edit, ...]
) -> Iterator[Finding]:
    edits: dict[str, tuple[Edit, ...]] = {"remove": drop}
    shown: dict[str, str] = {}
    for name, levels in (("definition", SAME), ("guide", TURNED)):
        value = _flow(stt, levels)
        if value is not None:
            edits[name] = (SetValue(FLOW, dict(value)), *drop)
            shown[name] = ", ".join(f"{key} {level}" for key, level in value.items())
    choices = []
    if "definition" in edits:
        choices.append(Choice("definition", f"both scales as the field pages define them: {shown['definition']}"))
        if INTERRUPT in stt and shown["definition"] != shown["guide"]:
            choices.append(
                Choice("guide", f"as the migration guide turns interruption round: {shown['guide']}", "documented")
            )
    choices.append(Choice("remove", "the platform's own defaults"))
    notes = ["setting one field of the flow switches the defaults of all others on; they are written out"]
    if stt.get(SMART) is False:
        notes.append("smart_turn_detection false was a fixed delay; nothing equals it any more")
    if "definition" not in edits:
        notes.append("a level here is none of high, medium, low, verylow, superlow")
    key = "fixed-delay" if stt.get(SMART) is False else "levels"
    question = Question(
        key, "how do the old levels translate?", tuple(choices), proposes="definition" in edits and key == "levels"
    )
    names = ", ".join(pointer.rpartition("/")[2] for pointer in where)
    finding = Finding(where, f"{names} move to the conversational flow", FLOW_WHY, notes=tuple(notes))
    yield from ask(subject, context, STT_TO_CONVERSATIONAL_FLOW.name, question, finding, edits.get)


def _flow(stt: Object, interruption: dict[str, str]) -> Object | None:
    """The flow that means the same, None where a level is not known."""
    patience = _level(PATIENCE, stt.get(PAUSE))
    interruptibility = _level(interruption, stt.get(INTERRUPT))
    if patience is None or interruptibility is None:
        return None
    return {
        "turn_detection_model": "sparrow-1",
        "turn_taking_patience": patience,
        "interruptibility": interruptibility,
        "voice_isolation": "near",
    }


def _level(levels: dict[str, str], value: Json) -> str | None:
    return "medium" if value is None else levels.get(value) if isinstance(value, str) else None


STT_TO_CONVERSATIONAL_FLOW = Migration(
    id="M10",
    name="stt-turn-taking-to-conversational-flow",
    safety=Safety.ASK,
    kinds=("persona",),
    find=find_stt_to_conversational_flow,
    cures=("L28", "L32"),
    overlays=False,
    sources="turn-taking pages of 2025 and June 2026, field definitions",
    doc=MigrationDoc(
        what="participant_pause_sensitivity, participant_interrupt_sensitivity and smart_turn_detection of the stt "
        "layer become turn_detection_model, turn_taking_patience and interruptibility of the conversational flow. "
        "Beside a flow of sparrow-1 or newer they are dead and simply go.",
        why="The old fields are of the first generation. The vendor's guide turns interruption round although its "
        "own definitions do not, so a person chooses.",
        before="layers: {stt: {participant_pause_sensitivity: high, participant_interrupt_sensitivity: low}}\n",
        after="layers: {conversational_flow: {turn_detection_model: sparrow-1, turn_taking_patience: low, "
        "interruptibility: low, voice_isolation: near}}\n",
        answers={"*": "definition"},
    ),
)


INTERRUPTIBILITY = "interruptibility"
SPELLINGS = ("pal_interruptibility", "replica_interruptibility", "face_interruptibility")
SPELLING_WHY = "three spellings of one field are in use; the program writes the one that the account has"


def find_interruptibility_spelling(subject: Subject, context: Context) -> Iterator[Finding]:
    layer = mapping_at(subject.spec, FLOW)
    found = [word for word in (INTERRUPTIBILITY, *SPELLINGS) if word in layer]
    if not found or found == [INTERRUPTIBILITY]:
        return
    where = tuple(f"{FLOW}/{word}" for word in found)
    values = {word: layer[word] for word in found if layer[word] is not None}
    first = next(iter(values.values()), None)
    if all(json_equal(value, first) for value in values.values()):
        best = next(iter(values), found[0])
        yield Finding(
            where, f"{' and '.join(found)} becomes {INTERRUPTIBILITY}", SPELLING_WHY, _keep_one(found, best)
        )
        return
    edits = {str(value): _keep_one(found, word) for word, value in reversed(list(values.items()))}
    choices = tuple(Choice(str(value), f"as {word} says") for word, value in values.items())
    question = Question(
        INTERRUPTIBILITY, f"{' and '.join(found)} disagree: which value counts?", choices, proposes=False
    )
    finding = Finding(where, f"{' and '.join(found)} disagree", SPELLING_WHY)
    yield from ask(subject, context, INTERRUPTIBILITY_SPELLING.name, question, finding, edits.get)


def _keep_one(found: list[str], best: str) -> tuple[Edit, ...]:
    gone: tuple[Edit, ...] = tuple(RemoveValue(f"{FLOW}/{word}") for word in found if word != best)
    return gone if best == INTERRUPTIBILITY else (*gone, RenameKey(f"{FLOW}/{best}", INTERRUPTIBILITY))


INTERRUPTIBILITY_SPELLING = Migration(
    id="M12",
    name="interruptibility-spelling",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_interruptibility_spelling,
    cures=(),
    sources="conversational flow pages in both vocabularies, vendor client, reads of live personas",
    doc=MigrationDoc(
        what="pal_interruptibility, replica_interruptibility and face_interruptibility become interruptibility.",
        why="The vendor's pages and its own client spell the field in three ways. In files there is one; on the wire "
        "the spelling of the live object is used.",
        before="layers: {conversational_flow: {pal_interruptibility: high, replica_interruptibility: high}}\n",
        after="layers: {conversational_flow: {interruptibility: high}}\n",
    ),
)
