"""Settings of a LiveKit agent, part by part: what arrives, what arrives as something near, what is left and why."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.api.offline import load_catalogue
from reconciler.core.canonical.canonical_form import leaves
from reconciler.core.export.target import AttachedTool, Subject, is_untouched
from reconciler.core.text import has_hidden
from reconciler.platforms.livekit.agent_settings import (
    FACE,
    AgentSettings,
    agent_settings,
    remarks_text,
    settings_text,
)
from reconciler.platforms.livekit.livekit_target import generate, module_text
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object, within
from tests.support.bodies import bodies
from tests.support.livekitpersonas import NASTY, persona, subjects
from tests.support.livekitworld import KNOWLEDGE
from tests.support.records import persona_subject

CATALOGUE = load_catalogue()
LOOKUP: Object = {"name": "lookup", "description": "Looks up.", "parameters": {"type": "object", "properties": {}}}


def settings(subject: Subject) -> AgentSettings:
    return agent_settings(subject, "desk", CATALOGUE)


def made(**body: Json) -> AgentSettings:
    return settings(persona(**body))


def llm(**layer: Json) -> AgentSettings:
    return made(system_prompt="Hi", layers={"llm": layer})


def tts(**layer: Json) -> AgentSettings:
    return made(system_prompt="Hi", layers={"tts": layer})


def lost(found: AgentSettings) -> list[str]:
    return [remark.path for remark in found.not_carried]


def adjusted(found: AgentSettings) -> list[str]:
    return [remark.path for remark in found.adjusted]


def part(found: AgentSettings, name: str) -> Any:
    return found.values[name]


MARKS = st.sampled_from(["$env", "$literal", "x"])
PLANTED = st.recursive(
    st.sampled_from(["AWS_SECRET_ACCESS_KEY", "text", 1, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(MARKS, inner, max_size=2),
    max_leaves=6,
)


def resolver(stem: str = "desk") -> Callable[[object], object]:
    """What a generated agent resolves its settings with."""
    tree = ast.parse(module_text(made(), stem))
    (found,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "resolve")
    names: dict[str, Any] = {"os": os, "Any": Any}
    exec(compile(ast.Module([found], []), "agent", "exec"), names)
    return names["resolve"]  # type: ignore[no-any-return]


@settings_of(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["$env", "$literal", "metadata", "stop"]), PLANTED, max_size=3))
def test_data_that_looks_like_a_variable_stays_data(monkeypatch: pytest.MonkeyPatch, planted: Object) -> None:
    """An editor of the account plants marks of ours; a reference of the manifest beside them is one all the same."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the secret of the machine")
    monkeypatch.setenv("MINE", "mine")
    monkeypatch.setenv("PERSONA_DESK_LLM_API_KEY", "key")
    body: Object = {
        "own": {"deep": planted, "$env": SecretRef("env", "MINE")},
        "held": {"$env": SecretRef("env", "MINE")},
    }
    found = llm(model="m", base_url="https://llm.example/v1", extra_body={**body, "planted": planted})
    arguments = resolver()(json.loads(settings_text(found.values))["llm"]["arguments"])
    assert isinstance(arguments, dict)
    assert arguments["extra_body"] == {
        "own": {"deep": planted, "$env": "mine"}, "held": {"$env": "mine"}, "planted": planted
    }  # fmt: skip


