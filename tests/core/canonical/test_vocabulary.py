"""Both vocabularies: what is renamed, what is not, and that the way there and back loses nothing."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.vocabulary import (
    live_document,
    object_digest,
    to_canonical,
    to_wire,
    vocabulary_of,
    wire_pointer,
    wire_pointers,
    wire_value,
)
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object
from reconciler.types.live import LiveObject

PERSONA = kind("persona")

PERSONA_BODY = {
    "persona_name": "Claims",
    "default_replica_id": "r1",
    "layers": {"conversational_flow": {"replica_interruptibility": "high"}, "llm": {"model": "m"}},
}
PAL_BODY = {
    "pal_name": "Claims",
    "default_face_id": "r1",
    "layers": {"conversational_flow": {"pal_interruptibility": "high"}, "llm": {"model": "m"}},
}
CANONICAL = {
    "pal_name": "Claims",
    "default_face_id": "r1",
    "layers": {"conversational_flow": {"interruptibility": "high"}, "llm": {"model": "m"}},
}


@pytest.mark.parametrize("body", [PERSONA_BODY, PAL_BODY, CANONICAL])
def test_every_vocabulary_has_one_canonical_form(body):
    before = deepcopy(body)
    assert to_canonical(PERSONA, body) == (CANONICAL, ())
    assert body == before


@pytest.mark.parametrize(("vocabulary", "body"), [("persona", PERSONA_BODY), ("pal", PAL_BODY)])
def test_the_way_back_follows_the_vocabulary(vocabulary, body):
    assert to_wire(PERSONA, CANONICAL, vocabulary) == body


def test_the_spelling_of_the_live_object_beats_the_vocabulary():
    like = {"layers": {"conversational_flow": {"face_interruptibility": "low"}}}
    made = to_wire(PERSONA, CANONICAL, "pal", like)
    assert made["layers"]["conversational_flow"] == {"face_interruptibility": "high"}
    pointer = "/layers/conversational_flow/interruptibility"
    assert wire_pointer(PERSONA, pointer, "pal", like) == "/layers/conversational_flow/face_interruptibility"


def test_with_two_spellings_in_the_live_object_the_vocabulary_decides():
    like = {"layers": {"conversational_flow": {"replica_interruptibility": "low", "pal_interruptibility": "low"}}}
    pointer = "/layers/conversational_flow/interruptibility"
    assert wire_pointer(PERSONA, pointer, "pal", like).endswith("/pal_interruptibility")
    assert wire_pointer(PERSONA, pointer, "persona", like).endswith("/replica_interruptibility")


def test_two_spellings_that_agree_become_one():
    body = {"layers": {"conversational_flow": {"pal_interruptibility": "low", "replica_interruptibility": "low"}}}
    renamed, clashes = to_canonical(PERSONA, body)
    assert renamed == {"layers": {"conversational_flow": {"interruptibility": "low"}}}
    assert clashes == ()


def test_two_spellings_that_disagree_are_named():
    _, clashes = to_canonical(PERSONA, {"persona_name": "a", "pal_name": "b"})
    assert clashes == ("/pal_name",)


FLOW = {"replica_interruptibility": "low", "pal_interruptibility": "high", "face_interruptibility": "medium"}


@pytest.mark.parametrize(
    ("body", "vocabulary", "value"),
    [
        ({"pal_id": "p1"}, "pal", "high"),
        ({"persona_id": "p1"}, "persona", "low"),
        ({"pal_name": "A", "persona_type": "user"}, "pal", "high"),
        ({}, "pal", "high"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_of_two_that_disagree_the_one_counts_that_would_be_written(body, vocabulary, value, turned):
    flow = dict(reversed(FLOW.items())) if turned else FLOW
    live = {**body, "layers": {"conversational_flow": flow}}
    assert vocabulary_of(PERSONA, live) == vocabulary
    renamed, clashes = to_canonical(PERSONA, live)
    assert renamed["layers"]["conversational_flow"] == {"interruptibility": value}
    assert set(clashes) == {"/layers/conversational_flow/interruptibility"}
    written = wire_pointer(PERSONA, clashes[0], vocabulary, live).rpartition("/")[2]
    assert flow[written] == value


def test_every_place_that_holds_a_field():
    place = "/layers/conversational_flow"
    live = {"layers": {"conversational_flow": FLOW}}
    assert set(wire_pointers(PERSONA, f"{place}/interruptibility", "pal", live)) == {
        f"{place}/{word}" for word in FLOW
    }
    assert wire_pointers(PERSONA, f"{place}/interruptibility", "persona", {}) == (
        f"{place}/replica_interruptibility",
    )
    assert wire_pointers(PERSONA, "/pal_name", "pal", {"persona_name": "A"}) == ("/persona_name",)
    assert wire_pointers(PERSONA, "/layers/a~1b", "pal", {"layers": {"a/b": 1}}) == ("/layers/a~1b",)


def test_a_null_gives_way_to_a_value():
    renamed, clashes = to_canonical(PERSONA, {"persona_name": None, "pal_name": "b"})
    assert (renamed, clashes) == ({"pal_name": "b"}, ())


def test_words_in_free_places_are_left_alone():
    body = {"system_prompt": "persona_name", "layers": {"llm": {"extra_body": {"persona_name": "x"}}}}
    assert to_canonical(PERSONA, body)[0] is body


def test_attachments_by_id_are_the_same_field():
    assert to_canonical(PERSONA, {"tool_ids": ["t1"]})[0] == {"tools": ["t1"]}


def test_a_value_that_will_stand_below_is_translated():
    value = {"conversational_flow": {"interruptibility": "low"}}
    assert wire_value(PERSONA, "/layers", value, "persona") == {
        "conversational_flow": {"replica_interruptibility": "low"}
    }


@given(
    st.dictionaries(st.text(max_size=6), st.integers() | st.text(max_size=4), max_size=5),
    st.sampled_from(["pal", "persona"]),
)
def test_unknown_members_survive_both_ways(extra, vocabulary):
    body = {f"x_{key}": value for key, value in extra.items()}
    assert to_canonical(PERSONA, body)[0] == body
    assert to_wire(PERSONA, body, vocabulary) == body


def test_objects_of_the_users_own_keep_their_words() -> None:
    """Only where the table translates something, a member is looked into."""
    body: Object = {
        "pal_name": "A",
        "properties": {"persona_name": 1},
        "layers": {"llm": {"extra_body": {"pal_id": 1}}},
    }
    wire = to_wire(PERSONA, body, "persona")
    assert wire == {
        "persona_name": "A",
        "properties": {"persona_name": 1},
        "layers": {"llm": {"extra_body": {"pal_id": 1}}},
    }
    assert to_wire(PERSONA, {"layers": "no layers", "pal_name": None}, "persona") == {
        "layers": "no layers", "persona_name": None,
    }  # fmt: skip


@pytest.mark.parametrize("layers", ["text", ["a"], None, 7])
def test_what_is_no_object_is_carried_as_it_is(layers: Json) -> None:
    assert to_wire(PERSONA, {"layers": layers}, "persona") == {"layers": layers}
    assert to_canonical(PERSONA, {"layers": layers})[0] == {"layers": layers}


def test_a_place_in_a_list_without_names_is_spelled_as_it_stands() -> None:
    like: Json = {"layers": {"llm": {"tools": [{"type": "function"}]}}}
    assert wire_pointer(PERSONA, "/layers/llm/tools/0", "pal", like) == "/layers/llm/tools/0"


def test_what_is_kept_apart_comes_from_where_it_was_read() -> None:
    shown: Object = {"pal_name": "A", "tools": ["stale"], "skills": {"old": {}}}
    bare = LiveObject(PERSONA, "p1", "A", shown)
    assert live_document(PERSONA, bare) == {"pal_name": "A"}
    read = LiveObject(PERSONA, "p1", "A", shown, tools=("t1",), parts={"/skills": {"presentation": {}}})
    assert live_document(PERSONA, read) == {"pal_name": "A", "tools": ["t1"], "skills": {"presentation": {}}}
    tool = LiveObject(kind("tool"), "t1", "x", {"name": "x", "description": "d"})
    assert live_document(kind("tool"), tool) == {"name": "x", "description": "d"}
    assert object_digest(PERSONA, bare) == object_digest(PERSONA, read)
