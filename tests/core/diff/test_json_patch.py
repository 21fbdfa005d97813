"""Patches: minimal, valid operation by operation, and proven."""

from __future__ import annotations

from copy import deepcopy

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import json_equal, leaf_at, leaves
from reconciler.core.canonical.vocabulary import to_canonical, to_wire
from reconciler.core.diff.json_patch import apply_patch, build_patch, prove
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import SecretRef
from reconciler.types.change import PatchOp

PERSONA = kind("persona")
TOOL = kind("tool")

scalars = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2).map(lambda x: round(x, 2)) | st.text(max_size=8)
)
words = st.sampled_from(["a", "b", "c/d", "e~f", ""]) | st.text("xyz", min_size=1, max_size=2)
free = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
function_tool = st.builds(
    lambda name, text: {"type": "function", "function": {"name": name, "description": text}},
    st.sampled_from(["look", "find", "ask"]),
    st.text(max_size=5),
)
inline = st.lists(function_tool, max_size=3, unique_by=lambda item: item["function"]["name"])
layers = st.fixed_dictionaries(
    {},
    optional={
        "llm": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "model": st.text(max_size=4),
                "tools": inline,
                "extra_body": st.dictionaries(words, free, max_size=3),
            },
        ),
        "tts": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "tts_engine": st.text(max_size=3),
                "voice_settings": st.dictionaries(words, scalars, max_size=3),
            },
        ),
        "conversational_flow": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "interruptibility": st.sampled_from(["low", "high"]),
                "wake_phrase": st.none() | st.text(max_size=3),
            },
        ),
        "perception": st.fixed_dictionaries(
            {},
            optional={
                "visual_awareness_queries": st.lists(st.text(max_size=3), max_size=2),
                "ambient_awareness_queries": st.lists(st.text(max_size=3), max_size=2),
                "visual_tools": inline,
                "perception_tools": inline,
            },
        ),
        "mystery": free,
    },
)
bodies = st.fixed_dictionaries(
    {"pal_name": st.text(min_size=1, max_size=4)},
    optional={
        "system_prompt": st.text(max_size=10) | st.none(),
        "document_tags": st.lists(st.sampled_from("abc"), max_size=3),
        "layers": layers | st.none(),
        "unknown": free,
    },
)
vocabularies = st.sampled_from(["pal", "persona"])


def edits_between(before, after):
    """What a planner would ask for to turn one canonical body into another: every leaf, set or removed."""
    old, new = leaves(PERSONA, before), leaves(PERSONA, after)
    edits = [
        Edit(path, value)
        for path, value in sorted(new.items())
        if value is not None and not json_equal(old.get(path), value)
    ]
    for path, value in sorted(old.items()):
        covered = any(path == other or path.startswith(other + "/") or other.startswith(path + "/") for other in new)
        if value is not None and not covered:
            edits.append(Edit(path, remove=True))
    return edits


@given(bodies, bodies, vocabularies)
@settings(max_examples=300, deadline=None)
def test_a_patch_applied_gives_exactly_the_edited_document(before, after, vocabulary):
    raw = to_wire(PERSONA, before, vocabulary)
    untouched = deepcopy(raw)
    edits = edits_between(before, after)
    ops, _ = build_patch(PERSONA, raw, edits, vocabulary)
    assert raw == untouched
    patched, clashes = to_canonical(PERSONA, jsonpatch.apply_patch(raw, [op.to_json() for op in ops]))
    assert not clashes
    for path, value in leaves(PERSONA, after).items():
        if value is not None:
            assert json_equal(leaf_at(PERSONA, patched, path), value), path


@given(bodies, bodies, vocabularies)
@settings(max_examples=200, deadline=None)
def test_every_operation_is_needed_and_valid_in_turn(before, after, vocabulary):
    raw = to_wire(PERSONA, before, vocabulary)
    ops, _ = build_patch(PERSONA, raw, edits_between(before, after), vocabulary)
    document = raw
    for op in ops:
        moved = apply_patch([op], document)  # raises when an operation does not fit the document it meets
        assert moved != document or op.op == "replace", f"{op} does nothing"
        document = moved


@given(bodies, vocabularies)
@settings(deadline=None)
def test_no_edits_no_operations(before, vocabulary):
    assert build_patch(PERSONA, to_wire(PERSONA, before, vocabulary), [], vocabulary) == ((), ())


def ops_of(raw, *edits, spec=PERSONA, vocabulary="pal"):
    return [op.to_json() for op in build_patch(spec, raw, list(edits), vocabulary)[0]]


def test_a_leaf_that_is_there_is_replaced_alone():
    raw = {"pal_name": "a", "layers": {"llm": {"model": "x", "speculative_inference": True}}}
    assert ops_of(raw, Edit("/layers/llm/model", "y")) == [
        {"op": "replace", "path": "/layers/llm/model", "value": "y"}
    ]


