"""Keys of a persona that people misplace, each with what to do instead, and places that later fields replaced."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.types.kind import SupersededField

FUNCTIONS = "functions written out stand at /layers/llm/tools, names of registry tools at /tools"
LIBRARY = "the face stands at /default_face_id (default_replica_id in the persona vocabulary)"
ENGINE = "the engine stands at /layers/tts/tts_engine"
PROMPT = "the instructions stand at /system_prompt"


def _of_a_conversation(word: str, instead: str = "") -> str:
    return f"{word} is a field of each conversation (POST /conversations), not of a persona{instead}"


CONVERSATION = (
    "callback_url", "properties", "conversation_name", "conversation_id", "conversation_url", "audio_only",
    "test_mode", "memory_stores", "max_call_duration", "participant_left_timeout", "participant_absent_timeout",
    "enable_recording", "enable_closed_captions", "apply_greenscreen", "require_auth", "max_participants",
)  # fmt: skip

MISTAKEN: Mapping[str, str] = {
    **{f"/{word}": _of_a_conversation(word) for word in CONVERSATION},
    "/conversational_context": _of_a_conversation(
        "conversational_context", "; what always holds belongs into system_prompt"
    ),
    "/custom_greeting": _of_a_conversation("custom_greeting", "; the persona's own first words stand at /greeting"),
    "/language": "the language of a conversation is chosen by each conversation; what is recognised at /layers/stt",
    "/prompt": PROMPT,
    "/instructions": PROMPT,
    "/instruction": PROMPT,
    "/system": PROMPT,
    "/system_message": PROMPT,
    "/layers/llm/prompt": PROMPT,
    "/layers/llm/instructions": PROMPT,
    "/layers/llm/system_message": PROMPT,
    "/replica_id": LIBRARY,
    "/replica": LIBRARY,
    "/face_id": LIBRARY,
    "/face": LIBRARY,
    "/voice_id": "the voice stands at /layers/tts/external_voice_id or /layers/tts/voice_id",
    "/voice": "the voice stands at /layers/tts",
    "/model": "the LLM's model stands at /layers/llm/model",
    "/temperature": "parameters of the LLM stand at /layers/llm/extra_body",
    "/functions": FUNCTIONS,
    "/layers/tools": FUNCTIONS,
    "/layers/llm/functions": "functions stand at /layers/llm/tools",
    "/layers/perception/tools": "what perception calls stands at /layers/perception/visual_tools and "
    "/layers/perception/audio_tools",
    "/layers/tts/provider": ENGINE,
    "/layers/tts/tts_provider": ENGINE,
    "/first_message": "the persona's first words stand at /greeting",
    "/guardrails": "guardrails stand at /guardrail_ids: ids, or {ref: guardrail.name}",
    "/documents": "documents stand at /document_ids: ids, or {ref: document.name}",
    "/knowledge_base": "documents stand at /document_ids and /document_tags",
    "/objectives": "a set of objectives stands at /objectives_id: its id, or {ref: objectives.name}",
}
"""Pointer (parents in canonical words) -> the hint."""


PERCEPTION_MODEL = "/layers/perception/perception_model"
SPENT = (
    # From sparrow-1 on the conversational flow overrides what the stt layer says of turns (conversational flow page).
    *(
        SupersededField(
            f"/layers/stt/{name}", "/layers/conversational_flow/turn_detection_model", ("sparrow-1", "sparrow-2")
        )
        for name in (
            "participant_pause_sensitivity",
            "participant_interrupt_sensitivity",
            "smart_turn_detection",
        )
    ),
    # The vision layer of the first generation, switched as the perception layer is.
    SupersededField(
        "/layers/vqa", PERCEPTION_MODEL, ("off",), ({"enable_vision": False}, {"enable_vision": "false"})
    ),
    SupersededField(
        "/layers/vqa", PERCEPTION_MODEL, ("raven-1",), ({"enable_vision": True}, {"enable_vision": "true"})
    ),
    # The TTS page: azure takes no model.
    SupersededField("/layers/tts/tts_model_name", "/layers/tts/tts_engine", ("azure",)),
)
