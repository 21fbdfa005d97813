"""The tts layer in its older forms: numbers in text, engines and models (M13, M14)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from reconciler.core.canonical.raw_edit import exists
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
from reconciler.platforms.tavus.migrations.model_successors import choices_for, follows
from reconciler.types.catalogue import Status
from reconciler.types.manifest import Edit, RemoveValue, SetValue

LAYER = "/layers/tts"
SPEED = f"{LAYER}/voice_settings/speed"
NUMBERS = ("speed", "volume", "stability", "similarity_boost", "style")
SWITCHES = (f"{LAYER}/tts_emotion_control", f"{LAYER}/voice_settings/use_speaker_boost")
SPEEDS = ("slowest", "slow", "fast", "fastest")
NUMBER = re.compile(r"-?\d{1,6}(?:\.\d{1,9})?")


def find_tts_types(subject: Subject, context: Context) -> Iterator[Finding]:
    for pointer in SWITCHES:
        word = text_at(subject.spec, pointer).lower()
        if word in ("true", "false"):
            yield Finding(
                (pointer,),
                f"{_name(pointer)} is a text and becomes {word}",
                "the field is a boolean; the text is of old examples",
                (SetValue(pointer, word == "true"),),
            )
    settings = mapping_at(subject.spec, f"{LAYER}/voice_settings")
    for name in NUMBERS:
        value = settings.get(name)
        if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
            pointer = f"{LAYER}/voice_settings/{name}"
            edit = SetValue(pointer, number(value))
            yield Finding((pointer,), f"{name} is a text and becomes a number", "the field is a number", (edit,))
    yield from _speed(subject, context, text_at(subject.spec, SPEED))


def _speed(subject: Subject, context: Context, word: str) -> Iterator[Finding]:
    drop: tuple[Edit, ...] = (RemoveValue(SPEED, prune=True),)
    if word == "normal":
        yield Finding((SPEED,), "speed normal is what the engine does by itself", "speed is a number now", drop)
    elif word in SPEEDS:

        def carry_out(answer: str) -> tuple[Edit, ...] | None:
            if answer == "remove":
                return drop
            return (SetValue(SPEED, number(answer)),) if NUMBER.fullmatch(answer) else None

        choices = (Choice("remove", "the engine's own speed"),)
        question = Question(word, f"which number is speed {word}?", choices, "a number", proposes=False)
        why = "speed is a number now, and no page says which number the words stood for"
        yield from ask(subject, context, TTS_TYPES.name, question, Finding((SPEED,), f"speed {word}", why), carry_out)


def number(text: str) -> int | float:
    """`"1"` and `"1.0"` are 1, `"0.5"` is 0.5."""
    value = float(text)
    return int(value) if math.isfinite(value) and value.is_integer() else value


def _name(pointer: str) -> str:
    return pointer.rpartition("/")[2]


TTS_TYPES = Migration(
    id="M13",
    name="tts-types",
    safety=Safety.AUTO,
    kinds=("persona",),
    find=find_tts_types,
    cures=("L20", "L32"),
    sources="Create Persona contract, voice pages of 2025 and 2026",
    doc=MigrationDoc(
        what="tts_emotion_control and use_speaker_boost as texts become booleans, numbers in quotes become numbers, "
        "speed normal goes. Other words for a speed wait for a number from a person.",
        why="Examples of the first generation had texts there; the contract has booleans and numbers.",
        before='layers: {tts: {tts_emotion_control: "true", voice_settings: {speed: normal, emotion: '
        "[curiosity]}}}\n",
        after="layers: {tts: {tts_emotion_control: true, voice_settings: {emotion: [curiosity]}}}\n",
    ),
)


ENGINE, MODEL = f"{LAYER}/tts_engine", f"{LAYER}/tts_model_name"
SETTINGS = f"{LAYER}/voice_settings"
OF_THE_VOICE = ("api_key", "external_voice_id", "tts_model_name", "playht_user_id", "voice_settings")
OWN_VOICE = re.compile(r"(cartesia|elevenlabs|azure):([\w.-]+)")


def find_tts_engine_and_model(subject: Subject, context: Context) -> Iterator[Finding]:
    engine = text_at(subject.spec, ENGINE)
    row = context.catalogue.entry(engine, "tts_engine") if engine else None
    if engine and context.catalogue.status(engine, "tts_engine").is_outdated:
        yield from _engine(subject, context, engine)
        return
    if exists(subject.spec, f"{LAYER}/playht_user_id"):
        where = f"{LAYER}/playht_user_id"
        gone: tuple[Edit, ...] = (RemoveValue(where),)
        yield Finding((where,), "playht_user_id goes", "its engine is gone", gone, beside=(ENGINE,))
    if row is not None and "tts_model_name" in row.forbids and text_at(subject.spec, MODEL):
        why = f"{engine} takes no model name"
        yield Finding((MODEL,), f"tts_model_name goes: {why}", why, (RemoveValue(MODEL),), beside=(ENGINE,))
        return
    yield from _model(subject, context)


def _engine(subject: Subject, context: Context, engine: str) -> Iterator[Finding]:
    here = [f"{LAYER}/{name}" for name in OF_THE_VOICE if exists(subject.spec, f"{LAYER}/{name}")]
    gone: tuple[Edit, ...] = tuple(RemoveValue(pointer) for pointer in here)

    def carry_out(answer: str) -> tuple[Edit, ...] | None:
        if answer == "face":
            return (*gone, RemoveValue(ENGINE, prune=True))
        own = OWN_VOICE.fullmatch(answer)
        if own is None:
            return None
        return (*gone, SetValue(ENGINE, own[1]), SetValue(f"{LAYER}/external_voice_id", own[2]))

    choices = (Choice("face", "no voice of its own: the face speaks with its default voice"),)
    question = Question(
        engine, f"what speaks instead of {engine}?", choices, "ENGINE:VOICE_ID, e.g. cartesia:a0e99841"
    )
    after = context.catalogue.successor(engine, "tts_engine")
    why = after.reason if after is not None else "the engine was removed"
    summary = f"the voice engine {engine} is gone; a voice id does not carry over"
    broken = context.catalogue.status(engine, "tts_engine") is Status.REMOVED
    finding = Finding((ENGINE, *here), summary, why, broken=broken)
    yield from ask(subject, context, TTS_ENGINE_AND_MODEL.name, question, finding, carry_out)


def _model(subject: Subject, context: Context) -> Iterator[Finding]:
    model = text_at(subject.spec, MODEL)
    status = context.catalogue.status(model, "tts_model") if model else None
    if status is None or not status.is_outdated:
        return
    choices = choices_for(context.catalogue, model, "tts_model")
    known = {choice.value for choice in choices} | set(context.catalogue.tables.get("tts_model", {}))

    def carry_out(answer: str) -> tuple[Edit, ...] | None:
        row = context.catalogue.entry(answer, "tts_model")
        if answer not in known or row is None or answer == model:
            return None
        edits: list[Edit] = [SetValue(MODEL, answer)]
        for name in ("emotion", "speed"):
            where = f"{SETTINGS}/{name}"
            keeps = name in row.settings and name == "emotion"
            if exists(subject.spec, where) and not keeps:
                edits.append(RemoveValue(where, prune=True))
        return tuple(edits)

    after = context.catalogue.successor(model, "tts_model")
    why = after.reason if after is not None else "superseded"
    notes = ("the voice changes; emotion and speed are dropped with it and have to be chosen anew",)
    finding = Finding((MODEL,), f"{model} is {status.value}", why, notes=notes, broken=status is Status.REMOVED)
    question = Question(
        model, f"what follows {model}?", choices, "any other voice model of the catalogue",
        proposes=follows(context.catalogue, model, "tts_model"),
    )  # fmt: skip
    yield from ask(subject, context, TTS_ENGINE_AND_MODEL.name, question, finding, carry_out)


TTS_ENGINE_AND_MODEL = Migration(
    id="M14",
    name="tts-engine-and-model",
    safety=Safety.ASK,
    kinds=("persona",),
    find=find_tts_engine_and_model,
    sources="changelog of 2025-12-18 and 2026-01-08, voice page of June 2026",
    doc=MigrationDoc(
        what="tts_engine playht wants another engine and voice; tts_model_name sonic becomes sonic-3 without the "
        "settings that only sonic knew; tts_model_name beside azure goes.",
        why="playht was removed on 2026-01-08: such a persona is broken or was changed by the vendor. A newer voice "
        "model sounds different, so a person decides.",
        before="layers: {tts: {tts_engine: cartesia, tts_model_name: sonic, voice_settings: {speed: 0.5, "
        'emotion: ["positivity:high"]}}}\n',
        after="layers: {tts: {tts_engine: cartesia, tts_model_name: sonic-3}}\n",
        answers={"*": "sonic-3"},
    ),
)
