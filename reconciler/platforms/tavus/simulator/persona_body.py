"""A persona's body: words of two vocabularies, what the server fills in, and the rules that a body must keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from reconciler.platforms.tavus.kinds.persona import KIND
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.platforms.tavus.simulator.http_types import CUSTOM_LLM, MASK, Refusal, invalid, refused
from reconciler.platforms.tavus.simulator.schema_check import note, table_errors
from reconciler.platforms.tavus.simulator.world import PERSONA_SECRETS, echoes_mask
from reconciler.types.catalogue import is_hosted
from reconciler.types.json import Json, Object, split

PAIRS = (
    ("pal_id", "persona_id"),
    ("pal_name", "persona_name"),
    ("pal_description", "persona_description"),
    ("default_face_id", "default_replica_id"),
    ("pal_settings_id", "persona_settings_id"),
    ("pal_type", "persona_type"),
)
TO_PERSONA = dict(PAIRS)
TO_PAL = {persona: pal for pal, persona in PAIRS}
SPELLINGS = ("pal_interruptibility", "face_interruptibility", "replica_interruptibility")
FLOW = "conversational_flow"


def spelling(vocabulary: str, pal_spelling: str) -> str:
    """The member name of interruptibility in answers of this vocabulary."""
    return "replica_interruptibility" if vocabulary == "persona" else f"{pal_spelling}_interruptibility"


def foreign(vocabulary: str) -> frozenset[str]:
    """Top-level words of the other vocabulary: they do not count in a body of this one."""
    return frozenset(TO_PERSONA if vocabulary == "persona" else TO_PAL)


def outward(body: Object, vocabulary: str, pal_spelling: str = "pal") -> Object:
    """Internal words -> the words of `vocabulary`. The argument is left as it is."""
    rename = TO_PERSONA if vocabulary == "persona" else {}
    result: Object = {rename.get(name, name): value for name, value in body.items()}
    return _respell(result, spelling(vocabulary, pal_spelling))


def inward(body: Object, vocabulary: str) -> Object:
    """The words of `vocabulary` -> internal words; words of the other vocabulary are dropped."""
    other = foreign(vocabulary)
    rename = TO_PAL if vocabulary == "persona" else {}
    result: Object = {rename.get(name, name): value for name, value in body.items() if name not in other}
    return _respell(result, SPELLINGS[0])


def respell_path(path: str, word: str) -> str:
    """A patch path with whichever spelling of interruptibility -> the spelling that the document has."""
    tokens = split(path)
    if len(tokens) == 3 and tokens[:2] == ("layers", FLOW) and tokens[2] in SPELLINGS:
        return f"/layers/{FLOW}/{word}"
    return path


def _respell(body: Object, word: str) -> Object:
    layers = body.get("layers")
    flow = layers.get(FLOW) if isinstance(layers, dict) else None
    if not isinstance(layers, dict) or not isinstance(flow, dict):
        return body
    if not any(name in flow for name in SPELLINGS if name != word):
        return body
    renamed: dict[str, Json] = {}
    for name, value in flow.items():
        renamed[word if name in SPELLINGS else name] = value
    return {**body, "layers": {**layers, FLOW: renamed}}


DEFAULTS: Object = {
    "pal_description": None,
    "pipeline_mode": "full",
    "document_ids": [],
    "document_tags": [],
    "objectives_id": None,
    "guardrails_id": None,
    "guardrail_ids": [],
    "guardrail_tags": [],
    "tool_ids": [],
}
LAYER_DEFAULTS: dict[str, Object] = {
    "llm": {"speculative_inference": True},
    "tts": {"tts_engine": "tavus-auto", "tts_emotion_control": True},
    "stt": {"stt_engine": "tavus-auto"},
    "perception": {"perception_model": "raven-1"},
}
FLOW_DEFAULTS: Object = {
    "turn_detection_model": "sparrow-1",
    "turn_taking_patience": "medium",
    "pal_interruptibility": "medium",
    "voice_isolation": "near",
    "idle_engagement": "off",
    "wake_phrase": None,
    "sleep_phrase": None,
}
BOOLEANS = (("llm", "speculative_inference"), ("tts", "tts_emotion_control"))


def complete_flow(body: Object) -> Object:
    """Conversational flow is inactive while absent; one field set makes the server store all the others."""
    layers = body.get("layers")
    flow = layers.get("conversational_flow") if isinstance(layers, dict) else None
    if not isinstance(layers, dict) or not isinstance(flow, dict) or not flow:
        return body
    full = {**FLOW_DEFAULTS, **{name: value for name, value in flow.items() if value is not None}}
    return body if full == flow else {**body, "layers": {**layers, "conversational_flow": full}}


def show_defaults(
    body: Object, how: Literal["fill", "hide", "null"], absent: Literal["absent", "null", "all"] = "absent"
) -> Object:
    """The body with default values shown, left out or null; `absent` says the same of layers nobody set."""
    result = _show(body, DEFAULTS, how)
    layers = result.get("layers")
    shown: Object = dict(layers) if isinstance(layers, dict) else {}
    for name, defaults in LAYER_DEFAULTS.items():
        layer = shown.get(name)
        if layer is None and absent == "all":
            layer = {}
        if isinstance(layer, dict):
            shown[name] = _show(layer, defaults, how)
        elif absent == "null":
            shown[name] = None
    if shown or isinstance(layers, dict):
        result["layers"] = shown
    return result


def _show(body: Object, defaults: Object, how: Literal["fill", "hide", "null"]) -> Object:
    result = dict(body)
    for name, default in defaults.items():
        if how == "fill":
            if result.get(name) is None:
                result[name] = list(default) if isinstance(default, list) else default
        elif name in result and (result[name] is None or result[name] == default):
            del result[name]
        if how == "null":
            result.setdefault(name, None)
    return result


def write_booleans(body: Object) -> Object:
    """The booleans of layers as the words "true" and "false"."""
    return _booleans(body, lambda value: str(value).lower() if isinstance(value, bool) else value)


def read_booleans(body: Object) -> Object:
    """The words "true" and "false" as booleans: the API takes both."""
    return _booleans(body, lambda value: value == "true" if value in ("true", "false") else value)


def _booleans(body: Object, change: object) -> Object:
    layers = body.get("layers")
    if not isinstance(layers, dict) or not callable(change):
        return body
    result: dict[str, Json] = dict(layers)
    for layer, name in BOOLEANS:
        inner = result.get(layer)
        if isinstance(inner, dict) and name in inner:
            result[layer] = {**inner, name: change(inner[name])}
    return {**body, "layers": result}


def comparable(body: Json) -> Json:
    """The body as the no-change check sees it: defaults filled in, null and absent alike."""
    if isinstance(body, dict):
        return _without_nulls(show_defaults(complete_flow(body), "fill"))
    return body


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return value


READ_ONLY = (
    "pal_id",
    "uuid",
    "owner_id",
    "registration_id",
    "pal_settings_id",
    "session_id",
    "pal_type",
    "is_published",
    "is_draft",
    "is_draft_view",
    "has_unpublished_changes",
    "publish_url",
    "source_template_id",
    "conferencing_email",
    "created_at",
    "updated_at",
)
KNOWN = frozenset(READ_ONLY) | frozenset(
    {
        "pal_name",
        "pal_description",
        "system_prompt",
        "context",
        "greeting",
        "pipeline_mode",
        "default_face_id",
        "document_ids",
        "document_tags",
        "objectives_id",
        "guardrails_id",
        "guardrail_ids",
        "guardrail_tags",
        "tool_ids",
        "memories",
        "languages",
        "disclosure_type",
        "verbal_disclosure",
        "visual_disclosure",
        "is_template",
        "layers",
    }
)


def check_body(body: Object, mood: Mood, vocabulary: str, *, creating: bool) -> None:
    """Everything that a persona in internal words must satisfy. Raises `Refusal` (400)."""
    errors = table_errors(KIND, body, whole=False)
    if body.get("pipeline_mode") not in ("echo", "speech-to-speech") and not body.get("system_prompt"):
        errors.setdefault("system_prompt", ["Missing data for required field."])
    face = body.get("default_face_id")
    if creating and vocabulary == "pal" and mood.face_required and not face:
        errors.setdefault("default_face_id", ["default_face_id is required when creating a pal."])
    if _layer(body, "conferencing") and not face:
        errors.setdefault("default_face_id", ["default_face_id is required when conferencing is set."])
    for place, problem in _misfits(body):
        note(errors, list(split(place)), problem)
    if mood.unknown_fields == "reject":
        errors.update({name: ["Unknown field."] for name in body if name not in KNOWN and not name.startswith("$")})
    if errors:
        raise invalid(_in_words(errors, vocabulary, mood))
    masked = echoes_mask(body, PERSONA_SECRETS)
    if masked:
        raise refused(f"Bad Request. {masked} must not be the placeholder {MASK}.")
    llm = _layer(body, "llm")
    proxied = llm.get("enable_llm_proxy") is True and not llm.get("base_url")
    if proxied or (llm.get("base_url") and not llm.get("api_key")):
        raise Refusal(400, {"error": CUSTOM_LLM})


def _misfits(body: Object) -> Iterator[tuple[str, str]]:
    """What does not go together."""
    if body.get("pipeline_mode") == "speech-to-speech":
        for word in ("system_prompt", "context"):
            if body.get(word):
                yield f"/{word}", "Not allowed for pipeline_mode 'speech-to-speech'."
    flow, llm = _layer(body, "conversational_flow"), _layer(body, "llm")
    if flow.get("sleep_phrase") and not flow.get("wake_phrase"):
        yield "/layers/conversational_flow/wake_phrase", "wake_phrase is required when sleep_phrase is set."
    model = llm.get("model")
    if llm.get("enable_llm_proxy") is True and (is_hosted(model) or not model):
        yield "/layers/llm/enable_llm_proxy", "enable_llm_proxy is only allowed with your own LLM."


def _layer(body: Object, name: str) -> Object:
    layers = body.get("layers")
    layer = layers.get(name) if isinstance(layers, dict) else None
    return layer if isinstance(layer, dict) else {}


def _in_words(errors: Object, vocabulary: str, mood: Mood) -> Object:
    words = TO_PERSONA if vocabulary == "persona" else {}
    result: Object = {words.get(name, name): value for name, value in errors.items()}
    layers = result.get("layers")
    flow = layers.get("conversational_flow") if isinstance(layers, dict) else None
    if isinstance(flow, dict) and "pal_interruptibility" in flow:
        flow[spelling(vocabulary, mood.interruptibility)] = flow.pop("pal_interruptibility")
    return result
