"""Rules of the voice: settings within the range of the engine, one way to name the voice (L15, L16)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import TTS, has, mapping, text
from reconciler.types.address import is_reference
from reconciler.types.catalogue import Catalogue, Entry, Setting
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import Json, Object, escape, is_filled
from reconciler.types.manifest import Manifest

SETTINGS = f"{TTS}/voice_settings"
MARKUP = re.compile(r"<(?:speed|volume|emotion|break|spell)\b[^<>]{0,200}/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Voice:
    """The engine and model a manifest means. `entry` is None where the catalogue cannot tell."""

    engine: str
    model: str
    entry: Entry | None
    pinned: bool
    """The model stands in the manifest (or the engine has the same settings for all of its models)."""


def voice_of(spec: Object, catalogue: Catalogue) -> Voice:
    """What speaks, as far as manifest and catalogue say."""
    engine, model = text(spec, f"{TTS}/tts_engine"), text(spec, f"{TTS}/tts_model_name")
    if not engine and model:
        known = catalogue.entry(model, "tts_model")
        engine = known.engine if known is not None else "elevenlabs" if model.startswith("eleven_") else ""
    wild = catalogue.entry(f"{engine}:*", "tts_model")
    if wild is not None:
        return Voice(engine, model, wild, pinned=True)
    row = catalogue.entry(model, "tts_model") if model else None
    if row is not None and row.engine == engine:
        return Voice(engine, model, row, pinned=True)
    if model or engine != "cartesia":
        return Voice(engine, model, None, pinned=False)
    name = catalogue.default("tts_model")
    return Voice(engine, "", catalogue.entry(name or "", "tts_model"), pinned=False)


def check_tts_range(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec, catalogue = manifest.spec, context.catalogue
    voice = voice_of(spec, catalogue)
    engine = catalogue.entry(voice.engine, "tts_engine")
    for word in engine.forbids if engine is not None else ():
        if has(spec, f"{TTS}/{word}"):
            yield TTS_RANGE.found(
                manifest,
                f"{TTS}/{word}",
                f"{voice.engine} takes no {word}",
                hint=f"remove {word}",
                fix=Fix(f"remove {word}", remove=True),
            )
    if voice.entry is None:
        return
    elsewhere = {word for row in catalogue.tables.get("tts_model", {}).values() for word in row.settings}
    settings = mapping(spec, SETTINGS)
    for word, value in settings.items():
        pointer = f"{SETTINGS}/{escape(word)}"
        known = voice.entry.settings.get(word)
        if known is None and word in elsewhere and is_filled(value):
            yield TTS_RANGE.found(
                manifest,
                pointer,
                f"{voice.model or voice.engine} takes no {word}",
                hint=f"it takes {', '.join(voice.entry.settings)}",
                severity=Severity.ERROR
                if voice.pinned and not _is_siblings(catalogue, voice, word)
                else Severity.WARNING,
            )
        elif known is not None:
            yield from _misfits(manifest, pointer, word, value, known, voice)
    prompt = text(spec, "/system_prompt")
    if settings and voice.entry.markup_exclusive and voice.pinned and MARKUP.search(prompt):
        yield TTS_RANGE.found(
            manifest,
            SETTINGS,
            f"voice_settings of {voice.model} and speech tags in the prompt exclude each other",
            hint="keep the tags or the settings",
            severity=Severity.WARNING,
        )


def _is_siblings(catalogue: Catalogue, voice: Voice, word: str) -> bool:
    """Whether another model of the same engine takes the setting: such are ignored, not refused. The vendor's own
    example of a create has `emotion` beside sonic-3."""
    rows = catalogue.tables.get("tts_model", {}).values()
    return any(row.engine == voice.engine and word in row.settings for row in rows)


def _misfits(
    manifest: Manifest, pointer: str, word: str, value: Json, known: Setting, voice: Voice
) -> Iterator[Diagnostic]:
    if value is None or is_reference(value):
        return
    problem, fix = _judge_setting(word, value, known)
    if problem is not None:
        # A text for a number and an emotion of another name are taken by some engines; a number out of range is not.
        certain = voice.pinned and known.type != "tags" and not _is_text_number(value, known)
        worst = Severity.ERROR if certain else Severity.WARNING
        yield TTS_RANGE.found(
            manifest, pointer, f"{problem} ({voice.model or voice.engine})", severity=worst, fix=fix
        )


def _is_text_number(value: Json, known: Setting) -> bool:
    return isinstance(value, str) and known.type == "number"


def _judge_setting(word: str, value: Json, known: Setting) -> tuple[str | None, Fix | None]:
    if known.type == "boolean":
        if isinstance(value, bool):
            return None, None
        fixed = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None
        return f"{word} must be true or false", Fix("write a boolean", fixed) if fixed is not None else None
    if known.type == "tags":
        return _judge_tags(word, value, known), None
    if isinstance(value, str):
        if value in known.words:
            return None, None
        number = _number(value)
        return f"{word} must be a number", Fix("write a number", number) if number is not None else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{word} must be a number", None
    if (known.min is not None and value < known.min) or (known.max is not None and value > known.max):
        return f"{word} is {value:g}; it must lie between {known.min:g} and {known.max:g}", None
    return None, None


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,9})?", value.strip()) else None


def _judge_tags(word: str, value: Json, known: Setting) -> str | None:
    if not isinstance(value, list):
        return f"{word} must be a list of name:level"
    for item in value:
        name, colon, level = item.partition(":") if isinstance(item, str) else ("", "", "")
        if name not in known.words or (colon and level not in known.levels):
            wanted = f"{', '.join(known.words)}, with a level of {', '.join(known.levels)}"
            return f"{word} holds {item!r}; known are {wanted}"
    return None


SECTIONS: Mapping[str, str] = {
    "bad": "system_prompt: Hi\nlayers:\n  tts:\n    tts_engine: elevenlabs\n    voice_settings: {speed: 2.5}\n",
    "good": "system_prompt: Hi\nlayers:\n  tts:\n    tts_engine: elevenlabs\n    voice_settings: {speed: 1.1}\n",
}

TTS_RANGE = Rule(
    code="L15",
    name="tts-range",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="Create Persona contract, voice page, changelog",
    check=check_tts_range,
    taken=True,
    doc=RuleDoc(
        what="A voice setting that the engine's model does not know, or whose value is out of range: elevenlabs "
        "speed 0.7 to 1.2, stability, similarity_boost and style 0 to 1, no emotion; cartesia sonic speed -1 to 1 "
        "and emotion name:level; sonic-3 no emotion; azure no tts_model_name. Where the model is not named, or "
        "another model of the engine takes the setting, a warning.",
        why="The engine refuses the voice or ignores the setting, and the persona sounds wrong or not at all.",
        bad=SECTIONS["bad"],
        good=SECTIONS["good"],
    ),
)


def check_tts_voice_exclusive(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    if not has(spec, f"{TTS}/voice_id"):
        return
    beside = [word for word in ("external_voice_id", "tts_engine") if has(spec, f"{TTS}/{word}")]
    if beside:
        yield TTS_VOICE_EXCLUSIVE.found(
            manifest,
            f"{TTS}/voice_id",
            f"voice_id names a voice of the platform's library, beside {' and '.join(beside)}",
            hint="keep one: external_voice_id wins over voice_id, voice_id over the face's own voice",
        )


TTS_VOICE_EXCLUSIVE = Rule(
    code="L16",
    name="tts-voice-exclusive",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="public code",
    check=check_tts_voice_exclusive,
    doc=RuleDoc(
        what="layers.tts.voice_id together with external_voice_id or tts_engine.",
        why="Only one of them speaks, and which one is easily misread.",
        bad="system_prompt: Hi\nlayers: {tts: {voice_id: v1, tts_engine: cartesia, external_voice_id: e1}}\n",
        good="system_prompt: Hi\nlayers: {tts: {tts_engine: cartesia, external_voice_id: e1}}\n",
    ),
)
