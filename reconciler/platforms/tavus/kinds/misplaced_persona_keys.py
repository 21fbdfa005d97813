"""Keys that people write into a persona and that belong somewhere else, each with what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

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
