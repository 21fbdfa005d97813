"""Edits of a document: what they set, remove and leave alone, by example and by law."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_edit import Edit, apply_edits, edit_items, emptied_parents, whole_removals
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object, lookup
from tests.support.making import entry

PERSONA = kind("persona")
TOOL = kind("tool")
FLOW = "/layers/conversational_flow"
PATIENCE = f"{FLOW}/turn_taking_patience"


def tool(name, text="d"):
    return {"type": "function", "function": {"name": name, "description": text}}


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ({}, Edit("/greeting", "hi"), {"greeting": "hi"}),
        ({"greeting": "old"}, Edit("/greeting", "hi"), {"greeting": "hi"}),
        ({"greeting": "old", "context": "c"}, Edit("/greeting", remove=True), {"context": "c"}),
        ({}, Edit("/greeting", remove=True), {}),
        ({}, Edit("/layers/llm/model", "m"), {"layers": {"llm": {"model": "m"}}}),
        ({"layers": None}, Edit("/layers/llm/model", "m"), {"layers": {"llm": {"model": "m"}}}),
        ({"layers": {"llm": None}}, Edit("/layers/llm/model", "m"), {"layers": {"llm": {"model": "m"}}}),
        ({"layers": {"tts": {}}}, Edit("/layers/llm/model", "m"), {"layers": {"tts": {}, "llm": {"model": "m"}}}),
        ({"layers": {"llm": {"model": "m"}}}, Edit("/layers/llm/model", remove=True), {"layers": {"llm": {}}}),
        ({"layers": {"llm": {}}}, Edit("/layers/tts/voice", remove=True), {"layers": {"llm": {}}}),
        ({"layers": None}, Edit("/layers/llm/model", remove=True), {"layers": None}),
        ({"layers": {"llm": {"x": 1}}}, Edit("/layers/llm", remove=True), {"layers": {}}),
        ({"greeting": "hi"}, Edit("/greeting", None), {"greeting": None}),
        ({}, Edit("/layers/llm/extra_body/a~1b", 1), {"layers": {"llm": {"extra_body": {"a/b": 1}}}}),
    ],
)  # fmt: skip
def test_one_edit(before, edit, after):
    kept = deepcopy(before)
    assert apply_edits(PERSONA, before, [edit]) == after
    assert before == kept, "the document that was given stays as it was"


@pytest.mark.parametrize(
    ("items", "edit", "names"),
    [
        ([], Edit("/layers/llm/tools/a", tool("a")), ["a"]),
        ([tool("a"), tool("b")], Edit("/layers/llm/tools/c", tool("c")), ["a", "b", "c"]),
        ([tool("a"), tool("b")], Edit("/layers/llm/tools/a", tool("a", "new")), ["a", "b"]),
        ([tool("a"), tool("b"), tool("a")], Edit("/layers/llm/tools/a", tool("a", "new")), ["a", "b"]),
        ([tool("a"), tool("b"), tool("a")], Edit("/layers/llm/tools/a", remove=True), ["b"]),
        ([tool("a")], Edit("/layers/llm/tools/z", remove=True), ["a"]),
        ([tool("a"), "no tool at all"], Edit("/layers/llm/tools/a", remove=True), []),
    ],
)
def test_inline_tools_are_found_by_name(items, edit, names):
    after = apply_edits(PERSONA, {"layers": {"llm": {"tools": items}}}, [edit])
    found = lookup(after, "/layers/llm/tools")
    assert [item["function"]["name"] for item in found if isinstance(item, dict)] == names


def test_a_tool_is_set_in_its_place():
    after = edit_items([tool("a"), tool("b"), tool("c")], "b", Edit("/x/b", tool("b", "new")))
    assert after == [tool("a"), tool("b", "new"), tool("c")]


def test_a_tool_of_a_layer_that_is_not_there_is_not_removed_from_it():
    assert apply_edits(PERSONA, {"layers": None}, [Edit("/layers/llm/tools/a", remove=True)]) == {"layers": None}


def test_edits_are_made_in_their_order():
    edits = [Edit("/greeting", "one"), Edit("/greeting", "two"), Edit("/context", "c"), Edit("/context", remove=True)]
    assert apply_edits(PERSONA, {}, edits) == {"greeting": "two"}


words = st.sampled_from(["a", "b", "c"])
paths = st.lists(words, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
documents = st.recursive(
    st.none() | st.integers(0, 3), lambda inner: st.dictionaries(words, inner, max_size=3), max_leaves=8
).filter(lambda value: isinstance(value, dict))


@given(documents, paths, st.integers(0, 9))
def test_what_was_set_is_there(document, path, value):
    assert lookup(apply_edits(TOOL, document, [Edit(path, value)]), path) == value


@given(documents, paths)
def test_what_was_removed_is_not_there_and_removing_again_changes_nothing(document, path):
    after = apply_edits(TOOL, document, [Edit(path, remove=True)])
    assert lookup(after, path, default="absent") == "absent"
    assert apply_edits(TOOL, after, [Edit(path, remove=True)]) == after


@given(documents, paths, paths, st.integers(0, 9))
def test_siblings_stay(document, path, other, value):
    after = apply_edits(TOOL, document, [Edit(path, value)])
    related = path.startswith(other + "/") or other.startswith(path + "/") or path == other
    if not related:
        assert lookup(after, other) == lookup(document, other)


def emptied(held, *, wanted=(), parents=(FLOW,), gone=(PATIENCE,)):
    document = {"layers": {"conversational_flow": held}}
    return list(emptied_parents(PERSONA, entry("p1", parents=parents), gone, dict.fromkeys(wanted), document))


def test_a_parent_with_only_defaults_left_goes():
    assert emptied({"turn_taking_patience": "high", "voice_isolation": "near"}) == [(FLOW, (PATIENCE,))]


def test_one_that_still_says_something_stays():
    assert emptied({"turn_taking_patience": "high", "wake_phrase": "hello"}) == []


def test_one_that_the_manifest_still_speaks_of_or_that_is_not_ours_stays():
    held = {"turn_taking_patience": "high"}
    assert emptied(held, wanted=(f"{FLOW}/voice_isolation",)) == []
    assert emptied(held, parents=()) == []
    assert emptied(held, gone=("/greeting",)) == []


def test_one_that_is_gone_already_needs_nothing():
    assert emptied(None) == []


def wholes(document: Object, *paths: str, sets: tuple[str, ...] = ()) -> list[str]:
    edits = {path: Edit(path, remove=True) for path in paths} | {path: Edit(path, 1) for path in sets}
    found = whole_removals(kind("persona"), document, edits)
    return [path for path, edit in found.items() if edit.remove]


def test_the_object_that_removals_leave_empty_goes_in_their_place() -> None:
    layers: Object = {"vqa": {"a": 1, "b": {"c": 2}}, "llm": {"model": "m"}}
    document: Object = {"layers": layers}
    assert wholes(document, "/layers/vqa/a", "/layers/vqa/b/c") == ["/layers/vqa"]
    assert wholes(document, "/layers/vqa/b/c") == ["/layers/vqa/b"]
    assert wholes(document, "/layers/vqa/a") == ["/layers/vqa/a"]
    assert wholes(document, "/layers/vqa/a", "/layers/vqa/b/c", "/layers/llm/model") == ["/layers"]
    assert wholes(document, "/layers/llm/model", sets=("/layers/llm/base_url",)) == ["/layers/llm/model"]


def test_a_layer_that_held_nothing_but_tools_goes_with_the_last_of_them() -> None:
    tools: list[Json] = [{"function": {"name": "a"}}, {"function": {"name": "b"}}]
    document: Object = {"layers": {"llm": {"tools": tools}, "tts": {"x": 1}}}
    assert wholes(document, "/layers/llm/tools/a", "/layers/llm/tools/b") == ["/layers/llm"]
    assert wholes(document, "/layers/llm/tools/a") == ["/layers/llm/tools/a"]


def test_what_was_empty_before_is_nobodys() -> None:
    assert wholes({"layers": {"stt": {}, "vqa": {"a": 1}}}, "/layers/vqa/a") == ["/layers/vqa"]


def test_a_parent_of_ours_from_which_nothing_goes_stays_though_it_says_nothing() -> None:
    assert emptied({"voice_isolation": "near"}, gone=()) == []


def test_an_object_and_something_in_it_may_go_together() -> None:
    document: Object = {"layers": {"llm": {"model": "m"}, "tts": {"tts_engine": "cartesia"}}}
    assert wholes(document, "/layers/llm", "/layers/llm/model") == ["/layers/llm", "/layers/llm/model"]


def test_an_object_that_was_empty_before_is_not_taken_for_emptied() -> None:
    document: Object = {"layers": {"llm": {"model": "m"}, "tts": {}}}
    assert wholes(document, "/layers/llm/model") == ["/layers/llm"]
