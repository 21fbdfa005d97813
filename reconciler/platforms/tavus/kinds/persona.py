"""Persona (since 2026: PAL): the agent itself. Canonical words are the PAL words.

Facts: the vendor's Create Persona contract, its LLM pages of three generations, its own client (0.11.0), and
observations of the live API written down in public code. `source` names which.
"""

from __future__ import annotations

from reconciler.platforms.tavus.kinds.persona_keys import MISTAKEN, SPENT
from reconciler.platforms.tavus.kinds.persona_layers import LAYERS
from reconciler.platforms.tavus.kinds.persona_skills import SKILLS
from reconciler.types.kind import Bounds, Companion, ConditionalRequirement, Field, KindSpec, Type

LLM, FLOW = "/layers/llm", "/layers/conversational_flow"

TOP = (
    Field(
        "/pal_id",
        Type.STRING,
        "The id, p followed by letters and digits.",
        "create-persona",
        wire_names={"persona": "persona_id"},
        aliases=("uuid",),
        server_owned=True,
    ),
    Field(
        "/pal_name",
        Type.STRING,
        "The name people see. Not unique in the account, so the id is what counts after the first apply.",
        "create-persona",
        wire_names={"persona": "persona_name"},
        example="Life Coach",
    ),
    Field(
        "/pal_description",
        Type.STRING,
        "A note about the persona. The API shows it; the create page does not document it.",
        "observed",
        wire_names={"persona": "persona_description"},
    ),
    Field(
        "/system_prompt",
        Type.STRING,
        "What the LLM is told about its role.",
        "create-persona",
        further_limits="best below 5,000 tokens (20,000 characters)",
        example="As a Life Coach, you are a dedicated professional who specializes in...",
    ),
    Field(
        "/context",
        Type.STRING,
        "Further text for the LLM.",
        "create-persona",
        default="",
        deprecated="since 2026-02-12 the server merges it into system_prompt; write it there",
    ),
    Field("/greeting", Type.STRING, "The first words spoken.", "vendor client", default=""),
    Field(
        "/pipeline_mode",
        Type.STRING,
        "full: the whole pipeline. echo: the face only speaks what it is sent. speech-to-speech: a model that hears "
        "and speaks by itself. The latter two take neither system_prompt nor context.",
        "create-persona",
        default="full",
        enum=("full", "echo", "speech-to-speech"),
        closed=True,
    ),
    Field(
        "/default_face_id",
        Type.STRING,
        "The face (formerly replica) used when a conversation names none. Required by POST /v2/pals.",
        "create-persona, create-pal",
        default="",
        wire_names={"persona": "default_replica_id"},
        library="face",
        example="r90bbd427f71",
    ),
    Field(
        "/document_ids",
        Type.STRINGS,
        "Documents the persona may draw on.",
        "create-persona",
        default=[],
        set_like=True,
        ref="document",
    ),
    Field(
        "/document_tags",
        Type.STRINGS,
        "Tags whose documents the persona may draw on; resolved when a call starts.",
        "create-persona",
        default=[],
        set_like=True,
    ),
    Field("/objectives_id", Type.STRING, "The set of objectives the persona pursues.", "api", ref="objectives"),
    Field(
        "/guardrails_id",
        Type.STRING,
        "A legacy guardrail set.",
        "api",
        ref="guardrail_set",
        deprecated="use guardrail_ids, one guardrail each",
    ),
    Field(
        "/guardrail_ids",
        Type.STRINGS,
        "Guardrails the persona must keep to.",
        "guardrails page",
        default=[],
        set_like=True,
        ref="guardrail",
        bounds=Bounds(max_items=50),
    ),
    Field(
        "/guardrail_tags",
        Type.STRINGS,
        "Tags whose guardrails apply; resolved when a call starts.",
        "guardrails page",
        default=[],
        set_like=True,
        bounds=Bounds(max_items=50),
        further_limits="at most 50 guardrails in all",
    ),
    Field(
        "/tools",
        Type.STRINGS,
        "The whole set of registry tools: names of tools in the account, or {ref: tool.name}. Without this key "
        "attachments are not ours. tool_ids is the same by id; give one of the two.",
        "tools page, vendor client",
        default=[],
        aliases=("tool_ids",),
        set_like=True,
        ref="tool",
        bounds=Bounds(max_items=50, each=Bounds(min_length=1)),
    ),
    Field(
        "/skills",
        Type.OBJECT,
        "The whole set of skills, each with its configuration: magic_canvas, presentation, internet_search, memory. "
        "Without this key they are not ours. Written through a sub resource.",
        "vendor client, list-pal-skills",
        default={},
        atomic=True,
        example={"internet_search": {}, "presentation": {"document_ids": ["d1-0a1b2c3d4e5f"]}},
    ),
    Field("/memories", Type.STRINGS, "Memory seeds.", "vendor client", default=[]),
    Field("/languages", Type.STRINGS, "Languages of the persona.", "observed", default=[]),
    Field(
        "/disclosure_type",
        Type.STRING,
        "Whether the persona says that it is an AI.",
        "EU AI Act page",
        default="auto",
        enum=("always", "auto", "off"),
    ),
    Field("/verbal_disclosure", Type.ANY, "How the disclosure is spoken.", "observed"),
    Field("/visual_disclosure", Type.ANY, "How the disclosure is shown.", "observed"),
    Field("/is_template", Type.BOOLEAN, "Marks a template.", "vendor client", default=False),
    Field("/layers", Type.OBJECT, "The settings of the pipeline, one object each.", "create-persona"),
)