class TestLanguageModel:
    @pytest.mark.parametrize("model", sorted(CATALOGUE.tables["llm"]))
    def test_every_hosted_model_becomes_one_that_exists(self, model: str) -> None:
        found = llm(model=model)
        service, arguments = part(found, "llm")["service"], part(found, "llm")["arguments"]
        assert (service == "inference") == (arguments["model"] in CATALOGUE.livekit.models)
        nearest = CATALOGUE.livekit.nearest.get(model)
        if nearest is not None and nearest.id:
            assert arguments == {"model": nearest.id}
        if nearest is None or nearest.confidence != "high":
            assert "/layers/llm/model" in adjusted(found)

    def test_claude_has_a_plugin(self) -> None:
        found = llm(model="tavus-claude-haiku-4.5", extra_body={"temperature": 0.2, "top_p": 0.9})
        assert part(found, "llm") == {
            "service": "anthropic", "arguments": {"model": "claude-haiku-4-5", "temperature": 0.2},
        }  # fmt: skip
        assert "ANTHROPIC_API_KEY" in found.environment
        assert lost(found) == ["/layers/llm/extra_body/top_p"]

    @pytest.mark.parametrize("layer", [{}, {"model": "tavus-nobody-knows"}, {"model": None}])
    def test_without_a_known_model_the_default_stands_in_and_says_so(self, layer: Any) -> None:
        found = llm(**layer)
        default = CATALOGUE.livekit.nearest[str(CATALOGUE.default())].id
        assert part(found, "llm")["arguments"] == {"model": default}
        assert "/layers/llm/model" in adjusted(found)

    def test_the_catalogue_of_a_project_decides(self) -> None:
        more = load_catalogue({"livekit": {"nearest": {"tavus-new": {"id": "openai/gpt-5.4", "confidence": "high"}}}})
        found = agent_settings(persona(layers={"llm": {"model": "tavus-new"}}), "desk", more)
        assert found.model == "openai/gpt-5.4"
        assert "/layers/llm/model" not in adjusted(found)

    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            ("openai/gpt-5.2", "openai/gpt-5.2"),
            ("no-such/model", "no-such/model"),
            ("gpt-4o", "openai/gpt-4o"),
            ("openai/gpt-realtime-2", "openai/gpt-realtime-2.1"),
        ],
    )
    def test_a_model_in_livekits_words_is_taken(self, model: str, expected: str) -> None:
        assert llm(model=model).model == expected

    def test_sampling_goes_along_and_nothing_else(self) -> None:
        found = llm(model="tavus-gpt-oss", extra_body={"temperature": "0.7", "top_p": 0.9, "seed": 3})
        assert part(found, "llm")["arguments"]["extra_kwargs"] == {"temperature": 0.7, "top_p": 0.9}
        assert lost(found) == ["/layers/llm/extra_body/seed"]

    def test_a_parameter_that_is_no_number_stays_behind(self) -> None:
        found = llm(model="tavus-gpt-oss", extra_body={"temperature": "hot", "top_p": True})
        assert "extra_kwargs" not in part(found, "llm")["arguments"]
        assert lost(found) == ["/layers/llm/extra_body/temperature", "/layers/llm/extra_body/top_p"]

    def test_ones_own_endpoint_is_the_openai_plugin_with_everything(self) -> None:
        found = llm(
            model="m", base_url="https://llm.example/v1", api_key=SecretRef("env", "KEY"),
            headers={"X-A": SecretRef("env", "HEADER")}, default_query={"v": "1"},
            extra_body={"temperature": 0.1, "seed": 3, "metadata": {"env": "prod"}},
        )  # fmt: skip
        assert part(found, "llm") == {
            "service": "openai",
            "arguments": {
                "model": "m", "base_url": "https://llm.example/v1", "api_key": {"$env": "KEY"},
                "extra_headers": {"X-A": {"$env": "HEADER"}}, "extra_query": {"v": "1"}, "temperature": 0.1,
                "extra_body": {"seed": 3, "metadata": {"env": "prod"}},
            },
        }  # fmt: skip
        assert {"KEY", "HEADER"} <= set(found.environment)
        assert lost(found) == []

    def test_an_endpoint_without_a_key_never_gets_that_of_another(self) -> None:
        found = llm(model="m", base_url="https://llm.example/v1")
        assert part(found, "llm")["arguments"]["api_key"] == {"$env": "PERSONA_DESK_LLM_API_KEY"}

    def test_an_endpoint_beside_a_hosted_model_is_named(self) -> None:
        found = llm(model="tavus-gpt-oss", base_url="https://x.example", api_key=SecretRef("env", "K"))
        assert part(found, "llm")["service"] == "inference"
        assert lost(found) == ["/layers/llm/base_url", "/layers/llm/api_key"]


