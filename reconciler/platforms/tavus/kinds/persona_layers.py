"""The fields under a persona's `layers`: llm, tts, stt, perception, conversational flow and the rest."""

from __future__ import annotations

from reconciler.types.kind import Field, Type

LEVELS = ("low", "medium", "high")
DOCS = "create-persona, LLM page"

LLM = (
    Field("/layers/llm", Type.OBJECT, "The language model: a hosted one, or your own OpenAI-compatible one.", DOCS),
    Field(
        "/layers/llm/model",
        Type.STRING,
        "A hosted model id (tavus-...) or the name of your own model. The server's default moves: pin it.",
        DOCS,
        hides=(
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
    Field("/layers/llm/headers", Type.OBJECT, "Extra headers sent to your own LLM.", DOCS),
    Field("/layers/llm/headers/*", Type.STRING, "One header; may carry a credential.", DOCS, secret=True),
    Field(
        "/layers/llm/extra_body",
        Type.OBJECT,
        "Further request parameters. Hosted models take temperature and top_p.",
        DOCS,
        example={"temperature": 0.7, "top_p": 0.9},
        free=True,
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
        hides=("tavus-auto", "cartesia"),
        enum=("cartesia", "elevenlabs", "azure", "tavus-auto"),
    ),
    Field("/layers/tts/api_key", Type.STRING, "Key of the engine; only for private voices.", DOCS, secret=True),
    Field("/layers/tts/external_voice_id", Type.STRING, "The engine's own voice id.", DOCS),
    Field("/layers/tts/voice_id", Type.STRING, "A voice of the vendor's library.", "observed", library="voice"),
    Field("/layers/tts/tts_model_name", Type.STRING, "The engine's model.", DOCS, hides=("sonic-3", "sonic")),
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
        hides=("tavus-turbo", "tavus-advanced"),
        enum=(
            "tavus-auto",
            "tavus-parakeet",
            "tavus-soniox",
            "tavus-whisper",
            "tavus-deepgram-medical",
            "tavus-advanced",
            "tavus-turbo",
        ),
    ),
    Field(
        "/layers/stt/hotwords",
        Type.STRING,
        "Words to recognise, as one text.",
        DOCS,
        default="",
        also=(Type.STRINGS,),
    ),
    *(
        Field(
            f"/layers/stt/{name}",
            kind,
            doc,
            "stt page of 2025",
            hides=hides,
            also=(Type.NUMBER,),
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
        hides=("raven-0", "basic"),
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
        "observed",
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
            conditional=True,
            enum=enum,
        )
        for name, doc, default, enum in (
            (
                "turn_detection_model",
                "How the end of a turn is recognised.",
                "sparrow-1",
                ("sparrow-1", "sparrow-0", "time-based", "timebased", "sparrow-2"),
            ),
            ("turn_taking_patience", "low answers at once, high waits.", "medium", LEVELS),
            ("voice_isolation", "Keep to the nearest voice.", "near", ("near", "off")),
            ("idle_engagement", "Speak up when nothing is said.", "off", ("off", "patient", "eager")),
        )
    ),
    Field(
        "/layers/conversational_flow/interruptibility",
        Type.STRING,
        "How easily the persona is interrupted. Three spellings are known; it is one field.",
        "conversational flow page, vendor client",
        default="medium",
        conditional=True,
        enum=LEVELS,
        words={"persona": "replica_interruptibility", "pal": "pal_interruptibility"},
        spellings=("face_interruptibility",),
    ),
    *(
        Field(f"/layers/conversational_flow/{name}", kind, doc, source)
        for name, kind, doc, source in (
            ("wake_phrase", Type.STRING, "Words that wake the persona.", "vendor client"),
            ("sleep_phrase", Type.STRING, "Words that put it to sleep; needs wake_phrase.", "vendor client"),
            # Nobody documents the type of these three.
            ("noise_cancellation", Type.ANY, "Known to the vendor's client only.", "vendor client"),
            ("turn_commitment", Type.ANY, "Stands in the create page's example only.", "create-persona example"),
            ("active_listening", Type.ANY, "Stands in the create page's example only.", "create-persona example"),
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
    Field("/layers/conferencing/email", Type.STRING, "Follows from username.", "vendor client", server=True),
    *(
        Field(f"/layers/{name}", Type.OBJECT, doc, source)
        for name, doc, source in (
            ("capabilities", "Switches of the platform.", "vendor client"),
            ("knowledge_base", "How documents are searched.", "vendor client"),
            ("sts", "Speech-to-speech settings.", "vendor client"),
            ("transport", "Where sound and picture go; livekit for an agent of your own.", "vendor client"),
            ("mcp", "MCP connectors.", "observed"),
            ("vqa", "The vision layer of the first generation.", "observed"),
        )
    ),
)

LAYERS = LLM + TTS + STT + PERCEPTION + FLOW + OTHER