SERVER = tuple(
    Field(path, Type.ANY, doc, "vendor client", wire_names=words or {}, server_owned=True)
    for path, doc, words in (
        ("/is_published", "Whether the live version is published.", None),
        ("/is_draft", "Whether this is a draft.", None),
        ("/is_draft_view", "Whether this answer shows a draft.", None),
        ("/has_unpublished_changes", "Whether a draft waits.", None),
        ("/publish_url", "Where a draft is published.", None),
        ("/source_template_id", "The template it was made from.", None),
        ("/owner_id", "The account.", None),
        ("/registration_id", "Internal.", None),
        ("/pal_settings_id", "Internal.", {"persona": "persona_settings_id"}),
        ("/session_id", "Internal.", None),
        ("/pal_type", "user or system.", {"persona": "persona_type"}),
        ("/settings", "Internal settings shown with include_settings.", None),
        ("/conferencing_email", "Address derived from the conferencing username.", None),
        ("/created_at", "When it was created.", None),
        ("/updated_at", "When it was last changed.", None),
    )
)

KIND = KindSpec(
    name="persona",
    manifest_kinds=("Persona", "PAL"),
    preferred_manifest_kind="PAL",
    vocabularies=("pal", "persona"),
    exported=True,
    setting_tables={"/layers/tts/voice_settings": "tts_model"},
    catalogue_tables={
        "/layers/llm/model": "llm",
        "/layers/perception/perception_model": "perception",
        "/layers/conversational_flow/turn_detection_model": "turn_detection",
        "/layers/stt/stt_engine": "stt_engine",
        "/layers/tts/tts_engine": "tts_engine",
        "/layers/tts/tts_model_name": "tts_model",
    },
    follow_up_migrations={
        "llm": "model-successor",
        "perception": "raven-0-to-raven-1",
        "turn_detection": "turn-detection-model",
        "stt_engine": "stt-engine",
        "tts_engine": "tts-engine-and-model",
        "tts_model": "tts-engine-and-model",
        "/context": "context-into-system-prompt",
    },
    removed_fields={"/layers/vqa": ("layers.vqa is gone", "use layers.perception.perception_model instead")},
    prompts=("/system_prompt", "/context"),
    prominent_fields=(
        "/tools",
        "/layers/llm",
        "/guardrail_ids",
        "/guardrail_tags",
        "/guardrails_id",
        "/default_face_id",
        "/layers/tts",
        "/system_prompt",
    ),
    doc="A conversational agent: prompt, face, model, voice, perception and turn taking.",
    fields=TOP + LAYERS + SKILLS + SERVER,
    id_members=("pal_id", "persona_id", "uuid"),
    name_field="/pal_name",
    level=2,
    renamed_fields={
        "/layers/perception/ambient_awareness_queries": "/layers/perception/visual_awareness_queries",
        "/layers/perception/perception_tool_prompt": "/layers/perception/visual_tool_prompt",
        "/layers/perception/perception_tools": "/layers/perception/visual_tools",
    },
    merged_texts={"/context": "/system_prompt"},
    moved_fields={"/layers/perception/tool_prompt": "/layers/perception/visual_tool_prompt"},
    superseded_fields=SPENT,
    superseded_references={"/guardrails_id": "/guardrail_ids"},
    inline_tools={
        "/layers/llm/tools": "llm",
        "/layers/perception/visual_tools": "vision",
        "/layers/perception/perception_tools": "vision",
        "/layers/perception/audio_tools": "audio",
    },
    misplaced_keys={
        "/layers/llm/temperature": "/layers/llm/extra_body/temperature",
        "/layers/llm/top_p": "/layers/llm/extra_body/top_p",
        "/layers/llm/voice_id": "/layers/tts/voice_id",
        "/layers/document_ids": "/document_ids",
        "/layers/document_tags": "/document_tags",
        "/layers/perception/model": "/layers/perception/perception_model",
        "/layers/stt/engine": "/layers/stt/stt_engine",
        "/layers/tts/engine": "/layers/tts/tts_engine",
        "/layers/tts/model": "/layers/tts/tts_model_name",
        "/layers/guardrails": "",
    },
    unknown_key_hints=MISTAKEN,
    patched_alone=("/layers/conferencing",),
    companions=(
        Companion(
            under="/layers/llm",
            when="/layers/llm/base_url",
            pointers=("/layers/llm/base_url", "/layers/llm/api_key"),
            why="the API does not keep the key of a custom LLM across a write of layers.llm",
        ),
    ),
    conditional_requirements=(
        ConditionalRequirement(("/system_prompt",), "/pipeline_mode", ("full", None)),
        ConditionalRequirement(("/default_face_id",), "/layers/conferencing"),
        ConditionalRequirement((f"{FLOW}/wake_phrase",), f"{FLOW}/sleep_phrase"),
        ConditionalRequirement(
            (f"{LLM}/model", f"{LLM}/base_url", f"{LLM}/api_key"), f"{LLM}/enable_llm_proxy", (True,)
        ),
        ConditionalRequirement(("/skills/presentation/document_ids",), "/skills/presentation"),
    ),
    attachments="/tools",
    written_before_attaching=("/layers/perception/perception_model",),
    subresources=("/skills",),
    subresource_reference_kinds=frozenset({"document"}),  # presentation: document_ids
    bare_keys=frozenset(
        {
            "persona_name",
            "pal_name",
            "system_prompt",
            "pipeline_mode",
            "default_replica_id",
            "default_face_id",
            "layers",
            "persona_id",
            "pal_id",
        }
    ),
)