class TestVoice:
    @pytest.mark.parametrize("model", sorted(CATALOGUE.livekit.voices))
    def test_cartesia_is_served(self, model: str) -> None:
        found = tts(tts_engine="cartesia", tts_model_name=model, external_voice_id="v")
        expected = {"service": "inference", "arguments": {"model": CATALOGUE.livekit.voices[model], "voice": "v"}}
        assert part(found, "tts") == expected
        assert lost(found) == []

    def test_settings_of_the_voice(self) -> None:
        found = tts(voice_settings={"speed": "slowest", "volume": 1.2, "emotion": ["anger:high"], "x": 1})
        assert part(found, "tts")["arguments"]["extra_kwargs"] == {"speed": 0.6, "volume": 1.2}
        assert "/layers/tts/voice_settings/speed" in adjusted(found)
        assert lost(found) == ["/layers/tts/voice_settings/emotion", "/layers/tts/voice_settings/x"]

    @pytest.mark.parametrize(
        ("model", "value", "sent"),
        [("sonic-2", "fastest", "fast"), ("sonic-2", -0.5, -0.5), ("sonic-3", "fast", 1.2)],
    )
    def test_speed_is_what_the_model_takes(self, model: str, value: Json, sent: Json) -> None:
        found = tts(tts_model_name=model, voice_settings={"speed": value})
        assert part(found, "tts")["arguments"]["extra_kwargs"] == {"speed": sent}

    def test_a_speed_that_the_model_refuses_stays_behind(self) -> None:
        found = tts(tts_model_name="sonic-3", voice_settings={"speed": -0.5, "volume": 9})
        assert "extra_kwargs" not in part(found, "tts")["arguments"]
        assert lost(found) == ["/layers/tts/voice_settings/speed", "/layers/tts/voice_settings/volume"]

    def test_a_private_voice_needs_the_plugin(self) -> None:
        found = tts(api_key=SecretRef("env", "CARTESIA"), external_voice_id="v")
        assert part(found, "tts") == {
            "service": "cartesia", "arguments": {"model": "sonic-3", "voice": "v", "api_key": {"$env": "CARTESIA"}},
        }  # fmt: skip

    def test_elevenlabs(self) -> None:
        found = tts(
            tts_engine="elevenlabs", external_voice_id="v", tts_model_name="eleven_flash_v2_5",
            voice_settings={"stability": "0.3", "use_speaker_boost": True, "unknown": 1},
        )  # fmt: skip
        assert part(found, "tts") == {
            "service": "elevenlabs",
            "arguments": {
                "voice_id": "v", "model": "eleven_flash_v2_5",
                "voice_settings": {"stability": 0.3, "use_speaker_boost": True, "similarity_boost": 0.75},
            },
        }  # fmt: skip
        assert "ELEVEN_API_KEY" in found.environment
        assert lost(found) == ["/layers/tts/voice_settings/unknown"]

    def test_azure(self) -> None:
        found = tts(tts_engine="azure", external_voice_id="en-US-AvaNeural", api_key=SecretRef("env", "AZ"))
        assert part(found, "tts")["arguments"] == {"voice": "en-US-AvaNeural", "speech_key": {"$env": "AZ"}}
        assert {"AZ", "AZURE_SPEECH_REGION"} <= set(found.environment)

    def test_an_engine_that_is_gone_and_a_voice_of_the_library(self) -> None:
        found = tts(tts_engine="playht", tts_model_name="p", voice_id="lib")
        assert part(found, "tts")["arguments"]["model"] == "cartesia/sonic-3"
        assert lost(found) == ["/layers/tts/tts_model_name", "/layers/tts/voice_id"]

    def test_without_a_voice_the_change_is_said(self) -> None:
        assert "/layers/tts/external_voice_id" in adjusted(made(system_prompt="Hi"))

    def test_emotion_and_dictionary_are_left_with_a_way(self) -> None:
        found = tts(tts_emotion_control=True, pronunciation_dictionary_id="d1")
        assert lost(found) == ["/layers/tts/tts_emotion_control", "/layers/tts/pronunciation_dictionary_id"]
        assert all(remark.instead for remark in found.not_carried)


class TestEars:
    @pytest.mark.parametrize("engine", sorted(CATALOGUE.livekit.ears))
    def test_every_engine_has_an_ear(self, engine: str) -> None:
        found = made(system_prompt="Hi", layers={"stt": {"stt_engine": engine}})
        ear = CATALOGUE.livekit.ears[engine]
        assert part(found, "stt")["arguments"] == {"model": ear.id, "language": ear.language}
        assert "/layers/stt/stt_engine" in adjusted(found)

    def test_every_engine_of_the_catalogue_is_thought_of(self) -> None:
        assert set(CATALOGUE.tables["stt_engine"]) == set(CATALOGUE.livekit.ears)

    @pytest.mark.parametrize(("languages", "heard"), [(["de"], "de"), (["en", "de"], "multi"), (["german"], "multi")])
    def test_one_language_is_listened_for(self, languages: Json, heard: str) -> None:
        found = made(system_prompt="Hi", languages=languages)
        assert part(found, "stt")["arguments"]["language"] == heard
        assert ("/languages" in lost(found)) == (heard == "multi")

    def test_hotwords_are_terms_and_a_sentence_is_none(self) -> None:
        found = made(layers={"stt": {"hotwords": "Roey, Acme Corp;Roey"}})
        assert part(found, "keyterms") == ["Roey", "Acme Corp"]
        assert lost(found) == []
        found = made(layers={"stt": {"hotwords": "Roey is the name of the person here"}})
        assert part(found, "keyterms") == []
        assert lost(found) == ["/layers/stt/hotwords"]


