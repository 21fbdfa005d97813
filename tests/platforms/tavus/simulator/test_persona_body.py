"""A persona's body as answers show it: words of two vocabularies, and values that the server fills in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.persona_body import (
    FLOW_DEFAULTS,
    comparable,
    complete_flow,
    inward,
    outward,
    read_booleans,
    respell_path,
    show_defaults,
    spelling,
    write_booleans,
)

BODIES = st.dictionaries(
    st.sampled_from(["pal_name", "pal_description", "default_face_id", "system_prompt", "greeting"]),
    st.text(max_size=3),
).flatmap(
    lambda body: st.sampled_from(
        [
            body,
            {**body, "layers": None},
            {**body, "layers": {"conversational_flow": {"pal_interruptibility": "low", "voice_isolation": "off"}}},
        ]
    )
)


@given(BODIES, st.sampled_from(["pal", "persona"]), st.sampled_from(["pal", "face", "replica"]))
def test_out_and_in_again(body: dict[str, Any], vocabulary: str, word: str) -> None:
    assert inward(outward(body, vocabulary, word), vocabulary) == body


def test_words_of_the_other_vocabulary_do_not_count() -> None:
    assert inward({"persona_name": "A", "default_replica_id": "r1", "x": 1}, "pal") == {"x": 1}
    assert inward({"pal_name": "A", "default_face_id": "r1", "x": 1}, "persona") == {"x": 1}
    assert inward({"persona_name": "A"}, "persona") == {"pal_name": "A"}


@pytest.mark.parametrize(
    ("vocabulary", "word"), [("persona", "replica_interruptibility"), ("pal", "face_interruptibility")]
)
def test_spelling(vocabulary: str, word: str) -> None:
    assert spelling(vocabulary, "face") == word


def test_only_the_path_of_the_flow_is_respelled() -> None:
    path = "/layers/conversational_flow/face_interruptibility"
    assert respell_path(path, "pal_interruptibility") == "/layers/conversational_flow/pal_interruptibility"
    for other in ("/face_interruptibility", "/layers/llm/face_interruptibility", "", "/layers"):
        assert respell_path(other, "pal_interruptibility") == other


def test_arguments_stay_as_they_are() -> None:
    body = {"pal_name": "A", "layers": {"conversational_flow": {"face_interruptibility": "low"}}}
    kept = repr(body)
    outward(inward(body, "pal"), "persona")
    assert repr(body) == kept


@pytest.mark.parametrize("body", [{}, {"layers": None}, {"layers": {}}, {"layers": {"conversational_flow": {}}}])
def test_a_flow_that_is_not_set_stays_off(body: Any) -> None:
    assert complete_flow(body) == body


def test_one_field_sets_the_rest() -> None:
    body = complete_flow({"layers": {"conversational_flow": {"voice_isolation": "off", "own": 1}}})
    assert body["layers"]["conversational_flow"] == {**FLOW_DEFAULTS, "voice_isolation": "off", "own": 1}  # type: ignore[call-overload,index]
    assert complete_flow(body) == body


@pytest.mark.parametrize("how", ["fill", "hide", "null"])
@pytest.mark.parametrize("absent", ["absent", "null", "all"])
def test_however_they_are_shown_they_compare_alike(how: Any, absent: Any) -> None:
    body = {"pal_name": "A", "layers": {"tts": {"voice_id": "v", "tts_emotion_control": True}, "stt": {}}}
    shown = show_defaults(body, how, absent)
    kept = {name for name, layer in comparable(shown)["layers"].items() if layer}  # type: ignore[call-overload,index]
    assert {"tts", "stt"} <= kept
    if absent != "all":
        assert comparable(shown) == comparable(body)


def test_values_that_differ_are_always_shown() -> None:
    body = {"pipeline_mode": "echo", "layers": {"tts": {"tts_engine": "cartesia"}}}
    for how in ("fill", "hide", "null"):
        shown = show_defaults(body, how)  # type: ignore[arg-type]
        assert shown["pipeline_mode"] == "echo"
        assert shown["layers"]["tts"]["tts_engine"] == "cartesia"  # type: ignore[call-overload,index]


def test_filled_lists_are_not_shared() -> None:
    first, second = show_defaults({}, "fill"), show_defaults({}, "fill")
    assert first["document_ids"] is not second["document_ids"]


def test_booleans_there_and_back() -> None:
    body = {"layers": {"tts": {"tts_emotion_control": False}, "llm": {"model": "true"}}}
    words = write_booleans(body)
    assert words["layers"]["tts"]["tts_emotion_control"] == "false"  # type: ignore[call-overload,index]
    assert read_booleans(words) == body
    assert read_booleans({"layers": None}) == {"layers": None}


CUSTOM_LLM = "Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pal_name": 3}, "'pal_name': ['Not a valid string.']"),
        ({"pipeline_mode": "half"}, "Must be one of: full, echo, speech-to-speech."),
        ({"document_ids": "d1"}, "'document_ids': ['Not a valid list.']"),
        ({"document_tags": [1]}, "'document_tags': ['Not a valid string.']"),
        ({"guardrail_ids": [f"g{n}" for n in range(51)]}, "Longer than maximum length 50."),
        ({"layers": []}, "'layers': ['Not a valid mapping type.']"),
        ({"layers": {"llm": "m"}}, "'layers': {'llm': ['Not a valid mapping type.']}"),
        ({"layers": {"llm": {"model": 4}}}, "'layers': {'llm': {'model': ['Not a valid string.']}}"),
        ({"layers": {"llm": {"tools": {}}}}, "'tools': ['Not a valid list.']"),
        ({"layers": {"llm": {"speculative_inference": "maybe"}}}, "Not a valid boolean."),
        ({"layers": {"stt": {"stt_engine": "ears"}}}, "'stt_engine': ['Must be one of: tavus-auto"),
        ({"layers": {"stt": {"hotwords": 3}}}, "'hotwords': ['Not a valid string.']"),
        ({"layers": {"tts": {"voice_settings": "fast"}}}, "'voice_settings': ['Not a valid mapping type.']"),
        ({"layers": {"conversational_flow": {"turn_taking_patience": 1}}}, "Not a valid string."),
        ({"layers": {"perception": {"visual_awareness_queries": "q"}}}, "Not a valid list."),
        ({"tool_ids": ["t000000000000"]}, "tool_ids are invalid"),
    ],
)
def test_wrong_bodies(api: Any, fields: dict[str, Any], words: str) -> None:
    body = {"pal_name": "A", "system_prompt": "hi", "default_face_id": "r1", **fields}
    answer = api.post("/pals", body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert api.get("/pals", pal_type="user")["total_count"] == 0


@pytest.mark.parametrize("spelling", ["pal", "face"])
def test_errors_use_the_spelling_of_the_answers(open_api: Any, spelling: str) -> None:
    api = open_api(interruptibility=spelling)
    layers = {"conversational_flow": {"pal_interruptibility": 1}}
    body = {"system_prompt": "hi", "default_face_id": "r1", "layers": layers}
    assert f"'{spelling}_interruptibility'" in api.post("/pals", body).json()["error"]
    assert (
        "'replica_interruptibility'"
        in api.post(
            "/personas",
            {"system_prompt": "hi", "layers": {"conversational_flow": {"replica_interruptibility": 1}}},
        ).json()["error"]
    )


@pytest.mark.parametrize("prompt", [None, "", "absent"])
def test_a_prompt_is_required_unless_the_pipeline_has_no_llm(api: Any, prompt: Any) -> None:
    body: dict[str, Any] = {} if prompt == "absent" else {"system_prompt": prompt}
    answer = api.post("/personas", body)
    assert answer.status_code == 400
    assert "'system_prompt': ['Missing data for required field.']" in answer.json()["error"]
    assert api.post("/personas", {**body, "pipeline_mode": "echo"}).status_code == 200
    assert api.post("/personas", {**body, "pipeline_mode": "speech-to-speech"}).status_code == 200


@pytest.mark.parametrize("key", [None, ""])
def test_a_custom_llm_needs_its_key(api: Any, custom: dict[str, str], key: Any) -> None:
    answer = api.post("/personas", {"system_prompt": "hi", "layers": {"llm": {**custom, "api_key": key}}})
    assert answer.status_code == 400
    assert answer.json() == {"error": CUSTOM_LLM}


def test_null_is_no_error(api: Any) -> None:
    fields = dict.fromkeys(("pal_name", "greeting", "document_ids", "layers", "guardrails_id", "context"))
    assert api.live(api.pal(**fields))["greeting"] is None
    assert api.live(api.pal(layers={"llm": None, "stt": {"hotwords": None}}))["layers"]["llm"] is None


@pytest.mark.parametrize(("mood", "status"), [("keep", 200), ("drop", 200), ("reject", 400)])
def test_unknown_fields(open_api: Any, mood: str, status: int) -> None:
    api = open_api(unknown_fields=mood)
    answer = api.post("/personas", {"system_prompt": "hi", "unheard_of": 1})
    assert answer.status_code == status
    if status == 200:
        live = api.get(f"/personas/{answer.json()['persona_id']}")
        assert ("unheard_of" in live) is (mood == "keep")


def test_references_can_be_strict(open_api: Any) -> None:
    assert open_api().pal(guardrail_ids=["g1"], objectives_id="o1")
    api = open_api(references="strict")
    body = {"system_prompt": "hi", "default_face_id": "r1"}
    assert api.post("/pals", {**body, "guardrail_ids": ["g1"]}).status_code == 400
    assert api.post("/pals", {**body, "objectives_id": "o1"}).status_code == 400
    guardrail = api.post("/guardrails", {"guardrail_name": "g", "guardrail_prompt": "p"}).json()["uuid"]
    assert api.post("/pals", {**body, "guardrail_ids": [guardrail]}).status_code == 200


def test_names_can_be_trimmed(open_api: Any) -> None:
    api = open_api(trim=True)
    assert api.live(api.pal(pal_name="  A "))["pal_name"] == "A"


def test_system_tools_cannot_be_given_at_birth(api: Any) -> None:
    body = {"system_prompt": "hi", "default_face_id": "r1", "tool_ids": ["end_call"]}
    assert api.post("/pals", body).status_code == 400


def test_published_examples_are_taken(api: Any) -> None:
    """Bodies in the manner of the vendor's create page, oddities included."""
    tool = {"type": "function", "function": {"name": "insight", "description": "d", "parameters": {"type": "object"}}}
    body = {
        "persona_name": "Life Coach",
        "system_prompt": "You coach.",
        "pipeline_mode": "full",
        "context": "Once you helped.",
        "default_replica_id": "rfe12d8b9597",
        "layers": {
            "llm": {"model": "tavus-gpt-4o", "speculative_inference": True, "tools": [tool]},
            "tts": {
                "tts_engine": "cartesia",
                "voice_settings": {"speed": "normal", "emotion": ["curiosity"]},
                "tts_emotion_control": True,
                "tts_model_name": "sonic",
            },
            "perception": {
                "perception_model": "raven-0",
                "ambient_awareness_queries": ["Is an ID card shown?"],
                "perception_tool_prompt": "Call it.",
                "perception_tools": [tool],
            },
            "stt": {"stt_engine": "tavus-advanced", "hotwords": ["a", "b"]},
            "conversational_flow": {
                "turn_detection_model": "sparrow-1",
                "turn_commitment": "medium",
                "replica_interruptibility": "high",
                "active_listening": "low",
            },
            "document_ids": ["d1"],
        },
    }
    id = api.post("/personas", body).json()["persona_id"]
    live = api.get(f"/personas/{id}")
    for name, layer in body["layers"].items():  # type: ignore[attr-defined]
        shown = live["layers"][name]
        assert shown == layer if isinstance(layer, list) else {key: shown[key] for key in layer} == layer
    assert api.post("/personas", {"pipeline_mode": "full", "system_prompt": "You coach."}).status_code == 200
