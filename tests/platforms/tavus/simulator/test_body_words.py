"""The two vocabularies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.body_words import inward, outward, respell_path, spelling

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
