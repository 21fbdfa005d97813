"""The place of a canonical pointer in a document as somebody wrote it."""

from __future__ import annotations

import pytest

from reconciler.manifests.read.envelope import Document
from reconciler.manifests.read.source_pointer import Misplaced, RawPlace, find_place
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object

BODY: Object = {
    "persona_name": "X",
    "system_prompt": {"file": "p.md"},
    "tools": ["a"],
    "layers": {
        "llm": {
            "model": None, "api_key": {"env": "K"}, "tools": [{"function": {"name": "one"}}, {"name": "two", "x": 1}],
        },
        "conversational_flow": {"face_interruptibility": "low"},
        "tts": {"file": "tts.txt"},
    },
}  # fmt: skip


def place(pointer: str, body: Json = BODY, name: str = "persona", text: str | None = None) -> RawPlace:
    return find_place(kind(name), Document({"kind": "x", "spec": body}, 0, text), "/spec", pointer)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/pal_name", RawPlace("/spec/persona_name", True, "X")),
        ("/system_prompt", RawPlace("/spec/system_prompt", True, {"file": "p.md"}, "p.md")),
        ("/layers/llm/model", RawPlace("/spec/layers/llm/model", True, None)),
        ("/layers/llm/api_key", RawPlace("/spec/layers/llm/api_key", True, {"env": "K"})),
        ("/layers/llm/tools/two", RawPlace("/spec/layers/llm/tools/1", True, {"name": "two", "x": 1})),
        ("/layers/llm/tools/new", RawPlace("/spec/layers/llm/tools/-", False)),
        (
            "/layers/conversational_flow/interruptibility",
            RawPlace("/spec/layers/conversational_flow/face_interruptibility", True, "low"),
        ),
        ("/default_face_id", RawPlace("/spec/default_replica_id", False)),
        ("/layers/stt/hotwords", RawPlace("/spec/layers/stt/hotwords", False)),
    ],
)
def test_places(pointer: str, found: RawPlace) -> None:
    assert place(pointer) == found


def test_new_members_take_the_words_of_their_neighbours() -> None:
    assert place("/default_face_id", {"pal_name": "X"}).pointer == "/spec/default_face_id"
    assert place("/layers/conversational_flow/interruptibility", {}).pointer.endswith("/pal_interruptibility")
    assert place("/layers/conversational_flow/interruptibility", {"persona_name": "X"}).pointer.endswith(
        "/replica_interruptibility"
    )


def test_items_are_found_by_their_names() -> None:
    data: Json = [{"objective_name": "a", "objective_prompt": "A"}, {"objective_name": "b", "objective_prompt": "B"}]
    found = place("/data/b/objective_prompt", {"data": data}, "objectives")
    assert found == RawPlace("/spec/data/1/objective_prompt", True, "B")
    assert place("/data/c", {"data": data}, "objectives") == RawPlace("/spec/data/-", False)
    with pytest.raises(Misplaced, match="has no item c"):
        place("/data/c/objective_prompt", {"data": data}, "objectives")


def test_the_text_below_the_front_matter_is_the_prompt() -> None:
    assert place("/system_prompt", {}, text="Hello") == RawPlace("/spec/system_prompt", True, "Hello", in_body=True)
    assert place("/system_prompt", {"system_prompt": "x"}, text="").value == "x"


@pytest.mark.parametrize(
    ("pointer", "body", "why"),
    [
        ("/layers/tts/tts_engine", BODY, "comes from a reference"),
        ("/layers/llm/model/x", BODY, "is no mapping"),
        ("/tools/0", BODY, "inside a list"),
        ("/pal_name", {"pal_name": "a", "persona_name": "a"}, "say it twice"),
        ("/layers/llm/tools/new", {"layers": {"llm": {}}}, "is not there"),
        ("/pal_name", None, "is no mapping"),
    ],
)
def test_places_that_are_none(pointer: str, body: Json, why: str) -> None:
    with pytest.raises(Misplaced, match=why):
        place(pointer, body)
