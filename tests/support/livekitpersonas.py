"""Personas for the LiveKit target: nasty texts, every layer, and strategies for bodies that are well formed."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.core.export.target import AttachedTool, Subject
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from tests.support.records import persona_subject

NASTY = (
    "He said \"no\" and 'yes'.",
    "Three \"\"\" quotes ''' of both",
    "back\\slash \\n \\u0041 \\",
    "{} {name} {{mustache}} ${X} %s %(x)s @STEM@ @SEAL@",
    "emoji \U0001f600 \u4f60\u597d \u05e9\u05dc\u05d5\u05dd \u2028 \u2029 \x85 \u200b",
    "tabs\tand\nlines\r\nand\x00nul\x1b[31m",
    "sha256:" + "0" * 64,
    "x" * 20_000,
    "# comment\n---\n<!-- -->\n```python\nimport os\n```",
)
TEXTS = st.sampled_from(NASTY) | st.text(max_size=40)
NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True) | st.sampled_from(
    ["json", "livekit", "class", "asyncio", "1a", "-".join("abc"), "openai", "con", "match", "__init__"]
)
TOOL_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,10}", fullmatch=True) | st.sampled_from(
    ["import", "HANDLERS", "RunContext", "None", "print", "a-b", "a_b", "__name__", "ToolError"]
)
SCHEMAS: st.SearchStrategy[Object] = st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "properties": st.dictionaries(
            st.from_regex(r"[a-z]{1,6}", fullmatch=True),
            st.fixed_dictionaries({"type": st.sampled_from(["string", "number"]), "description": TEXTS}),
            max_size=3,
        ),
    }
)
FUNCTIONS: st.SearchStrategy[Object] = st.fixed_dictionaries(
    {"name": TOOL_NAMES, "description": TEXTS, "parameters": SCHEMAS}
)
HOSTED: st.SearchStrategy[Object] = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["tavus-gpt-oss", "tavus-glm-4.7", "tavus-claude-haiku-4.5", "tavus-x", "gpt-4o"]),
        "extra_body": st.fixed_dictionaries({"temperature": st.floats(0, 2), "top_p": st.floats(0, 1)}),
        "speculative_inference": st.booleans(),
        "tools": st.lists(FUNCTIONS.map(lambda one: {"type": "function", "function": one}), max_size=3),
    },
)
OWN: st.SearchStrategy[Object] = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["m", "meta/llama"]),
        "base_url": st.just("https://llm.example/v1"),
        "api_key": st.sampled_from([SecretRef("env", "KEY"), SecretRef("file", "k")]),
    },
    optional={
        "headers": st.just({"X-A": SecretRef("env", "HEADER"), "accept": "text/plain"}),
        "default_query": st.just({"api-version": "1"}),
        "extra_body": st.just({"temperature": 0.5, "seed": 1, "metadata": {"env": "prod"}}),
    },
)
VOICES: st.SearchStrategy[Object] = st.sampled_from(
    [
        {},
        {"tts_engine": "cartesia", "tts_model_name": "sonic-2", "external_voice_id": "v"},
        {"tts_engine": "cartesia", "tts_model_name": "sonic-3", "voice_settings": {"speed": 0.9, "volume": 1.1}},
        {"tts_engine": "cartesia", "voice_settings": {"speed": "fastest", "emotion": ["anger:high"]}},
        {"tts_engine": "cartesia", "api_key": SecretRef("env", "VOICE_KEY"), "external_voice_id": "v"},
        {"tts_engine": "elevenlabs", "external_voice_id": "v", "voice_settings": {"stability": 0.4, "speed": 1.1}},
        {"tts_engine": "elevenlabs", "tts_model_name": "eleven_flash_v2_5", "api_key": SecretRef("env", "E")},
        {"tts_engine": "azure", "external_voice_id": "en-US-AvaNeural"},
        {"tts_engine": "playht", "tts_model_name": "play3"},
        {"voice_id": "library-voice"},
    ]
)
BODIES: st.SearchStrategy[Object] = st.fixed_dictionaries(
    {
        "system_prompt": TEXTS.filter(bool),
        "layers": st.fixed_dictionaries(
            {"llm": HOSTED | OWN},
            optional={
                "tts": VOICES,
                "stt": st.fixed_dictionaries(
                    {"stt_engine": st.sampled_from(["tavus-auto", "tavus-whisper", "tavus-deepgram-medical", "new"])},
                    optional={"hotwords": st.sampled_from(["Roey, Acme Corp", "This is a sentence of many words."])},
                ),
                "conversational_flow": st.fixed_dictionaries(
                    {
                        "turn_taking_patience": st.sampled_from(["low", "medium", "high"]),
                        "interruptibility": st.sampled_from(["low", "medium", "high"]),
                    }
                ),
            },
        ),
    },
    optional={"pal_name": TEXTS, "greeting": TEXTS, "default_face_id": st.just("r90bbd427f71")},
)
ATTACHED = st.lists(FUNCTIONS, max_size=3, unique_by=lambda one: str(one["name"])).map(
    lambda tools: tuple(AttachedTool(str(one["name"]), one) for one in tools)
)


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """A persona that the loader would take."""
    body = draw(BODIES)
    tools = draw(ATTACHED)
    listed: list[Json] = [tool.name for tool in tools]
    spec: Object = {**body, **({"tools": listed} if listed else {})}
    id = draw(st.sampled_from([None, "p0123456789a"]))
    return persona_subject(draw(NAMES), spec, id, tools)


def persona(name: str = "desk", **body: Json) -> Subject:
    """A persona by its body in canonical words."""
    return persona_subject(name, dict(body))
