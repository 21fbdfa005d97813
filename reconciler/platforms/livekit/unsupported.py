"""What a LiveKit agent has no equal for: the reason, and the nearest way, by field."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.export.target import Ledger
from reconciler.types.json import Json, within

FACE = (
    "/pal_name", "/pal_description", "/default_face_id", "/is_template", "/disclosure_type", "/verbal_disclosure",
    "/visual_disclosure", "/pipeline_mode", "/layers/transport",
)  # fmt: skip
"""What stays with Tavus, or describes it."""
RULES = "write the rule into the instructions, or check the text in the agent's llm_node or transcription_node"
SEARCH = "a function tool that searches, or on_user_turn_completed that adds what was found to the turn"
VIDEO = "room_options=RoomOptions(video_input=True) with a language model that takes pictures"
FLOW = "/layers/conversational_flow"
WHY: Mapping[str, tuple[str, str]] = {
    "/guardrail_ids": ("guardrails are part of Tavus' pipeline, which echo mode turns off", RULES),
    "/guardrail_tags": ("guardrails are part of Tavus' pipeline, which echo mode turns off", RULES),
    "/guardrails_id": ("guardrails are part of Tavus' pipeline, which echo mode turns off", RULES),
    "/objectives_id": (
        "objectives steer Tavus' pipeline, which echo mode turns off",
        "an AgentTask for each objective, or the steps written into the instructions",
    ),
    "/document_ids": ("Tavus searches documents for its own language model only", SEARCH),
    "/document_tags": ("Tavus searches documents for its own language model only", SEARCH),
    "/layers/knowledge_base": ("Tavus searches documents for its own language model only", SEARCH),
    "/skills": ("skills are run by Tavus' pipeline", "function tools of the agent"),
    "/memories": ("Tavus adds memories to its own language model only", "ChatContext given to the Agent"),
    "/languages": ("no single language that speech recognition could be told", "language= of inference.STT"),
    "/tools": ("not a list of tools", ""),
    "/layers/llm/extra_body": (
        "LiveKit Inference is given temperature and top_p only",
        "extra_kwargs of inference.LLM, for what the new model takes",
    ),
    "/layers/llm/tools": ("a function without a usable name, or a name that occurs twice", "a function tool"),
    "/layers/tts/tts_emotion_control": (
        "the emotion of the voice is steered by markup in LiveKit",
        "AgentSession(expressive=True)",
    ),
    "/layers/tts/pronunciation_dictionary_id": (
        "LiveKit reads no dictionary of Tavus",
        "replace words in the agent's tts_node or with tts_text_transforms, or use a dictionary of the engine",
    ),
    "/layers/tts/voice_settings": (
        "the text-to-speech class has no such setting",
        "arguments of the TTS class in the agent",
    ),
    "/layers/tts": ("the text-to-speech class takes no such value", "arguments of the TTS class in the agent"),
    "/layers/stt": (
        "this setting belongs to Tavus' speech recognition",
        "turn_handling of the AgentSession, or extra_kwargs of inference.STT",
    ),
    "/layers/perception/visual_tools": ("Tavus sees nothing in echo mode, so nothing calls them", VIDEO),
    "/layers/perception/audio_tools": (
        "Tavus hears nothing in echo mode, so nothing calls them",
        "function tools, called for what is said",
    ),
    "/layers/perception": ("perception does not run in echo mode", VIDEO),
    "/layers/vqa": ("perception does not run in echo mode", VIDEO),
    f"{FLOW}/turn_detection_model": (
        "Sparrow runs in Tavus' pipeline only",
        "nothing to do: LiveKit's own turn detector is the default of AgentSession",
    ),
    f"{FLOW}/voice_isolation": (
        "the voice is isolated in Tavus' pipeline only",
        "noise cancellation in the audio_input of RoomOptions (livekit-plugins-noise-cancellation)",
    ),
    f"{FLOW}/idle_engagement": (
        "nobody speaks up by itself",
        "user_away_timeout of AgentSession and the event user_state_changed",
    ),
    f"{FLOW}/wake_phrase": ("there is no wake word", "decide in on_user_turn_completed, raise StopResponse"),
    f"{FLOW}/sleep_phrase": ("there is no wake word", "decide in on_user_turn_completed, raise StopResponse"),
    FLOW: ("turn taking of Tavus' pipeline without an equal", "turn_handling of the AgentSession"),
    "/layers/conferencing": ("a guest of meetings needs Tavus' pipeline", "LiveKit rooms and its SIP bridge"),
    "/layers/mcp": ("connectors are called by Tavus' language model", "mcp_servers= of AgentSession"),
    "/layers/sts": ("a setting of Tavus' speech-to-speech pipeline", "a realtime model as llm= of AgentSession"),
    "/layers/capabilities": ("switches of Tavus' platform", ""),
}
GROUPS = (
    "/layers/perception/visual_tools", "/layers/perception/audio_tools", "/layers/perception/perception_tools",
    "/skills", "/layers/mcp", "/layers/sts", "/layers/capabilities", "/layers/knowledge_base", "/layers/vqa",
    "/layers/llm/tools", "/layers/conferencing",
)  # fmt: skip
"""Named as one, whatever they hold."""


def name_remains(ledger: Ledger) -> None:
    """Put a reason to everything that was not taken."""
    for pointer in FACE:
        ledger.settle(pointer)
    ledger.rest(_explain, GROUPS)


def _explain(pointer: str, value: Json) -> tuple[str, str]:
    for parent in sorted(WHY, key=len, reverse=True):
        if within(pointer, parent):
            return WHY[parent]
    return "the field is unknown here, so nobody can tell what would be its equal", "look it up, and add it by hand"
