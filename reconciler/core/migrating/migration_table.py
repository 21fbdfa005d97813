"""The migrations of manifest files, in the order in which they run: one file each, one line here."""

from __future__ import annotations

from reconciler.core.migrating.migration import Migration
from reconciler.registry import Registry

MIGRATIONS: Registry[Migration] = Registry(
    "migration",
    "reconciler.platforms.tavus.migrations",
    {
        "M01": "vocabulary_words:MIGRATION",
        "M02": "misplaced_keys:MIGRATION",
        "M03": "vqa_to_perception:MIGRATION",
        "M04": "context_into_system_prompt:MIGRATION",
        "M05": "perception_field_names:MIGRATION",
        "M06": "perception_tool_prompt:MIGRATION",
        "M07": "raven_0_to_raven_1:MIGRATION",
        "M10": "stt_to_conversational_flow:MIGRATION",
        "M11": "turn_detection_model:MIGRATION",
        "M12": "interruptibility_spelling:MIGRATION",
        "M13": "tts_types:MIGRATION",
        "M14": "tts_engine_and_model:MIGRATION",
        "M15": "model_successor:MIGRATION",
        "M16": "stt_engine:MIGRATION",
        "M22": "inline_tool_dedupe:MIGRATION",
        "M20": "inline_tool_create:MIGRATION",
        "M23": "tool_count:MIGRATION",
        "M21": "inline_tool_swap:MIGRATION",
        "M24": "guardrail_set_split:MIGRATION",
        "M25": "guardrail_set_detach:MIGRATION",
        "M26": "legacy_in_prompts:MIGRATION",
        "M30": "livekit_handover:MIGRATION",
    },
)
