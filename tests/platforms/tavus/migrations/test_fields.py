"""What each migration of fields does in the cases that its own example does not show."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from reconciler.core.migration_result import Status
from reconciler.types.json import Json, Object
from tests.support.migrating import Project, said


def after(body: Object, *only: str, **answers: dict[str, str]) -> Json:
    """The body after these migrations, with answers by id."""
    from reconciler.platforms.tavus.migrations import MIGRATIONS

    given = {MIGRATIONS.get(id).name: value for id, value in answers.items()}
    project = Project({"p.json": json.dumps({"system_prompt": "Hi", **body}).encode()})
    project.migrate(only=only, answers=given)
    value = json.loads(project.files["p.json"])
    return {key: member for key, member in value.items() if key != "system_prompt" or member != "Hi"}


def left(body: Object, *only: str) -> list[str]:
    project = Project({"p.json": json.dumps({"system_prompt": "Hi", **body}).encode()})
    result = project.migrate(only=only)
    assert result.files == ()
    return said(result, Status.OPEN) + said(result, Status.REPORTED)


def layer(name: str, **members: Json) -> Object:
    return {"layers": {name: members}}


class TestVocabulary:
    def test_the_same_value_twice_becomes_one(self) -> None:
        assert after({"persona_name": "A", "pal_name": "A"}, "M01") == {"pal_name": "A"}

    def test_an_empty_one_gives_way(self) -> None:
        assert after({"persona_name": "", "pal_name": "A"}, "M01") == {"pal_name": "A"}
        assert after({"persona_name": "A", "pal_name": None}, "M01") == {"pal_name": "A"}

    def test_two_values_are_asked_about(self) -> None:
        body: Object = {"persona_name": "A", "pal_name": "B"}
        assert len(left(body, "M01")) == 1
        assert after(body, "M01", M01={"persona.p:pal_name": "persona_name"}) == {"pal_name": "A"}
        assert after(body, "M01", M01={"persona.p:pal_name": "pal_name"}) == {"pal_name": "B"}

    def test_prompts_are_never_touched(self) -> None:
        body: Object = {"system_prompt": "persona_name: replica", "persona_name": "A"}
        assert after(body, "M01") == {"system_prompt": "persona_name: replica", "pal_name": "A"}


class TestMisplacedKeys:
    @pytest.mark.parametrize(
        ("body", "moved"),
        [
            (layer("llm", top_p=0.5), {"layers": {"llm": {"extra_body": {"top_p": 0.5}}}}),
            ({"layers": {"document_ids": ["d1"]}}, {"document_ids": ["d1"]}),
            (layer("perception", model="off"), layer("perception", perception_model="off")),
            (layer("stt", engine="tavus-auto"), layer("stt", stt_engine="tavus-auto")),
            (layer("tts", model="sonic-3"), layer("tts", tts_model_name="sonic-3")),
            (layer("llm", voice_id="v"), layer("tts", voice_id="v")),
        ],
    )
    def test_they_move_when_somebody_says_so(self, body: Object, moved: Object) -> None:
        assert left(body, "M02")
        assert after(body, "M02", M02={"*": "move"}) == moved

    def test_what_is_set_already_is_not_overwritten(self) -> None:
        body = layer("stt", engine="a", stt_engine="b")
        assert after(body, "M02", M02={"*": "move"}) == body
        assert after(body, "M02", M02={"*": "remove"}) == layer("stt", stt_engine="b")

    def test_guardrails_in_the_layers_belong_nowhere(self) -> None:
        assert after({"layers": {"guardrails": [1]}}, "M02", M02={"*": "move"}) == {"layers": {"guardrails": [1]}}
        assert after({"layers": {"guardrails": [1]}}, "M02", M02={"*": "remove"}) == {}


class TestVqa:
    @pytest.mark.parametrize("name", ["visual_tools", "perception_tools", "audio_tools", "visual_awareness_queries"])
    def test_vision_that_is_off_beside_what_perceives_is_a_question(self, name: str) -> None:
        body: Object = {"layers": {"vqa": {"enable_vision": "false"}, "perception": {name: ["look"]}}}
        assert left(body, "M03")
        assert after(body, "M03", M03={"*": "raven-1"}) == layer(
            "perception", **{name: ["look"]}, perception_model="raven-1"
        )

    def test_off_is_off_in_quotes(self) -> None:
        project = Project({"p.yaml": b"system_prompt: Hi\nlayers:\n  vqa: {enable_vision: false}\n"})
        project.migrate(only=["M03"])
        expected = 'system_prompt: Hi\nlayers:\n  perception:\n    perception_model: "off"\n'
        assert project.text("p.yaml") == expected

    def test_on_is_a_question(self) -> None:
        body = layer("vqa", enable_vision="true", prompt="Look.")
        assert left(body, "M03")
        query = layer("perception", perception_model="raven-1", visual_awareness_queries=["Look."])
        assert after(body, "M03", M03={"*": "query"}) == query
        assert after(body, "M03", M03={"*": "raven-1"}) == layer("perception", perception_model="raven-1")
        assert after(body, "M03", M03={"*": "off"}) == layer("perception", perception_model="off")

    def test_a_model_that_is_set_stays(self) -> None:
        body: Object = {"layers": {"vqa": {"enable_vision": False}, "perception": {"perception_model": "raven-1"}}}
        assert left(body, "M03")
        assert after(body, "M03", M03={"*": "remove"}) == layer("perception", perception_model="raven-1")


class TestContext:
    @pytest.mark.parametrize("text", ["", "  \n"])
    def test_an_empty_one_goes(self, text: str) -> None:
        assert after({"context": text}, "M04") == {}

    def test_what_the_prompt_says_already_goes(self) -> None:
        assert after({"system_prompt": "A\n\nMore.", "context": "More.\n"}, "M04") == {"system_prompt": "A\n\nMore."}

    def test_both_orders(self) -> None:
        body: Object = {"system_prompt": "A.\n", "context": "More.\n"}
        assert after(body, "M04", M04={"*": "append"}) == {"system_prompt": "A.\n\nMore.\n"}
        assert after(body, "M04", M04={"*": "prepend"}) == {"system_prompt": "More.\n\nA.\n"}

    def test_without_a_prompt_it_becomes_the_prompt(self) -> None:
        assert after({"system_prompt": "", "context": "More."}, "M04", M04={"*": "append"}) == {
            "system_prompt": "More."
        }

    def test_a_prompt_in_a_file_is_left_to_a_person(self) -> None:
        found = left({"system_prompt": {"file": "p.md"}, "context": "More."}, "M04")
        assert found == ["M04 context belongs into the system prompt"]

    def test_passive_modes_have_no_place_for_it(self) -> None:
        body: Object = {"pipeline_mode": "echo", "context": "More."}
        assert left(body, "M04")
        assert after(body, "M04", M04={"*": "remove"}) == {"pipeline_mode": "echo"}

    def test_null_says_that_it_is_ours_and_absent(self) -> None:
        assert left({"context": None}, "M04") == []


class TestPerception:
    def test_old_and_new_equal(self) -> None:
        body = layer("perception", ambient_awareness_queries=["a"], visual_awareness_queries=["a"])
        assert after(body, "M05") == layer("perception", visual_awareness_queries=["a"])

    def test_old_and_new_differ(self) -> None:
        body = layer("perception", ambient_awareness_queries=["a", "b"], visual_awareness_queries=["b", "c"])
        assert left(body, "M05")
        for answer, queries in {"both": ["b", "c", "a"], "new": ["b", "c"], "old": ["a", "b"]}.items():
            key = "persona.p:visual_awareness_queries"
            assert after(body, "M05", M05={key: answer}) == layer("perception", visual_awareness_queries=queries)

    def test_an_empty_new_one_gives_way(self) -> None:
        body = layer("perception", perception_tool_prompt="Use it.", visual_tool_prompt="")
        assert after(body, "M05") == layer("perception", visual_tool_prompt="Use it.")

    def test_on_raven_0_it_is_asked(self) -> None:
        body = layer("perception", perception_model="raven-0", perception_tool_prompt="Use it.")
        assert left(body, "M05")
        assert after(body, "M05", "M07", M07={"raven-0": "raven-1"}) == layer(
            "perception", perception_model="raven-1", visual_tool_prompt="Use it."
        )

    def test_the_shared_prompt_of_visual_tools(self) -> None:
        body = layer("perception", visual_tools=[{"name": "x"}], tool_prompt="Use x.")
        assert after(body, "M06") == layer("perception", visual_tools=[{"name": "x"}], visual_tool_prompt="Use x.")

    def test_the_shared_prompt_of_nobody_in_particular(self) -> None:
        body = layer("perception", tool_prompt="Use x.")
        assert left(body, "M06")
        both = layer("perception", visual_tool_prompt="Use x.", audio_tool_prompt="Use x.")
        assert after(body, "M06", M06={"persona.p": "both"}) == both
        assert after(body, "M06", M06={"*": "audio"}) == layer("perception", audio_tool_prompt="Use x.")
        assert after(body, "M06", M06={"*": "remove"}) == {}

    @pytest.mark.parametrize("model", ["raven-0", "basic"])
    def test_old_models_are_asked_about(self, model: str) -> None:
        body = layer("perception", perception_model=model)
        assert left(body, "M07")
        assert after(body, "M07", M07={"*": "off"}) == layer("perception", perception_model="off")
        assert after(body, "M07", M07={"*": "raven-0"}) == body


class TestTurnTaking:
    @pytest.mark.parametrize(
        ("pause", "patience"),
        [("high", "low"), ("medium", "medium"), ("low", "high"), ("verylow", "high"), ("superlow", "high")],
    )
    def test_pauses_turn_into_patience(self, pause: str, patience: str) -> None:
        body = layer("stt", participant_pause_sensitivity=pause, hotwords="Roey")
        found = after(body, "M10", M10={"*": "definition"})
        flow = {
            "turn_detection_model": "sparrow-1", "turn_taking_patience": patience,
            "interruptibility": "medium", "voice_isolation": "near",
        }  # fmt: skip
        assert found == {"layers": {"stt": {"hotwords": "Roey"}, "conversational_flow": flow}}

    @pytest.mark.parametrize(("answer", "level"), [("definition", "low"), ("guide", "high")])
    def test_interruption_has_two_readings(self, answer: str, level: str) -> None:
        body = layer("stt", participant_interrupt_sensitivity="low", smart_turn_detection=True)
        found = after(body, "M10", M10={"levels": answer})
        assert found["layers"]["conversational_flow"]["interruptibility"] == level  # type: ignore[index,call-overload]

    def test_beside_a_newer_flow_they_are_dead(self) -> None:
        body: Object = {
            "layers": {
                "stt": {"participant_pause_sensitivity": "high"},
                "conversational_flow": {"turn_detection_model": "sparrow-2"},
            }
        }
        assert after(body, "M10") == layer("conversational_flow", turn_detection_model="sparrow-2")

    def test_beside_an_older_flow_the_model_comes_first(self) -> None:
        body: Object = {
            "layers": {
                "stt": {"smart_turn_detection": True},
                "conversational_flow": {"turn_detection_model": "sparrow-0"},
            }
        }
        assert len(left(body, "M10")) == 1
        found = after(body, "M10", "M11", M11={"*": "sparrow-1"})
        assert found == layer("conversational_flow", turn_detection_model="sparrow-1")

    def test_a_level_that_nobody_knows(self) -> None:
        body = layer("stt", participant_pause_sensitivity="extreme")
        assert after(body, "M10", M10={"*": "definition"}) == body

    @pytest.mark.parametrize("model", ["time-based", "timebased"])
    def test_a_fixed_delay_has_no_successor(self, model: str) -> None:
        body = layer("conversational_flow", turn_detection_model=model)
        assert left(body, "M11")
        assert after(body, "M11", M11={"*": "sparrow-1"}) == layer(
            "conversational_flow", turn_detection_model="sparrow-1"
        )

    @pytest.mark.parametrize("word", ["pal_interruptibility", "replica_interruptibility", "face_interruptibility"])
    def test_one_spelling(self, word: str) -> None:
        expected = layer("conversational_flow", interruptibility="low")
        assert after(layer("conversational_flow", **{word: "low"}), "M12") == expected
        assert after(layer("conversational_flow", **{word: "low", "interruptibility": "low"}), "M12") == expected

    def test_spellings_that_disagree(self) -> None:
        body = layer("conversational_flow", pal_interruptibility="low", replica_interruptibility="high")
        assert left(body, "M12")
        found = after(body, "M12", M12={"persona.p:interruptibility": "high"})
        assert found == layer("conversational_flow", interruptibility="high")


class TestVoice:
    def test_numbers_and_switches_in_quotes(self) -> None:
        settings: Object = {"stability": "0.50", "style": "1", "use_speaker_boost": "True", "speed": "fastish"}
        found = after(layer("tts", voice_settings=settings), "M13")
        expected: Object = {"stability": 0.5, "style": 1, "use_speaker_boost": True, "speed": "fastish"}
        assert found == layer("tts", voice_settings=expected)

    @pytest.mark.parametrize(("answer", "settings"), [("1.1", {"speed": 1.1}), ("-0.5", {"speed": -0.5})])
    def test_a_word_for_a_speed_wants_a_number(self, answer: str, settings: Object) -> None:
        body = layer("tts", voice_settings={"speed": "fast"})
        assert left(body, "M13")
        assert after(body, "M13", M13={"fast": answer}) == layer("tts", voice_settings=settings)
        assert after(body, "M13", M13={"fast": "quick"}) == body

    def test_playht_takes_its_voice_along(self) -> None:
        body = layer("tts", tts_engine="playht", playht_user_id="u", external_voice_id="v", tts_emotion_control=True)
        assert left(body, "M14")
        assert after(body, "M14", M14={"*": "face"}) == layer("tts", tts_emotion_control=True)
        assert after(body, "M14", M14={"playht": "cartesia:a0e99841-438c"}) == layer(
            "tts", tts_engine="cartesia", external_voice_id="a0e99841-438c", tts_emotion_control=True
        )
        assert after(body, "M14", M14={"*": "playht"}) == body

    def test_azure_has_no_model(self) -> None:
        body = layer("tts", tts_engine="azure", tts_model_name="x")
        assert after(body, "M14") == layer("tts", tts_engine="azure")

    @pytest.mark.parametrize("engine", ["tavus-turbo", "tavus-advanced"])
    def test_old_ears(self, engine: str) -> None:
        body = layer("stt", stt_engine=engine, hotwords="Roey")
        assert left(body, "M16")
        assert after(body, "M16", M16={engine: "tavus-whisper"}) == layer(
            "stt", stt_engine="tavus-whisper", hotwords="Roey"
        )


class TestModels:
    @pytest.mark.parametrize("model", ["tavus-llama", "tavus-gpt-4o", "tavus-gpt-4o-mini", "tavus-gpt-4.1"])
    def test_judgement_is_asked(self, model: str) -> None:
        assert left(layer("llm", model=model), "M15")

    @pytest.mark.parametrize("model", ["tavus-gpt-oss", "tavus-gemma-4", "gpt-4o", "tavus-brand-new"])
    def test_current_foreign_and_unknown_models_stay(self, model: str) -> None:
        assert left(layer("llm", model=model), "M15") == []

    def test_a_model_of_ones_own_stays(self) -> None:
        assert left(layer("llm", model="tavus-llama-4", base_url="https://llm.example.com/v1"), "M15") == []

    def test_an_internal_model_must_go(self) -> None:
        assert left(layer("llm", model="tavus-pal-maker-gemma-4"), "M15")

    def test_an_answer_wins_over_the_documented_successor(self) -> None:
        found = after(layer("llm", model="tavus-llama-4"), "M15", M15={"tavus-llama-4": "tavus-gemma-4"})
        assert found == layer("llm", model="tavus-gemma-4")

    def test_what_the_new_model_does_not_take_is_said(self) -> None:
        body = {
            "system_prompt": "x" * 200_000,
            **layer("llm", model="tavus-gpt-4o", extra_body={"temperature": 1, "top_p": 1}),
        }
        project = Project({"p.json": json.dumps(body).encode()})
        result = project.migrate(only=["M15"], answers={"model-successor": {"*": "tavus-claude-haiku-4.5"}})
        notes = " ".join(note for one in result.outcomes for note in one.finding.notes)
        assert "temperature and top_p" in notes
        assert "50,000 tokens" in notes


class TestLiveKit:
    BODY: ClassVar[Object] = {
        "pal_name": "A",
        "tools": ["x"],
        "layers": {"llm": {"model": "tavus-gpt-4.1"}, "tts": {}},
    }

    def test_only_on_request(self) -> None:
        project = Project({"p.json": json.dumps(self.BODY).encode()})
        result = project.migrate(skip=["M15"], answers={"livekit-handover": {"*": "handover"}})
        assert result.outcomes == ()

    def test_says_what_leaves_and_what_is_near(self) -> None:
        project = Project({"p.json": json.dumps(self.BODY).encode()})
        (found,) = project.migrate(only=["M30"]).of(Status.OPEN)
        notes = " ".join(found.finding.notes)
        assert "layers.llm, layers.tts, tools" in notes
        assert "openai/gpt-4.1" in notes

    def test_hands_over(self) -> None:
        found = after(self.BODY, "M30", M30={"persona.p": "handover"})
        transport = {"transport": {"transport_type": "livekit"}}
        assert found == {"pal_name": "A", "layers": transport, "pipeline_mode": "echo"}


class TestGuardrails:
    SET = (
        b"apiVersion: personas/v1\nkind: GuardrailSet\nmetadata: {name: rules}\nspec:\n  name: Rules\n  data:\n"
        b"    - {guardrail_name: one, guardrail_prompt: First., modality: verbal}\n"
        b"    - {guardrail_name: two, guardrail_prompt: Second.}\n"
    )
    PERSONA = b"pal_name: A\nguardrails_id: {ref: guardrail_set.rules} # legacy\n"

    def test_each_entry_becomes_a_guardrail(self) -> None:
        project = Project({"p.yaml": self.PERSONA, "rules.yaml": self.SET})
        assert project.migrate(only=["M24"]).files == ()
        project.migrate(only=["M24"], answers={"guardrail-set-split": {"guardrail_set.rules": "split"}})
        assert "guardrail_ids: [{ref: guardrail.one}, {ref: guardrail.two}]" in project.text("p.yaml")
        assert "guardrails_id" not in project.text("p.yaml")
        assert "app_message: true" in project.text("guardrails/two.yaml")
        assert "modality: verbal" in project.text("guardrails/one.yaml")
        assert project.files["rules.yaml"] == self.SET

    def test_two_personas_share_them(self) -> None:
        project = Project({"p.yaml": self.PERSONA, "q.yaml": self.PERSONA, "rules.yaml": self.SET})
        project.migrate(only=["M24"], answers={"guardrail-set-split": {"*": "split"}})
        assert sorted(path for path in project.files if "/" in path) == ["guardrails/one.yaml", "guardrails/two.yaml"]
        assert "guardrail.two" in project.text("q.yaml")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"one,", b"'no advice',"),
            (b"First.", b"x" * 1001),
            (b"two,", b"one,"),
            (b"guardrail_prompt: Second.", b"a: 1"),
        ],
    )
    def test_what_does_not_fit_is_reported(self, old: bytes, new: bytes) -> None:
        project = Project({"p.yaml": self.PERSONA, "rules.yaml": self.SET.replace(old, new)})
        result = project.migrate(only=["M24"], answers={"guardrail-set-split": {"*": "split"}})
        assert result.files == ()
        assert len(result.of(Status.REPORTED)) == 1

    def test_a_set_by_id_cannot_be_split_offline(self) -> None:
        assert len(left({"guardrails_id": "g178c7c5e032b"}, "M24")) == 1
