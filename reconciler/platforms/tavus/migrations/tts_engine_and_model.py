"""M14: voice engines and voice models that are gone or superseded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.canonical.raw_edit import exists
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
    text_at,
)
from reconciler.platforms.tavus.migrations.model_choices import choices_for
from reconciler.types.catalogue_entry import Status
from reconciler.types.manifest_edit import Edit, RemoveValue, SetValue

LAYER = "/layers/tts"
ENGINE, MODEL = f"{LAYER}/tts_engine", f"{LAYER}/tts_model_name"
SETTINGS = f"{LAYER}/voice_settings"
OF_THE_VOICE = ("api_key", "external_voice_id", "tts_model_name", "playht_user_id", "voice_settings")
OWN_VOICE = re.compile(r"(cartesia|elevenlabs|azure):([\w.-]+)")


def find(subject: Subject, context: Context) -> Iterator[Finding]:
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
    yield from ask(subject, context, MIGRATION.name, question, finding, carry_out)


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
    question = Question(model, f"what follows {model}?", choices, "any other voice model of the catalogue")
    yield from ask(subject, context, MIGRATION.name, question, finding, carry_out)


MIGRATION = Migration(
    id="M14",
    name="tts-engine-and-model",
    safety=Safety.ASK,
    find=find,
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
