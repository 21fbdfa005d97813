"""M13: voice settings of the wrong JSON type."""

from __future__ import annotations

import math
import re
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
from reconciler.types.manifest_edit import Edit, RemoveValue, SetValue

LAYER = "/layers/tts"
SPEED = f"{LAYER}/voice_settings/speed"
NUMBERS = ("speed", "volume", "stability", "similarity_boost", "style")
SWITCHES = (f"{LAYER}/tts_emotion_control", f"{LAYER}/voice_settings/use_speaker_boost")
SPEEDS = ("slowest", "slow", "fast", "fastest")
NUMBER = re.compile(r"-?\d{1,6}(?:\.\d{1,9})?")


def find(subject: Subject, context: Context) -> Iterator[Finding]:
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
        question = Question(word, f"which number is speed {word}?", choices, "a number")
        why = "speed is a number now, and no page says which number the words stood for"
        yield from ask(subject, context, MIGRATION.name, question, Finding((SPEED,), f"speed {word}", why), carry_out)


def number(text: str) -> int | float:
    """`"1"` and `"1.0"` are 1, `"0.5"` is 0.5."""
    value = float(text)
    return int(value) if math.isfinite(value) and value.is_integer() else value


def _name(pointer: str) -> str:
    return pointer.rpartition("/")[2]


MIGRATION = Migration(
    id="M13",
    name="tts-types",
    safety=Safety.AUTO,
    find=find,
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
