"""The fields under a persona's `layers`: llm, tts, stt, perception, conversational flow and the rest."""

from __future__ import annotations

from reconciler.types.kind import Field, Type

LEVELS = ("low", "medium", "high")
OLD_LEVELS = ("verylow",)
"""A level of the old stt fields that an example of the newer page still has; its own list of values has not."""
DOCS = "create-persona, LLM page"

LLM = (
    Field("/layers/llm", Type.OBJECT, "The language model: a hosted one, or your own OpenAI-compatible one.", DOCS),
    Field(
        "/layers/llm/model",
        Type.STRING,
        "A hosted model id (tavus-...) or the name of your own model. The server's default moves: pin it.",
        DOCS,
        omitted_values=(
            "tavus-gemma-4",
            "tavus-glm-4.7",
            "tavus-gpt-oss",
            "tavus-gpt-4o",
            "tavus-gpt-4o-mini",
            "tavus-llama-4",
            "tavus-llama",
        ),
        example="tavus-gpt-oss",
    ),
    Field(
        "/layers/llm/base_url",
        Type.STRING,
        "Where your own LLM answers, without the /chat/completions route. Needs api_key.",
        DOCS,
        example="https://llm.example.com/v1",
    ),
    Field("/layers/llm/api_key", Type.STRING, "Key of your own LLM; never shown on read.", DOCS, secret=True),
    Field(
        "/layers/llm/speculative_inference",
        Type.BOOLEAN,
        "Start answering before the user has finished speaking.",
        DOCS,
        default=True,
    ),
    Field(
        "/layers/llm/tools",
        Type.LIST,
        "Inline function tools.",
        DOCS,
        keyed=True,
        default=[],
        deprecated="inline tools are legacy: use the tools registry and `tools:`",
    ),
    Field(
        "/layers/llm/enable_llm_proxy",
        Type.BOOLEAN,
        "Reach your own LLM through the vendor's proxy. Not with a hosted model.",
        "LLM page, vendor client",
        default=False,
    ),
    *(
        Field(f"/layers/llm/{name}", kind, doc, "vendor client")
        for name, kind, doc in (
            ("disable_vision", Type.BOOLEAN, "Keep what the camera sees from the LLM."),
            ("model_name", Type.STRING, "Leftover; the model stands at model."),
            ("is_custom", Type.BOOLEAN, "Leftover; an LLM of your own is one with base_url."),
            ("endpoint", Type.STRING, "Leftover; the address stands at base_url."),
        )
    ),
    Field("/layers/llm/headers", Type.OBJECT, "Extra headers sent to your own LLM.", DOCS),
    Field("/layers/llm/headers/*", Type.STRING, "One header; may carry a credential.", DOCS, secret=True),
    Field(
        "/layers/llm/extra_body",
        Type.OBJECT,
        "Further request parameters. Hosted models take temperature and top_p.",
        DOCS,
        example={"temperature": 0.7, "top_p": 0.9},
        open_ended=True,
    ),
    Field("/layers/llm/extra_body/temperature", Type.NUMBER, "Randomness, 0 to 2.", DOCS),
    Field("/layers/llm/extra_body/top_p", Type.NUMBER, "Nucleus sampling, 0 to 1.", DOCS),
    Field("/layers/llm/default_query", Type.OBJECT, "Query parameters appended to base_url.", DOCS),
    Field("/layers/llm/default_query/*", Type.STRING, "One parameter; may carry a credential.", DOCS, secret=True),
)

TTS = (
    Field("/layers/tts", Type.OBJECT, "The voice.", DOCS),
    Field(
        "/layers/tts/tts_engine",
        Type.STRING,
        "Who speaks.",
        "create-persona, changelog",
        omitted_values=("tavus-auto", "cartesia"),
        enum=("cartesia", "elevenlabs", "azure", "tavus-auto"),
    ),
    Field("/layers/tts/api_key", Type.STRING, "Key of the engine; only for private voices.", DOCS, secret=True),
    Field("/layers/tts/external_voice_id", Type.STRING, "The engine's own voice id.", DOCS),
    Field("/layers/tts/voice_id", Type.STRING, "A voice of the vendor's library.", "observed", library="voice"),
    Field(
        "/layers/tts/tts_model_name", Type.STRING, "The engine's model.", DOCS, omitted_values=("sonic-3", "sonic")
    ),
    Field(
        "/layers/tts/tts_emotion_control",
        Type.BOOLEAN,
        "Whether the engine may colour the voice.",
        DOCS,
        default=True,
    ),
    Field("/layers/tts/voice_settings", Type.OBJECT, "Speed, stability and the like; depends on the engine.", DOCS),
    Field(
        "/layers/tts/pronunciation_dictionary_id",
        Type.STRING,
        "A pronunciation dictionary.",
        "api",
        ref="pronunciation_dictionary",
    ),
    Field(
        "/layers/tts/playht_user_id",
        Type.STRING,
        "Leftover of an engine that is gone.",
        "vendor client",
        deprecated="the playht engine was removed on 2026-01-08",
    ),
)