def test_a_member_that_is_null_is_added():
    assert ops_of({"system_prompt": None}, Edit("/system_prompt", "x")) == [
        {"op": "add", "path": "/system_prompt", "value": "x"}
    ]


@pytest.mark.parametrize("layers", [{}, {"stt": None}])
def test_a_missing_parent_is_created_whole_and_once(layers):
    raw = {"pal_name": "a", "layers": layers}
    ops, parents = build_patch(
        PERSONA, raw, [Edit("/layers/stt/hotwords", "h"), Edit("/layers/stt/stt_engine", "e")], "pal"
    )
    assert [op.to_json() for op in ops] == [
        {"op": "add", "path": "/layers/stt", "value": {"hotwords": "h", "stt_engine": "e"}}
    ]
    assert parents == ("/layers/stt",)


def test_several_missing_levels_are_one_add():
    ops, parents = build_patch(PERSONA, {"pal_name": "a"}, [Edit("/layers/llm/extra_body/top_p", 0.5)], "pal")
    assert [op.to_json() for op in ops] == [
        {"op": "add", "path": "/layers", "value": {"llm": {"extra_body": {"top_p": 0.5}}}}
    ]
    assert parents == ("/layers", "/layers/llm", "/layers/llm/extra_body")


@pytest.mark.parametrize("there", [[], ["x"], "x", 3])
def test_what_is_no_object_where_one_is_wanted_is_replaced_whole(there):
    raw = {"layers": {"llm": {"model": "m", "extra_body": there}}}
    ops, _ = build_patch(PERSONA, raw, [Edit("/layers/llm/extra_body/top_p", 0.5)], "pal")
    assert [op.to_json() for op in ops] == [
        {"op": "replace", "path": "/layers/llm/extra_body", "value": {"top_p": 0.5}}
    ]


@pytest.mark.parametrize(("path", "sent"), [("/password", True), ("/status", False)])
def test_what_is_not_shown_is_removed_only_where_the_server_never_shows_it(path, sent):
    ops, _ = build_patch(kind("deployment"), {"name": "site"}, [Edit(path, remove=True)], "pal")
    assert [op.to_json() for op in ops] == ([{"op": "add", "path": path, "value": None}] if sent else [])


def test_the_spelling_of_the_live_object_wins():
    raw = {"layers": {"conversational_flow": {"replica_interruptibility": "low"}}}
    assert ops_of(raw, Edit("/layers/conversational_flow/interruptibility", "high")) == [
        {"op": "replace", "path": "/layers/conversational_flow/replica_interruptibility", "value": "high"}
    ]


@pytest.mark.parametrize(
    ("vocabulary", "word"), [("pal", "pal_interruptibility"), ("persona", "replica_interruptibility")]
)
def test_a_new_field_takes_the_word_of_the_vocabulary(vocabulary, word):
    made = ops_of({"layers": {}}, Edit("/layers/conversational_flow/interruptibility", "high"), vocabulary=vocabulary)
    assert made == [{"op": "add", "path": "/layers/conversational_flow", "value": {word: "high"}}]


def tool(name, text=""):
    return {"type": "function", "function": {"name": name, "description": text}}


def test_inline_tools_are_edited_by_name_at_their_index():
    raw = {"layers": {"llm": {"tools": [tool("a"), tool("b"), tool("c")]}}}
    made = ops_of(
        raw,
        Edit("/layers/llm/tools/b", tool("b", "new")),
        Edit("/layers/llm/tools/d", tool("d")),
        Edit("/layers/llm/tools/a", remove=True),
        Edit("/layers/llm/tools/c", remove=True),
    )
    assert made == [
        {"op": "replace", "path": "/layers/llm/tools/1", "value": tool("b", "new")},
        {"op": "add", "path": "/layers/llm/tools/-", "value": tool("d")},
        {"op": "remove", "path": "/layers/llm/tools/2"},
        {"op": "remove", "path": "/layers/llm/tools/0"},
    ]


def test_the_last_inline_tool_takes_the_list_with_it():
    raw = {"layers": {"llm": {"model": "m", "tools": [tool("a"), tool("b")]}}}
    made = ops_of(raw, Edit("/layers/llm/tools/a", remove=True), Edit("/layers/llm/tools/b", remove=True))
    assert made == [{"op": "remove", "path": "/layers/llm/tools"}]


def test_inline_tools_where_there_is_no_list_yet():
    assert ops_of({"layers": {"llm": {"tools": None}}}, Edit("/layers/llm/tools/a", tool("a"))) == [
        {"op": "add", "path": "/layers/llm/tools", "value": [tool("a")]}
    ]


def test_a_renamed_field_of_the_same_value_is_one_move():
    raw = {"layers": {"perception": {"ambient_awareness_queries": ["q"]}}}
    made = ops_of(
        raw,
        Edit("/layers/perception/ambient_awareness_queries", remove=True),
        Edit("/layers/perception/visual_awareness_queries", ["q"]),
    )
    assert made == [
        {
            "op": "move",
            "from": "/layers/perception/ambient_awareness_queries",
            "path": "/layers/perception/visual_awareness_queries",
        }
    ]


