"""The migrations of Tavus manifests, in the order in which they run: each stands in the file of its subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.registry import Registry

if TYPE_CHECKING:
    from reconciler.core.migration import Migration

MIGRATIONS: Registry[Migration] = Registry(
    "migration",
    "reconciler.platforms.tavus.migrations",
    {
        "M01": "renamed_keys:VOCABULARY_WORDS",
        "M02": "renamed_keys:MISPLACED_KEYS",
        "M03": "perception_fields:VQA_TO_PERCEPTION",
        "M04": "prompt_text:CONTEXT_INTO_SYSTEM_PROMPT",
        "M05": "perception_fields:PERCEPTION_FIELD_NAMES",
        "M06": "perception_fields:PERCEPTION_TOOL_PROMPT",
        "M07": "model_successors:RAVEN_0_TO_RAVEN_1",
        "M10": "turn_taking:STT_TO_CONVERSATIONAL_FLOW",
        "M11": "model_successors:TURN_DETECTION_MODEL",
        "M12": "turn_taking:INTERRUPTIBILITY_SPELLING",
        "M13": "tts_fields:TTS_TYPES",
        "M14": "tts_fields:TTS_ENGINE_AND_MODEL",
        "M15": "model_successors:MODEL_SUCCESSOR",
        "M16": "model_successors:STT_ENGINE",
        "M22": "inline_to_registry:INLINE_TOOL_DEDUPE",
        "M20": "inline_to_registry:INLINE_TOOL_CREATE",
        "M23": "inline_to_registry:TOOL_COUNT",
        "M21": "inline_to_registry:INLINE_TOOL_SWAP",
        "M24": "guardrail_sets:GUARDRAIL_SET_SPLIT",
        "M25": "guardrail_sets:GUARDRAIL_SET_DETACH",
        "M26": "prompt_text:LEGACY_IN_PROMPTS",
        "M30": "livekit_handover:MIGRATION",
    },
)
