"""Which parents go whole when what we wrote into them goes."""

from __future__ import annotations

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.empty_parents import emptied_parents, whole_removals
from reconciler.core.kind_table import kind
from reconciler.types.json import Json, Object
from tests.support.making import entry

PERSONA = kind("persona")
FLOW = "/layers/conversational_flow"
PATIENCE = f"{FLOW}/turn_taking_patience"


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