def test_a_renamed_field_of_another_value_is_added_and_removed():
    raw = {"layers": {"perception": {"ambient_awareness_queries": ["q"]}}}
    made = ops_of(
        raw,
        Edit("/layers/perception/ambient_awareness_queries", remove=True),
        Edit("/layers/perception/visual_awareness_queries", ["other"]),
    )
    assert [op["op"] for op in made] == ["add", "remove"]


def test_an_atomic_object_is_written_whole():
    raw = {"name": "t", "delivery": {"app_message": False, "api": {"url": "https://a.example", "method": "POST"}}}
    value = {"api": {"url": "https://b.example", "auth": {"type": "bearer", "token": SecretRef("env", "T")}}}
    assert ops_of(raw, Edit("/delivery", value), spec=TOOL) == [
        {"op": "replace", "path": "/delivery", "value": value}
    ]


def test_the_proof_notices_a_patch_that_does_too_much():
    raw = {"pal_name": "a", "layers": {"llm": {"model": "x", "base_url": "u"}}}
    careless = [PatchOp("replace", "/layers/llm", {"model": "y"})]
    with pytest.raises(AssertionError, match="/layers/llm/base_url"):
        prove(PERSONA, raw, [Edit("/layers/llm/model", "y")], careless)


def test_edits_create_parents_and_leave_the_rest_alone():
    before = {"layers": {"llm": {"model": "x"}}}
    after = apply_edits(
        PERSONA, before, [Edit("/layers/tts/tts_engine", "cartesia"), Edit("/layers/llm/model", remove=True)]
    )
    assert after == {"layers": {"llm": {}, "tts": {"tts_engine": "cartesia"}}}
    assert before == {"layers": {"llm": {"model": "x"}}}


@pytest.mark.parametrize("word", ["absent", "null", "None", "", "(sensitive)", "missing"])
def test_a_text_is_a_text_whatever_it_says(word):
    """Nothing that a person may write stands for "not there"."""
    raw = {"pal_name": "a", "greeting": word}
    ops, _ = build_patch(PERSONA, raw, [Edit("/greeting", remove=True)], "pal")
    assert [(op.op, op.path) for op in ops] == [("remove", "/greeting")]
    ops, _ = build_patch(PERSONA, {"pal_name": "a"}, [Edit("/greeting", word)], "pal")
    assert [(op.op, op.path, op.value) for op in ops] == [("add", "/greeting", word)]


@pytest.mark.parametrize("copies", [1, 2, 3, 5])
def test_every_double_of_an_inline_tool_goes_and_the_first_stays(copies):
    def tool(name, text):
        return {"type": "function", "function": {"name": name, "description": text}}

    items = [tool("twin", str(number)) for number in range(copies)]
    raw = {"pal_name": "a", "layers": {"llm": {"tools": [tool("first", "d"), *items, tool("last", "d")]}}}
    ops, _ = build_patch(PERSONA, raw, [Edit("/layers/llm/tools/twin", tool("twin", "new"))], "pal")
    after = apply_patch(ops, raw)["layers"]["llm"]["tools"]
    assert after == [tool("first", "d"), tool("twin", "new"), tool("last", "d")]
    assert len(ops) == copies


@pytest.mark.parametrize(("old", "new"), sorted(PERSONA.renamed_fields.items()))
@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
def test_a_renamed_field_is_one_move_only_where_nothing_stands_in_the_way(old, new, vocabulary):
    def at_pointer(pointer, value):
        return apply_edits(PERSONA, {"pal_name": "a"}, [Edit(pointer, value)])

    inside = "" if leaf_is_plain(old) else "/member"
    edits = [Edit(old + inside, remove=True), Edit(new + inside, "v")]
    raw = to_wire(PERSONA, at_pointer(old + inside, "v"), vocabulary)
    ops, _ = build_patch(PERSONA, raw, edits, vocabulary)
    assert leaf_at(PERSONA, to_canonical(PERSONA, apply_patch(ops, raw))[0], new + inside) == "v"
    both = apply_edits(PERSONA, at_pointer(old + inside, "v"), [Edit(new + inside, "theirs")])
    raw = to_wire(PERSONA, both, vocabulary)
    ops, _ = build_patch(PERSONA, raw, edits, vocabulary)
    assert "move" not in [op.op for op in ops], "a value that stands there is replaced, not moved over"
    assert leaf_at(PERSONA, to_canonical(PERSONA, apply_patch(ops, raw))[0], new + inside) == "v"


def leaf_is_plain(pointer):
    row = next((row for row in PERSONA.fields if row.path == pointer), None)
    return row is None or row.type.value != "object"