class TestTurns:
    def test_levels_are_ordered(self) -> None:
        def at(level: str) -> Any:
            flow: Json = {"turn_taking_patience": level, "interruptibility": level}
            return part(made(layers={"conversational_flow": flow}), "turn_handling")

        low, medium, high = at("low"), at("medium"), at("high")
        for name in ("min_delay", "max_delay"):
            assert low["endpointing"][name] < medium["endpointing"][name] < high["endpointing"][name]
        assert low["interruption"]["min_duration"] > medium["interruption"]["min_duration"]
        assert medium["interruption"]["min_duration"] > high["interruption"]["min_duration"]

    @pytest.mark.parametrize("ahead", [True, False])
    def test_speculative_inference(self, ahead: bool) -> None:
        found = llm(model="tavus-gpt-oss", speculative_inference=ahead)
        assert part(found, "turn_handling") == {"preemptive_generation": {"enabled": ahead}}
        assert lost(found) == []

    def test_nothing_said_nothing_set(self) -> None:
        assert part(made(system_prompt="Hi"), "turn_handling") == {}

    def test_the_rest_is_named(self) -> None:
        flow: Json = {"turn_detection_model": "sparrow-1", "voice_isolation": "near", "wake_phrase": "hey"}
        assert len(lost(made(layers={"conversational_flow": flow}))) == 3


class TestTools:
    def test_registry_and_inline_tools(self) -> None:
        inline: Json = {"type": "function", "function": {"name": "note", "parameters": {}}}
        subject = persona_subject("desk", {"tools": ["lookup"], "layers": {"llm": {"tools": [inline]}}}, None,
            (AttachedTool("lookup", LOOKUP),),
        )  # fmt: skip
        found = settings(subject)
        empty = {"type": "object", "properties": {}}
        assert part(found, "tools") == [LOOKUP, {"name": "note", "description": "", "parameters": empty}]
        assert lost(found) == []

    def test_a_name_is_there_once(self) -> None:
        inline: Json = [{"name": "lookup"}, {"name": "lookup"}, {"nameless": 1}]
        subject = persona_subject(
            "desk",
            {"layers": {"llm": {"tools": inline}}},
            None,
            (AttachedTool("lookup", LOOKUP),),
        )
        found = settings(subject)
        assert len(part(found, "tools")) == 1
        assert lost(found).count("/layers/llm/tools/lookup") == 2
        assert "/layers/llm/tools" in lost(found)

    @pytest.mark.parametrize(
        ("more", "path"),
        [
            ({"origin": "vision"}, "tool.lookup/origin"),
            ({"origin": "audio"}, "tool.lookup/origin"),
            ({"trigger_type": "post_call"}, "tool.lookup/trigger_type"),
        ],
    )
    def test_what_nothing_would_call_is_no_tool(self, more: Object, path: str) -> None:
        spec: Object = {**LOOKUP, **more}
        found = settings(persona_subject("desk", {"tools": ["lookup"]}, None, (AttachedTool("lookup", spec),)))
        assert part(found, "tools") == []
        assert lost(found) == [path]

    def test_delivery_and_fillers_are_the_handlers_business(self) -> None:
        api: Json = {"url": "https://user:hush@api.example/v1/x?key=hush2", "method": "PUT", "headers": {"A": "b"}}
        spec: Object = {**LOOKUP, "on_call": "static_filler", "static_filler": "A moment.", "delivery": {"api": api}}
        found = settings(persona_subject("desk", {"tools": ["lookup"]}, None, (AttachedTool("lookup", spec),)))
        assert lost(found) == ["tool.lookup/delivery/api", "tool.lookup/on_call"]
        assert any("PUT https://api.example/v1/x" in note for note in found.tools[0].notes)
        assert "hush" not in json.dumps(found.values)

    def test_a_tool_that_nobody_knows_is_named(self) -> None:
        found = settings(persona_subject("desk", {"tools": ["other"]}, None, (AttachedTool("other", None),)))
        assert lost(found) == ["tool.other"]
        assert "-w" in found.not_carried[0].instead


