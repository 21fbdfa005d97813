"""The project of an agent for Node: its files, and that no text of a persona gets out of its place."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.export.target import AttachedTool, Generated, Subject, is_untouched
from reconciler.platforms.livekit.livekit_target import generate
from reconciler.types.address import SecretRef
from reconciler.types.json import Json
from tests.support.bodies import bodies
from tests.support.livekitpersonas import NASTY, persona, subjects
from tests.support.livekitworld import KNOWLEDGE
from tests.support.records import persona_subject

NODE = replace(KNOWLEDGE, language="node")
BREAKERS = (
    *NASTY, "` ${process.exit()} `", "*/ evil() /*", "</script>", "\\u2028evil()", "\u2028evil()\u2029x", "'\"`\\",
    "__proto__", "constructor",
)  # fmt: skip
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def made(subject: Subject) -> Generated:
    return generate([subject], NODE)[0]


def text(one: Generated, name: str) -> str:
    return next(file.text for file in one.files if file.path.endswith(f"/{name}"))


def test_the_files_of_an_agent() -> None:
    one = made(persona("claims-desk", system_prompt="Hi"))
    assert [file.path.removeprefix("claims_desk-node/") for file in one.files] == [
        "agent.ts", "tavus.ts", "settings.json", "package.json", "tsconfig.json", ".env.example", ".gitignore",
        "NOT_CARRIED.md", "README.md", "tools.ts",
    ]  # fmt: skip
    assert [file.path for file in one.files if file.user_owned] == ["claims_desk-node/tools.ts"]
    assert all(is_untouched(file.text.encode()) for file in one.files if not file.user_owned)


@settings(max_examples=40, deadline=None)
@given(bodies("persona") | subjects().map(lambda subject: subject.spec))
def test_code_is_the_same_whatever_a_persona_says(body: dict[str, Json]) -> None:
    """No value of a persona is in the sources: those of the same services are byte for byte the same."""
    one = made(persona_subject("desk", body))
    if one.skipped:
        return
    code = text(one, "agent.ts")
    assert text(one, "tavus.ts") == text(made(persona("desk")), "tavus.ts")
    strings = set(re.findall(r"'([^'\n]*)'", code))
    assert strings <= {
        "@livekit/agents", "node:fs", "node:path", "node:url", "./tavus.js", "./tools.js", "dist", "settings.json",
        "utf8", "object", "$env", "llm", "stt", "tts", "chat", "openai",
        *(f"@livekit/agents-plugin-{name}" for name in ("openai", "google", "elevenlabs", "cartesia")),
        "s own: headers, query and members of the body go along with each request. */",
        "s tools, with their JSON schemas and the handlers of tools.ts. */", "s prompt and tools. */",
    } | {found for found in strings if "persona" in found or "LiveKit" in found}  # fmt: skip
    assert code.isascii()


@given(st.lists(st.sampled_from(BREAKERS) | st.text(min_size=1, max_size=30), min_size=1, max_size=4, unique=True))
def test_handlers_hold_names_and_descriptions_in_strings_and_comments_only(texts: list[str]) -> None:
    tools = tuple(AttachedTool(one, {"name": one, "description": one[::-1]}) for one in texts)
    listed: list[Json] = [*texts]
    source = text(made(persona_subject("desk", {"tools": listed}, None, tools)), "tools.ts")
    plain = text(made(persona("desk")), "tools.ts")
    lines = source.split("\n")
    assert source.startswith(plain[: plain.rindex("]);")])
    bare = [STRING.sub("S", line) for line in lines if not line.lstrip().startswith("//")]
    body = bare[len([line for line in plain.split("\n") if not line.lstrip().startswith("//")]) - 2 : -2]
    assert set(body) <= {
        "  [", "    S,", "    async (args, { ctx }) => {", "      throw new llm.ToolError(S);", "    },", "  ],",
    }  # fmt: skip
    names = [json.loads(line.strip().rstrip(",")) for line in lines if re.fullmatch(r'    ".*",', line)]
    assert names == texts
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", source)


@pytest.mark.parametrize("nasty", BREAKERS)
def test_settings_say_what_the_persona_says(nasty: str) -> None:
    one = made(persona(system_prompt=nasty, greeting=nasty, pal_name=nasty))
    settings = json.loads(text(one, "settings.json"))
    assert (settings["instructions"], settings["greeting"], settings["name"]) == (nasty,) * 3


def test_words_and_units_are_those_of_node() -> None:
    flow: Json = {"turn_taking_patience": "high", "interruptibility": "low"}
    tts: Json = {"tts_engine": "elevenlabs", "external_voice_id": "v", "voice_settings": {"stability": 0.4}}
    llm: Json = {"model": "m", "base_url": "https://x.example/v1", "api_key": SecretRef("env", "K"),
                 "headers": {"A": "b"}, "extra_body": {"seed": 1, "top_p": 0.5}}  # fmt: skip
    one = made(persona(layers={"conversational_flow": flow, "tts": tts, "llm": llm}))
    settings = json.loads(text(one, "settings.json"))
    assert settings["turnHandling"] == {
        "endpointing": {"minDelay": 1000, "maxDelay": 5000}, "interruption": {"minDuration": 1000, "minWords": 3},
    }  # fmt: skip
    assert settings["tts"]["arguments"]["voiceId"] == "v"
    assert settings["tts"]["arguments"]["voiceSettings"]["similarity_boost"] == 0.75
    assert settings["llm"]["arguments"] == {
        "model": "m", "baseURL": "https://x.example/v1", "apiKey": {"$env": "K"}, "headers": {"A": "b"},
        "topP": 0.5, "body": {"seed": 1},
    }  # fmt: skip
    packages = json.loads(text(one, "package.json"))["dependencies"]
    assert {"openai", "@livekit/agents-plugin-openai", "@livekit/agents-plugin-elevenlabs"} <= set(packages)


def test_what_node_lacks_is_said_in_its_words() -> None:
    one = made(
        persona(layers={"tts": {"tts_engine": "azure", "external_voice_id": "v", "tts_emotion_control": True}})
    )
    lost = {remark.path: remark for remark in one.not_carried}
    assert "/layers/tts/external_voice_id" in lost
    assert lost["/layers/tts/tts_emotion_control"].instead == "expressive: true of AgentSession"
    assert "no plugin for Node" in next(one.reason for one in one.adjusted if one.path.endswith("tts_engine"))


def test_a_private_voice_of_cartesia_takes_the_release_that_its_plugin_asks_for() -> None:
    one = made(persona(layers={"tts": {"api_key": SecretRef("env", "K"), "external_voice_id": "v"}}))
    packages = json.loads(text(one, "package.json"))["dependencies"]
    assert len({version for name, version in packages.items() if name.startswith("@livekit/agents")}) == 1
    assert "new cartesia.TTS" in text(one, "agent.ts")