STT = (
    Field("/layers/stt", Type.OBJECT, "Speech recognition.", DOCS),
    Field(
        "/layers/stt/stt_engine",
        Type.STRING,
        "Who listens.",
        "stt page",
        default="tavus-auto",
        omitted_values=("tavus-turbo", "tavus-advanced"),
        enum=(
            "tavus-auto",
            "tavus-parakeet",
            "tavus-soniox",
            "tavus-whisper",
            "tavus-deepgram-medical",
            "tavus-advanced",
            "tavus-turbo",
        ),
        closed=True,  # any other is answered with 400, on create and on patch (seen live)
    ),
    Field(
        "/layers/stt/hotwords",
        Type.STRING,
        "Words to recognise, as one text.",
        DOCS,
        default="",
        tolerated_types=(Type.STRINGS,),
    ),
    *(
        Field(
            f"/layers/stt/{name}",
            kind,
            doc,
            "stt page of 2025",
            omitted_values=hides,
            tolerated_types=(Type.NUMBER,),
            deprecated="use conversational_flow",
        )
        for name, kind, doc, hides in (
            ("participant_pause_sensitivity", Type.STRING, "How long a pause ends a turn.", ("medium",)),
            ("participant_interrupt_sensitivity", Type.STRING, "How easily the user interrupts.", ("medium",)),
            ("smart_turn_detection", Type.BOOLEAN, "Turn detection of the first generation.", (True, False)),
        )
    ),
)

PERCEPTION = (
    Field("/layers/perception", Type.OBJECT, "What the persona sees and hears beyond words.", DOCS),
    Field(
        "/layers/perception/perception_model",
        Type.STRING,
        'The perception model; write "off" in quotes, plain off is false in YAML.',
        "create-persona, perception page",
        default="raven-1",
        omitted_values=("raven-0", "basic"),
        enum=("raven-1", "raven-0", "basic", "off"),
    ),
    *(
        Field(f"/layers/perception/{name}", kind, doc, "perception page", default=default, deprecated=old)
        for name, kind, doc, default, old in (
            ("visual_awareness_queries", Type.STRINGS, "Questions asked of the picture all the time.", [], None),
            ("audio_awareness_queries", Type.STRINGS, "Questions asked of the sound all the time.", [], None),
            ("perception_analysis_queries", Type.STRINGS, "Questions answered after the call.", [], None),
            ("visual_tool_prompt", Type.STRING, "When to use the visual tools.", "", None),
            ("audio_tool_prompt", Type.STRING, "When to use the audio tools.", "", None),
            (
                "ambient_awareness_queries",
                Type.STRINGS,
                "Old name of visual_awareness_queries.",
                [],
                "renamed to visual_awareness_queries",
            ),
            (
                "perception_tool_prompt",
                Type.STRING,
                "Old name of visual_tool_prompt.",
                "",
                "renamed to visual_tool_prompt",
            ),
            ("tool_prompt", Type.STRING, "Removed.", "", "split into visual_tool_prompt and audio_tool_prompt"),
        )
    ),
    *(
        Field(
            f"/layers/perception/{name}",
            Type.LIST,
            doc,
            "perception page",
            keyed=True,
            default=[],
            deprecated="inline tools are legacy: use the tools registry with origin vision or audio",
        )
        for name, doc in (
            ("visual_tools", "Inline tools fired by what is seen."),
            ("audio_tools", "Inline tools fired by what is heard."),
            ("perception_tools", "Old name of visual_tools."),
        )
    ),
    Field(
        "/layers/perception/emotion_recognition",
        Type.STRING,
        "How much emotion is read.",
        "EU AI Act page",
        default="auto",
        enum=("full", "limited", "auto"),
    ),
)

