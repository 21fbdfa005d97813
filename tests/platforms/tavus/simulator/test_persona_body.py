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
