"""The lint rules: one file each, one line here."""

from __future__ import annotations

from reconciler.core.linting.rule import Rule
from reconciler.registry import Registry

RULES: Registry[Rule] = Registry(
    "rule",
    "reconciler.platforms.tavus.rules",
    {
        "L01": "system_prompt_missing:RULE",
        "L02": "prompt_in_passive_mode:RULE",
        "L03": "secret_literal:RULE",
        "L04": "base_url_route:RULE",
        "L05": "custom_model_incomplete:RULE",
        "L06": "hosted_model_with_endpoint:RULE",
        "L07": "extra_body_hosted:RULE",
        "L08": "model_unpinned:RULE",
        "L09": "unknown_model:RULE",
        "L10": "prompt_budget:RULE",
        "L11": "raven_with_custom_llm:RULE",
        "L12": "perception_off_with_tools:RULE",
        "L13": "audio_without_raven_1:RULE",
        "L14": "raven_entry_length:RULE",
        "L15": "tts_range:RULE",
        "L16": "tts_voice_exclusive:RULE",
        "L17": "known_values:RULE",
        "L18": "unknown_key:RULE",
        "L19": "documented_nowhere:RULE",
        "L20": "value_type:RULE",
        "L21": "tool_required:RULE",
        "L22": "tool_limits:RULE",
        "L23": "tool_echo_scrub:RULE",
        "L24": "guardrail_limits:RULE",
        "L25": "guardrail_modality:RULE",
        "L26": "vocabulary_mix:RULE",
        "L27": "yaml_off:RULE",
        "L28": "legacy_and_new_turn:RULE",
        "L29": "voice_isolation_inert:RULE",
        "L30": "transport_livekit:RULE",
        "L31": "whole_layer_replace:RULE",
        "L32": "deprecated_but_alive:RULE",
        "L33": "authorization_header:RULE",
        "L34": "objectives_flow:RULE",
        "L35": "required_field:RULE",
        "L36": "name_taken:RULE",
    },
)
