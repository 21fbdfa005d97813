"""The lint rules of Tavus manifests: each stands in the file of its subject and has one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.registry import Registry

if TYPE_CHECKING:
    from reconciler.core.linting import Rule

RULES: Registry[Rule] = Registry(
    "rule",
    "reconciler.platforms.tavus.rules",
    {
        "L01": "prompt_rules:SYSTEM_PROMPT_MISSING",
        "L02": "prompt_rules:PROMPT_IN_PASSIVE_MODE",
        "L03": "endpoint_rules:SECRET_LITERAL",
        "L04": "endpoint_rules:BASE_URL_ROUTE",
        "L05": "model_rules:CUSTOM_MODEL_INCOMPLETE",
        "L06": "model_rules:HOSTED_MODEL_WITH_ENDPOINT",
        "L07": "model_rules:EXTRA_BODY_HOSTED",
        "L08": "model_rules:MODEL_UNPINNED",
        "L09": "model_rules:UNKNOWN_MODEL",
        "L10": "prompt_rules:PROMPT_BUDGET",
        "L11": "perception_rules:RAVEN_WITH_CUSTOM_LLM",
        "L12": "perception_rules:PERCEPTION_OFF_WITH_TOOLS",
        "L13": "perception_rules:AUDIO_WITHOUT_RAVEN_1",
        "L14": "perception_rules:RAVEN_ENTRY_LENGTH",
        "L15": "voice_rules:TTS_RANGE",
        "L16": "voice_rules:TTS_VOICE_EXCLUSIVE",
        "L17": "value_rules:KNOWN_VALUES",
        "L18": "field_rules:UNKNOWN_KEY",
        "L19": "field_rules:DOCUMENTED_NOWHERE",
        "L20": "value_rules:VALUE_TYPE",
        "L21": "tool_rules:TOOL_REQUIRED",
        "L22": "tool_rules:TOOL_LIMITS",
        "L23": "tool_rules:TOOL_ECHO_SCRUB",
        "L24": "guardrail_objective_rules:GUARDRAIL_LIMITS",
        "L25": "guardrail_objective_rules:GUARDRAIL_MODALITY",
        "L26": "manifest_rules:VOCABULARY_MIX",
        "L27": "manifest_rules:YAML_OFF",
        "L28": "turn_rules:LEGACY_AND_NEW_TURN",
        "L29": "turn_rules:VOICE_ISOLATION_INERT",
        "L30": "turn_rules:TRANSPORT_LIVEKIT",
        "L31": "tool_rules:WHOLE_LAYER_REPLACE",
        "L32": "field_rules:DEPRECATED_BUT_ALIVE",
        "L33": "endpoint_rules:AUTHORIZATION_HEADER",
        "L34": "guardrail_objective_rules:OBJECTIVES_FLOW",
        "L35": "field_rules:REQUIRED_FIELD",
        "L36": "manifest_rules:NAME_TAKEN",
        "L37": "delivery_rules:TOOL_DELIVERY",
        "L38": "delivery_rules:TOOL_ON_CALL",
        "L39": "value_rules:BOUNDS",
    },
)
