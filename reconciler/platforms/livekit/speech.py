"""Speech of a LiveKit agent: how it hears, speaks and takes turns."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.core.canonical.canonical_form import is_masked
from reconciler.core.export.target import Ledger, summarize_value
from reconciler.types.catalogue import Catalogue, LiveKitEar
from reconciler.types.json import Json, Object, escape

STT = "/layers/stt"
DEFAULT_ENGINE = "tavus-auto"
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
TERM_WORDS = 5
"""More words than these are a sentence and no term."""


def stt_settings(ledger: Ledger, catalogue: Catalogue) -> Object:
    """`{service, arguments}`: the module that has the class `STT`, and what that is called with."""
    engine = ledger.text(f"{STT}/stt_engine")
    ears = catalogue.livekit.ears
    ear = ears.get(engine or DEFAULT_ENGINE) or ears.get(DEFAULT_ENGINE) or LiveKitEar("deepgram/nova-3")
    if engine is not None:
        why = ear.why if engine in ears else "an engine that the catalogue does not know"
        ledger.adjust(f"{STT}/stt_engine", f"{summarize_value(engine)} became {ear.id}: {why}")
    return {"service": "inference", "arguments": {"model": ear.id, "language": _language(ledger) or ear.language}}


def _language(ledger: Ledger) -> str | None:
    """The language to listen for, where the persona has exactly one."""
    value = ledger.members("").get("languages")
    items: list[Json] = value if isinstance(value, list) else [value]
    if len(items) != 1 or not isinstance(items[0], str) or not LANGUAGE.fullmatch(items[0]):
        return None
    ledger.settle("/languages")
    return items[0]


def key_terms(ledger: Ledger) -> list[str]:
    """The hotwords as terms. A sentence is none, so it is left behind with its reason."""
    pointer = f"{STT}/hotwords"
    value = ledger.members(STT).get("hotwords")
    items = [item for item in value if isinstance(item, str)] if isinstance(value, list) else [value]
    parts = [part.strip() for item in items if isinstance(item, str) for part in re.split(r"[,;\n]", item)]
    terms = [part for part in parts if part and len(part.split()) <= TERM_WORDS]
    left = [part for part in parts if len(part.split()) > TERM_WORDS]
    if left:
        ledger.lose(
            pointer,
            f"LiveKit takes single terms; this is a sentence: {summarize_value(left[0])}",
            'write the words to recognise, separated by commas, or set stt_context_options={"keyterms": [...]}',
        )
    elif terms:
        ledger.settle(pointer)
    return list(dict.fromkeys(terms))


TTS = "/layers/tts"
DEFAULT_MODEL = "sonic-3"
ELEVENLABS = {"stability": 0.5, "similarity_boost": 0.75, "style": None, "speed": None, "use_speaker_boost": None}
"""Settings of an ElevenLabs voice, with what the plugin needs where they are not set (ElevenLabs' own defaults)."""
PLUGIN_KEYS: Mapping[str, tuple[str, ...]] = {
    "elevenlabs": ("ELEVEN_API_KEY",),
    "cartesia": ("CARTESIA_API_KEY",),
    "azure": ("AZURE_SPEECH_KEY", "AZURE_SPEECH_REGION"),
}
SPEED_WORDS: Mapping[str, tuple[str, float]] = {
    "slowest": ("slow", 0.6),
    "slow": ("slow", 0.8),
    "normal": ("normal", 1.0),
    "fast": ("fast", 1.2),
    "fastest": ("fast", 1.5),
}
"""Speeds in words: the word LiveKit takes for the first models, and a factor (a judgement) for sonic-3 and later,
which take no word."""
RANGES: Mapping[str, tuple[float, float]] = {"speed": (0.6, 2.0), "volume": (0.5, 2.0)}
"""What sonic-3 takes (livekit-plugins-cartesia 1.8)."""


def voice_settings(ledger: Ledger, catalogue: Catalogue, language: str = "python") -> Object:
    """`{service, arguments}`: the module that has the class `TTS`, and what that is called with."""
    engine = ledger.text(f"{TTS}/tts_engine")
    if engine == "elevenlabs":
        return _elevenlabs(ledger)
    if engine == "azure" and language == "python":
        return _azure(ledger)
    if engine == "azure":
        ledger.adjust(f"{TTS}/tts_engine", "azure has no plugin for Node (for Python: livekit-plugins-azure)")
        return _cartesia(ledger, catalogue, own=False)
    if engine not in (None, "cartesia", "tavus-auto"):
        ledger.adjust(
            f"{TTS}/tts_engine", f"{summarize_value(engine)} is not served by LiveKit Inference; Cartesia is used"
        )
    return _cartesia(ledger, catalogue, own=engine in (None, "cartesia", "tavus-auto"))


def _cartesia(ledger: Ledger, catalogue: Catalogue, *, own: bool) -> Object:
    """Inference serves Cartesia's stock voices; a private one needs the plugin and one's own key."""
    model = ledger.text(f"{TTS}/tts_model_name") if own else None
    plugin = own and bool(ledger.members(TTS).get("api_key"))
    for word in () if own else ("tts_model_name", "external_voice_id", "api_key"):
        if ledger.members(TTS).get(word):
            ledger.lose(f"{TTS}/{word}", "it belongs to the engine that is not served", "one of Cartesia's voices")
    found = catalogue.livekit.voices.get(model or DEFAULT_MODEL)
    if found is None:
        found = f"cartesia/{model}" if model and model.startswith("sonic") else f"cartesia/{DEFAULT_MODEL}"
        ledger.adjust(
            f"{TTS}/tts_model_name", f"{summarize_value(model)} is no model of the catalogue; {found} is used"
        )
    arguments: Object = {"model": found.removeprefix("cartesia/") if plugin else found}
    voice = ledger.take(f"{TTS}/external_voice_id") if own else None
    if voice is not None:
        arguments["voice"] = ledger.resolvable(voice, f"{TTS}/external_voice_id")
    elif ledger.members(TTS).get("voice_id"):
        ledger.lose(
            f"{TTS}/voice_id",
            "a voice of Tavus' library has no id outside of it; the model's default voice speaks",
            "choose one of the engine's voices",
        )
    else:
        ledger.adjust(
            f"{TTS}/external_voice_id", "no voice is named: the model's default voice speaks, not the face's"
        )
    extra = _cartesia_extra(ledger, found.removeprefix("cartesia/")) if own else {}
    if plugin:
        arguments["api_key"] = ledger.resolvable(ledger.take(f"{TTS}/api_key"), f"{TTS}/api_key")
        return {"service": "cartesia", "arguments": {**arguments, **extra}}
    if extra:
        arguments["extra_kwargs"] = extra
    return {"service": "inference", "arguments": arguments}


def _cartesia_extra(ledger: Ledger, model: str) -> Object:
    """Speed and volume, as the model takes them."""
    found: Object = {}
    newer = model.startswith("sonic-3")
    for name, value in ledger.members(f"{TTS}/voice_settings").items():
        pointer = f"{TTS}/voice_settings/{escape(name)}"
        number = number_of(value)
        if name == "speed" and isinstance(value, str) and value in SPEED_WORDS:
            word, factor = SPEED_WORDS[value]
            found[name] = factor if newer else word
            ledger.settle(pointer)
            if found[name] != value:
                ledger.adjust(pointer, f"{value} became {found[name]}")
        elif name in RANGES and number is not None:
            low, high = RANGES[name]
            if newer and not low <= number <= high:
                ledger.lose(pointer, f"{summarize_value(value)} is outside of {low} to {high}, which {model} takes")
                continue
            found[name] = number
            ledger.settle(pointer)
        elif name == "emotion":
            ledger.lose(
                pointer,
                "LiveKit Inference takes one emotion of the newer list, not levels of five",
                "AgentSession(expressive=True), or emotion in the extra_kwargs of the TTS",
            )
    return found


def _elevenlabs(ledger: Ledger) -> Object:
    arguments = _plugin_voice(ledger, "elevenlabs", "voice_id", "api_key")
    model = ledger.text(f"{TTS}/tts_model_name")
    if model:
        arguments["model"] = model
    settings: Object = {}
    for name, value in ledger.members(f"{TTS}/voice_settings").items():
        number: Json = value if name == "use_speaker_boost" and isinstance(value, bool) else number_of(value)
        if name in ELEVENLABS and number is not None:
            settings[name] = number
            ledger.settle(f"{TTS}/voice_settings/{escape(name)}")
    if settings:
        for name, default in ELEVENLABS.items():
            if default is not None:
                settings.setdefault(name, default)
        arguments["voice_settings"] = settings
    return {"service": "elevenlabs", "arguments": arguments}


def _azure(ledger: Ledger) -> Object:
    return {"service": "azure", "arguments": _plugin_voice(ledger, "azure", "voice", "speech_key")}


def _plugin_voice(ledger: Ledger, service: str, voice: str, key: str) -> Object:
    """The voice and the key of a plugin; without a key the plugin looks for its own variables."""
    arguments: Object = {}
    named = ledger.take(f"{TTS}/external_voice_id")
    if named is not None:
        arguments[voice] = ledger.resolvable(named, f"{TTS}/external_voice_id")
    given = ledger.take(f"{TTS}/api_key")
    needed = list(PLUGIN_KEYS[service])
    if given is not None and not is_masked(given):
        arguments[key] = ledger.resolvable(given, f"{TTS}/api_key")
        needed = needed[1:]
    else:
        ledger.adjust(f"{TTS}/tts_engine", f"{service} speaks through its plugin, with a key of your own")
    for variable in needed:
        ledger.variables.setdefault(variable, f"the {service} plugin")
    return arguments


def number_of(value: Json) -> float | int | None:
    """A number, out of a text too."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


FLOW = "/layers/conversational_flow"
PATIENCE: Mapping[str, Object] = {
    "low": {"min_delay": 0.2, "max_delay": 1.5},
    "medium": {"min_delay": 0.5, "max_delay": 3.0},
    "high": {"min_delay": 1.0, "max_delay": 5.0},
}
"""Seconds of silence that end a turn. Judgement: neither side documents its levels in seconds; medium is LiveKit's
own default."""
INTERRUPTION: Mapping[str, Object] = {
    "low": {"min_duration": 1.0, "min_words": 3},
    "medium": {"min_duration": 0.5, "min_words": 0},
    "high": {"min_duration": 0.2, "min_words": 0},
}
"""Seconds and words of speech that count as an interruption. Judgement, medium is LiveKit's own default."""


def turn_settings(ledger: Ledger) -> Object:
    """The `turn_handling` of a session; empty for LiveKit's own defaults."""
    found: Object = {}
    for word, name, levels in (
        ("turn_taking_patience", "endpointing", PATIENCE),
        ("interruptibility", "interruption", INTERRUPTION),
    ):
        level = ledger.members(FLOW).get(word)
        if isinstance(level, str) and level in levels:
            found[name] = dict(levels[level])
            shown = ", ".join(f"{key} {value}" for key, value in levels[level].items())
            ledger.adjust(f"{FLOW}/{word}", f"{level} became {name} with {shown} (a judgement)")
    ahead: Json = ledger.take("/layers/llm/speculative_inference")
    if isinstance(ahead, bool):
        found["preemptive_generation"] = {"enabled": ahead}
    elif ahead is not None:
        ledger.lose("/layers/llm/speculative_inference", "neither true nor false")
    return found