class TestTheRest:
    @pytest.mark.parametrize("prompt", NASTY)
    def test_the_prompt_is_what_it_was(self, prompt: str) -> None:
        text = settings_text(made(system_prompt=prompt, greeting=prompt).values)
        assert json.loads(text)["instructions"] == prompt
        assert json.loads(text)["greeting"] == prompt
        assert is_untouched(text.encode())

    def test_context_goes_behind_the_prompt(self) -> None:
        assert part(made(system_prompt="A.\n", context=" B. "), "instructions") == "A.\n\nB."
        assert part(made(system_prompt="A. B.", context="B."), "instructions") == "A. B."
        assert part(made(context="B."), "instructions") == "B."

    def test_the_id_or_the_variable_that_holds_it(self) -> None:
        known = settings(persona_subject("desk", {"default_face_id": "r1"}, "p1"))
        assert part(known, "avatar") == {"pal_id": "p1", "face_id": "r1"}
        assert "TAVUS_PAL_ID" not in known.environment
        unknown = made(system_prompt="Hi")
        assert part(unknown, "avatar") == {"pal_id": {"$env": "TAVUS_PAL_ID"}}
        assert "TAVUS_PAL_ID" in unknown.environment

    @given(bodies("persona", more=("/brand_new", "/layers/brand/new")))
    def test_whatever_was_said_arrives_or_is_named(self, body: Object) -> None:
        found = made(**body)
        told = [*lost(found), *adjusted(found), *FACE]
        shown = json.dumps(found.values, ensure_ascii=False, default=str)
        for path, value in leaves(KINDS.get("persona"), body).items():
            if isinstance(value, str) and len(value) > 5 and value not in ("", "off"):
                named = any(within(path, one) or within(one, path) for one in told)
                arrived = json.dumps(value, ensure_ascii=False)[1:-1] in shown
                assert named or arrived, (path, value)

    @given(bodies("persona"), bodies("tool"))
    def test_any_body_becomes_files_that_are_the_same_every_time(self, body: Object, tool: Object) -> None:
        subject = persona_subject("desk", body, None, (AttachedTool("t", tool),))
        first, second = generate([subject], KNOWLEDGE), generate([subject], KNOWLEDGE)
        assert first == second
        for file in first[0].files:
            file.text.encode("utf-8")
            if file.path.endswith(".json"):
                json.loads(file.text)
            if file.path.endswith(".py"):
                compile(file.text, file.path, "exec")
            assert file.user_owned or is_untouched(file.text.encode())

    @given(subjects())
    def test_a_well_formed_persona_has_no_unknown_field(self, subject: Subject) -> None:
        for one in generate([subject], KNOWLEDGE):
            assert not [remark for remark in one.not_carried if "unknown here" in remark.reason]


def test_no_hidden_character_of_a_text_stands_in_the_settings() -> None:
    hidden = "a\x1b[31m\u202eb\u200b\x7f\U000e0041\ud800\u2028"
    text = settings_text(made(system_prompt=hidden, greeting=hidden).values)
    assert not has_hidden(text)
    assert json.loads(text)["greeting"] == hidden


LURES = "`](https://evil.example) ![t](https://evil.example/t.png) <img src=x> https://evil.example @octocat\n# x"


def test_nothing_of_the_account_is_markup_in_what_was_not_carried() -> None:
    layers: Json = {
        "llm": {"model": LURES, LURES: LURES, "extra_body": {LURES: LURES}},
        "stt": {"stt_engine": LURES, "hotwords": LURES, LURES: "x"},
        "tts": {"tts_engine": LURES, "tts_model_name": LURES, "voice_settings": {LURES: LURES, "speed": LURES}},
    }
    found = made(**{LURES: LURES, "layers": layers})
    assert any("evil.example" in remark.path for remark in found.not_carried)
    assert any("evil.example" in remark.reason for remark in (*found.not_carried, *found.adjusted))
    shown = MarkdownIt("commonmark").render(remarks_text(found))
    said = re.sub(r"<code>[^<]*</code>", "", shown)
    assert not [lure for lure in ("<a ", "<img", "@octocat", "https://") if lure in said]
    assert shown.count("<h1>") == 1
