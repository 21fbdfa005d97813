"""The rules of a persona body: types, what must be there, secrets, and the custom LLM."""

from __future__ import annotations

from reconciler.platforms.tavus.simulator.behaviour import Mood
from reconciler.platforms.tavus.simulator.http_types import CUSTOM_LLM, MASK, Refusal, invalid, refused
from reconciler.platforms.tavus.simulator.persona_body import TO_PERSONA, spelling
from reconciler.platforms.tavus.simulator.schema_check import (
    Rules,
    boolean,
    find_errors,
    mapping,
    one_of,
    sequence,
    string,
    strings,
)
from reconciler.platforms.tavus.simulator.secret_masks import PERSONA_SECRETS, SEALED, echoes_mask
from reconciler.types.json import Json, Object

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
ENGINES = (
    "tavus-auto",
    "tavus-parakeet",
    "tavus-soniox",
    "tavus-whisper",
    "tavus-deepgram-medical",
    "tavus-advanced",
    "tavus-turbo",
)


def _secret(value: Json) -> str | None:
    sealed = isinstance(value, dict) and SEALED in value
    return None if sealed or isinstance(value, str) else "Not a valid string."


def _words(value: Json) -> str | None:
    """Hotwords are one text; a list of texts stands in published examples."""
    return string(value) and strings()(value)


RULES: Rules = {
    **dict.fromkeys(
        ("pal_name", "pal_description", "system_prompt", "context", "greeting", "default_face_id", "objectives_id"),
        string,
    ),
    "guardrails_id": string,
    "pipeline_mode": one_of("full", "echo", "speech-to-speech"),
    "document_ids": strings(),
    "document_tags": strings(),
    "memories": strings(),
    "guardrail_ids": strings(50),
    "guardrail_tags": strings(50),
    "tool_ids": strings(50),
    "is_template": boolean,
    "layers": mapping,
    **dict.fromkeys(
        (
            *("layers.llm", "layers.llm.headers", "layers.llm.extra_body", "layers.llm.default_query"),
            *("layers.tts", "layers.tts.voice_settings", "layers.stt", "layers.perception"),
            *("layers.conversational_flow", "layers.conferencing", "layers.capabilities", "layers.knowledge_base"),
        ),
        mapping,
    ),
    **dict.fromkeys(
        (
            *("layers.llm.model", "layers.llm.base_url", "layers.tts.tts_engine", "layers.tts.external_voice_id"),
            *("layers.tts.voice_id", "layers.tts.tts_model_name", "layers.tts.pronunciation_dictionary_id"),
            *("layers.perception.perception_model", "layers.perception.visual_tool_prompt"),
            *("layers.perception.audio_tool_prompt", "layers.perception.perception_tool_prompt"),
            *("layers.conferencing.username", "layers.conversational_flow.turn_detection_model"),
            *("layers.conversational_flow.wake_phrase", "layers.conversational_flow.sleep_phrase"),
            # Whether the API checks the words of these is not known; of stt_engine and pipeline_mode it is.
            *("layers.conversational_flow.turn_taking_patience", "layers.conversational_flow.voice_isolation"),
            *("layers.conversational_flow.pal_interruptibility", "layers.conversational_flow.idle_engagement"),
        ),
        string,
    ),
    "layers.llm.api_key": _secret,
    "layers.tts.api_key": _secret,
    "layers.llm.speculative_inference": boolean,
    "layers.tts.tts_emotion_control": boolean,
    "layers.llm.tools": sequence,
    "layers.stt.stt_engine": one_of(*ENGINES),
    "layers.stt.hotwords": _words,
    "layers.perception.visual_awareness_queries": strings(),
    "layers.perception.audio_awareness_queries": strings(),
    "layers.perception.ambient_awareness_queries": strings(),
    "layers.perception.perception_analysis_queries": strings(),
    "layers.perception.visual_tools": sequence,
    "layers.perception.audio_tools": sequence,
    "layers.perception.perception_tools": sequence,
    "layers.conferencing.allowlist": strings(),
}


def check_body(body: Object, mood: Mood, vocabulary: str, *, creating: bool) -> None:
    """Everything that a persona in internal words must satisfy. Raises `Refusal` (400)."""
    errors = find_errors(body, RULES)
    if body.get("pipeline_mode") not in ("echo", "speech-to-speech") and not body.get("system_prompt"):
        errors.setdefault("system_prompt", ["Missing data for required field."])
    face = body.get("default_face_id")
    if creating and vocabulary == "pal" and mood.face_required and not face:
        errors.setdefault("default_face_id", ["default_face_id is required when creating a pal."])
    if _layer(body, "conferencing") and not face:
        errors.setdefault("default_face_id", ["default_face_id is required when conferencing is set."])
    if mood.unknown_fields == "reject":
        errors.update({name: ["Unknown field."] for name in body if name not in KNOWN and not name.startswith("$")})
    if errors:
        raise invalid(_in_words(errors, vocabulary, mood))
    masked = echoes_mask(body, PERSONA_SECRETS)
    if masked:
        raise refused(f"Bad Request. {masked} must not be the placeholder {MASK}.")
    llm = _layer(body, "llm")
    if llm and llm.get("base_url") and not llm.get("api_key"):
        raise Refusal(400, {"error": CUSTOM_LLM})


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