FLOW = (
    Field(
        "/layers/conversational_flow",
        Type.OBJECT,
        "Turn taking. Absent: off. One field set: the server fills defaults for the others.",
        "create-persona",
    ),
    *(
        Field(
            f"/layers/conversational_flow/{name}",
            Type.STRING,
            doc,
            "conversational flow page",
            default=default,
            default_needs_parent=True,
            enum=enum,
            closed=closed,
            observed_values=OLD_LEVELS if enum is LEVELS else (),
            # Two reports call sparrow-2 the server's default.
            omitted_values=("sparrow-2",) if name == "turn_detection_model" else (),
        )
        for name, doc, default, enum, closed in (
            (
                "turn_detection_model",
                "How the end of a turn is recognised.",
                "sparrow-1",
                ("sparrow-1", "sparrow-0", "time-based", "timebased", "sparrow-2"),
                False,
            ),
            # The Create Persona page closes the list.
            ("turn_taking_patience", "low answers at once, high waits.", "medium", LEVELS, True),
            ("voice_isolation", "Keep to the nearest voice.", "near", ("near", "off"), False),
            ("idle_engagement", "Speak up when nothing is said.", "off", ("off", "patient", "eager"), False),
        )
    ),
    Field(
        "/layers/conversational_flow/interruptibility",
        Type.STRING,
        "How easily the persona is interrupted. Three spellings are known; it is one field.",
        "conversational flow page, vendor client",
        default="medium",
        default_needs_parent=True,
        enum=LEVELS,
        closed=True,
        observed_values=OLD_LEVELS,
        wire_names={"persona": "replica_interruptibility", "pal": "pal_interruptibility"},
        aliases=("face_interruptibility",),
    ),
    *(
        # Texts to the vendor's client; no page says so.
        Field(
            f"/layers/conversational_flow/{name}",
            Type.STRING,
            doc,
            source,
            tolerated_types=(Type.BOOLEAN, Type.OBJECT),
        )
        for name, doc, source in (
            ("noise_cancellation", "Known to the vendor's client only.", "vendor client"),
            ("turn_commitment", "Stands in the create page's example only.", "create-persona example"),
            ("active_listening", "Stands in the create page's example only.", "create-persona example"),
        )
    ),
    *(
        Field(f"/layers/conversational_flow/{name}", kind, doc, source)
        for name, kind, doc, source in (
            ("wake_phrase", Type.STRING, "Words that wake the persona.", "vendor client"),
            ("sleep_phrase", Type.STRING, "Words that put it to sleep; needs wake_phrase.", "vendor client"),
            ("idle_end_behavior", Type.ANY, "Shown by the live API; documented nowhere.", "observed"),
        )
    ),
)

OTHER = (
    Field("/layers/conferencing", Type.OBJECT, "The persona as a guest of meetings.", "vendor client"),
    Field("/layers/conferencing/username", Type.STRING, "Part before @; unique for all accounts.", "vendor client"),
    Field(
        "/layers/conferencing/allowlist",
        Type.STRINGS,
        "Who may invite it.",
        "vendor client",
        default=[],
        set_like=True,
    ),
    Field("/layers/conferencing/whitelabel", Type.BOOLEAN, "Hide the vendor's name.", "vendor client", default=False),
    Field("/layers/conferencing/email", Type.STRING, "Follows from username.", "vendor client", server_owned=True),
    *(
        Field(f"/layers/{name}", Type.OBJECT, doc, source)
        for name, doc, source in (
            ("capabilities", "Switches of the platform.", "vendor client"),
            ("knowledge_base", "How documents are searched.", "vendor client"),
            ("sts", "Speech-to-speech settings.", "vendor client"),
            ("transport", "Where sound and picture go; livekit for an agent of your own.", "vendor client"),
            ("vqa", "The vision layer of the first generation.", "observed"),
        )
    ),
)

SWITCHES = tuple(
    Field(f"/layers/{layer}/{name}", kind, doc, "vendor client")
    for layer, name, kind, doc in (
        ("capabilities", "mcp_enabled", Type.BOOLEAN, "Whether connectors may be used."),
        ("capabilities", "search_enabled", Type.BOOLEAN, "Whether the web may be searched."),
        ("capabilities", "activity_log_enabled", Type.BOOLEAN, "Whether what it does is logged."),
        (
            "capabilities",
            "search_results_prompt_injection_prevention_enabled",
            Type.BOOLEAN,
            "Whether what a search finds is looked through for instructions.",
        ),
        ("knowledge_base", "rag_score_threshold", Type.NUMBER, "How well a passage of a document has to fit."),
        ("knowledge_base", "rag_n_chunks", Type.INTEGER, "How many passages are handed over."),
        (
            "knowledge_base",
            "rag_surrounding_chunk_radius",
            Type.INTEGER,
            "How many passages before and after each go along.",
        ),
        (
            "knowledge_base",
            "enable_rag_observability_app_messages",
            Type.BOOLEAN,
            "Whether the app is told what was found.",
        ),
        ("knowledge_base", "use_procedure_goalchain", Type.BOOLEAN, "Known to the vendor's client only."),
    )
)

MCP = (
    Field(
        "/layers/mcp",
        Type.OBJECT,
        "MCP servers that the persona may hand work to.",
        "observed",
        open_ended=True,
    ),
    Field(
        "/layers/mcp/connectors",
        Type.STRINGS,
        "Connectors (MCP servers) that the persona may hand work to: ids, or {ref: connector.name}.",
        "mcp-connectors page",
        default=[],
        set_like=True,
        ref="connector",
    ),
    Field(
        "/layers/mcp/connector_tools",
        Type.ANY,
        "Keeps the persona to some of the tools of its connectors.",
        "preview-connector-tools page",
    ),
)

LAYERS = LLM + TTS + STT + PERCEPTION + FLOW + OTHER + SWITCHES + MCP
