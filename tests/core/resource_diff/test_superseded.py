"""What stays in a live object beside what a migrated manifest has in its place: taken away, told, or left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.canonical.keyed_lists import registry_tool
from reconciler.core.planning.attachments import AttachedTools, leftover_warnings
from reconciler.core.resource_diff import plan_existing, superseded
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext, Matching
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import ResourceRef
from reconciler.types.change import Direction, Reason
from reconciler.types.json import within
from tests.support.legacyaccount import function, inline
from tests.support.making import at, book, entry, listing, live, resource

FIND = {**function("find"), "origin": "llm"}
TOOLS = {"t1": registry_tool(FIND, "find"), "t2": registry_tool({**function("see"), "origin": "vision"}, "see")}
FLOW = "/layers/conversational_flow/turn_detection_model"


def plan(wanted, found, known=None, *, migrate=True, tools=(), **more):
    context = DiffContext(book(), KINDS, "pal", migrate=migrate, tool=TOOLS.get)
    persona = resource("persona.a", {"pal_name": "A", **wanted}, **more)
    reason = Reason.ADOPTED_BY_NAME if known is None else Reason.CHANGED
    return plan_existing(
        persona, live("persona", "p1", {"pal_name": "A", **found}, tools=tools), Binding("p1", reason, known), context
    )


def removed(planned):
    return [op.path for op in planned.change.patch if op.op == "remove"]


def layers(**held):
    return {"layers": held}


def test_a_copy_goes_and_is_shown():
    planned = plan({"tools": ["t1"]}, layers(llm={"model": "m", "tools": [inline("find")]}))
    assert removed(planned) == ["/layers/llm/tools"]
    field = next(one for one in planned.change.fields if one.path == "/layers/llm/tools/find")
    assert (field.direction, field.before, field.after) == (Direction.GIT, inline("find"), None)
    assert planned.left == ()


def test_its_neighbours_stay():
    held = [inline("other"), inline("find"), inline("third")]
    planned = plan({"tools": ["t1"]}, layers(llm={"tools": held}), tools=("t1",))
    assert removed(planned) == ["/layers/llm/tools/1"]


def test_without_migrate_it_is_told_and_nothing_is_written():
    planned = plan({"tools": ["t1"]}, layers(llm={"tools": [inline("find")]}), migrate=False, tools=("t1",))
    assert planned.change.patch == ()
    (told,) = planned.left
    assert (told.path, told.beside) == ("/layers/llm/tools/find", "/tools")
    assert "--migrate" in told.hint


def test_what_is_tracked_but_was_never_sent_is_found_too():
    known = entry("p1", sent={"/pal_name": "x", "/tools": "x"})
    assert removed(plan({"tools": ["t1"]}, layers(llm={"tools": [inline("find")]}), known)) == ["/layers"]


@pytest.mark.parametrize(
    "wanted, held",
    [
        ({"tools": ["t1"]}, {"llm": {"tools": [inline("find", required=["city"])]}}),
        ({"tools": ["t1"]}, {"perception": {"visual_tools": [inline("find")]}}),
        ({"tools": ["t1"]}, {"llm": {"tools": [inline("find"), inline("find", required=["city"])]}}),
        ({"tools": ["t2"]}, {"llm": {"tools": [inline("find")]}}),
        ({"tools": []}, {"llm": {"tools": [inline("find")]}}),
        ({}, {"llm": {"tools": [inline("find")]}}),
        ({"tools": ["t1"], **layers(llm={"tools": [inline("find")]})}, {"llm": {"tools": [inline("find")]}}),
    ],
    ids=["other body", "other origin", "odd double", "other tool", "no tools", "not owned", "in the manifest"],
)
def test_what_no_wanted_tool_equals_is_never_touched(wanted, held):
    assert removed(plan(wanted, layers(**held))) == []


def test_one_of_the_same_name_with_another_body_is_told():
    planned = plan({"tools": ["t1"]}, layers(llm={"tools": [inline("find", required=["city"])]}))
    assert "another body" in planned.left[0].summary


def test_one_of_the_same_body_with_another_name_is_told():
    other = {**inline("seek"), "function": {**function("find"), "name": "seek"}}
    planned = plan({"tools": ["t1"]}, layers(llm={"tools": [other]}))
    assert removed(planned) == []
    assert "attached as find" in planned.left[0].summary


@pytest.mark.parametrize("more", [{"ignore": ("/layers/llm",)}, {"ignore": ("/tools",)}, {"manage": "observe"}])
def test_the_lifecycle_of_the_manifest_is_kept_to(more):
    planned = plan({"tools": ["t1"]}, layers(llm={"tools": [inline("find")]}), tools=("t1",), **more)
    assert (planned.change.patch, planned.left) == ((), ())


def test_what_was_attached_by_hand_before_stays():
    planned = plan({"tools": ["t1"]}, layers(llm={"tools": [inline("find")]}), tools=("t9",))
    field = next(one for one in planned.change.fields if one.path == "/tools")
    assert (field.before, field.after) == ([], ["t1"])
    assert any("t9 was attached by hand" in note for note in planned.change.notes)


def test_raven_1_is_written_where_a_copy_that_sees_goes():
    wanted = {"tools": ["t2"], **layers(perception={"perception_model": "raven-1"})}
    planned = plan(wanted, layers(perception={"visual_tools": [inline("see")]}))
    assert {op.path: op.op for op in planned.change.patch} == {
        "/layers/perception/perception_model": "add",
        "/layers/perception/visual_tools": "remove",
    }


OLD = [
    (
        layers(perception={"visual_awareness_queries": ["Who?"]}),
        layers(perception={"ambient_awareness_queries": ["Who?"], "visual_awareness_queries": ["Who?"]}),
        "/layers/perception/ambient_awareness_queries",
    ),
    (
        layers(perception={"visual_tool_prompt": "Look."}),
        layers(perception={"tool_prompt": "Look.", "visual_tool_prompt": "Look."}),
        "/layers/perception/tool_prompt",
    ),
    ({"system_prompt": "Be.\n\nKind."}, {"system_prompt": "Be.\n\nKind.", "context": "Kind."}, "/context"),
    (
        layers(conversational_flow={"turn_detection_model": "sparrow-1"}),
        layers(
            conversational_flow={"turn_detection_model": "sparrow-1"},
            stt={"participant_pause_sensitivity": "high", "hotwords": "Roey"},
        ),
        "/layers/stt/participant_pause_sensitivity",
    ),
    (
        layers(perception={"perception_model": "off"}),
        layers(perception={"perception_model": "off"}, vqa={"enable_vision": "false"}),
        "/layers/vqa",
    ),
    (
        layers(llm={"extra_body": {"temperature": 0.3}}),
        layers(llm={"extra_body": {"temperature": 0.3}, "temperature": 0.3}),
        "/layers/llm/temperature",
    ),
]


@pytest.mark.parametrize("wanted, found, path", OLD, ids=[path for _, _, path in OLD])
def test_an_old_field_that_says_the_same_goes(wanted, found, path):
    assert removed(plan(wanted, found)) == [path]
    told = plan(wanted, found, migrate=False)
    assert told.change.patch == ()
    assert [one.path for one in told.left] == [path]


@pytest.mark.parametrize("wanted, found, path", OLD, ids=[path for _, _, path in OLD])
def test_an_old_field_of_the_manifest_or_the_state_is_not_looked_at(wanted, found, path):
    assert plan({**wanted, **found}, found).left == ()
    ignoring = plan(wanted, found, ignore=(path,))
    assert (ignoring.left, ignoring.change.patch) == ((), ())


def test_a_renamed_field_travels_as_one_move():
    queries = ["Who?"]
    planned = plan(
        layers(perception={"visual_awareness_queries": queries}),
        layers(perception={"ambient_awareness_queries": queries}),
    )
    assert [(op.op, op.source) for op in planned.change.patch] == [
        ("move", "/layers/perception/ambient_awareness_queries")
    ]


APART = [
    (
        layers(perception={"visual_awareness_queries": ["Who?"]}),
        layers(perception={"ambient_awareness_queries": ["What?"]}),
    ),
    ({"system_prompt": "Be."}, {"system_prompt": "Be.", "context": "Kind."}),
    (
        layers(perception={"perception_model": "off"}),
        layers(perception={"perception_model": "off"}, vqa={"enable_vision": True}),
    ),
    ({"guardrail_ids": ["g1"]}, {"guardrail_ids": ["g1"], "guardrails_id": "gs"}),
]


@pytest.mark.parametrize("wanted, found", APART)
def test_what_differs_stays_and_is_told_while_it_is_imported(wanted, found):
    planned = plan(wanted, found)
    assert removed(planned) == []
    assert [one.hint for one in planned.left] == [
        "write null in its place in the manifest to take it away, or edit the account"
    ]
    tracked = plan(wanted, found, entry("p1", sent={"/pal_name": "x"}))
    assert tracked.left == ()


@pytest.mark.parametrize("ignore", ["/context", "/layers/perception/ambient_awareness_queries/0", "/layers"])
def test_what_is_ignored_at_above_or_below_an_old_field_keeps_it(ignore):
    queries = {"visual_awareness_queries": ["Who?"]}
    wanted = {"system_prompt": "Kind.", **layers(perception=queries)}
    found = {**wanted, "context": "Kind.", **layers(perception={**queries, "ambient_awareness_queries": ["Who?"]})}
    old = {"/context", "/layers/perception/ambient_awareness_queries"}
    kept = {place for place in old if within(place, ignore) or within(ignore, place)}
    assert kept and set(removed(plan(wanted, found, ignore=(ignore,)))) == old - kept


def test_a_list_of_old_guardrails_counts_beside_the_new_one_only_where_the_manifest_has_one():
    found = {"guardrails_id": "gs", "guardrail_ids": ["g1"]}
    assert plan({}, found).left == () == plan({"guardrail_ids": []}, found).left
    (told,) = plan({"guardrail_ids": ["g1"]}, found).left
    assert told.summary == "guardrails_id is still there beside guardrail_ids: both count"


def test_a_flow_that_the_manifest_does_not_speak_of_decides_nothing():
    found = layers(stt={"participant_pause_sensitivity": "high"}, conversational_flow={"idle_engagement": "off"})
    assert removed(plan({}, found)) == []


def test_tools_are_known_by_reference_by_id_and_from_the_account_alone():
    ours = resource("tool.mine", FIND)
    matching = Matching({at("tool.mine"): Binding("t1", Reason.CHANGED)})
    others = listing("tool", live("tool", "t1", {**FIND, "description": "old"}), live("tool", "t7", FIND))
    known = AttachedTools({at("tool.mine"): ours}, matching, others, {"tool"})
    expected = registry_tool(FIND, "find")
    assert [known(item) for item in (ResourceRef("tool.mine"), "t1", "t7")] == [expected] * 3
    assert [known(item) for item in ("t9", ResourceRef("tool.none"), None, 1)] == [None] * 4


@pytest.mark.parametrize("word, hint", [("ask", "apply --migrate"), ("off", "migrate: off")])
def test_a_warning_has_the_address_the_place_and_the_way(word, hint):
    planned = plan({"tools": ["t1"]}, layers(llm={"tools": [inline("find")]}), migrate=False)
    persona = resource("persona.a", {"pal_name": "A"})
    (told,) = leftover_warnings({at("persona.a"): planned}, {at("persona.a"): persona}, setting_word=word)
    assert (told.code, str(told.address), told.pointer, told.source) == (
        "E-left",
        "persona.a",
        "/tools",
        persona.source,
    )
    assert "/layers/llm/tools/find" in told.summary
    assert hint in told.hint
    assert replace(told, hint=None).is_error is False


def held_at(pointer, value):
    """A document with `value` at one place alone."""
    for word in reversed(pointer.split("/")[1:]):
        value = {word: value}
    return value


PERSONA = KINDS.get("persona")
OLD = [
    *PERSONA.renamed_fields, *PERSONA.moved_fields, *PERSONA.misplaced_keys, *PERSONA.merged_texts,
    *PERSONA.superseded_references, *(spent.pointer for spent in PERSONA.superseded_fields),
]  # fmt: skip


@pytest.mark.parametrize("place", dict.fromkeys(OLD))
def test_no_old_place_is_missed_by_the_quick_look(place):
    assert superseded._is_any_there(superseded._old_places(PERSONA), held_at(place, "x"))
    assert not superseded._is_any_there(superseded._old_places(PERSONA), held_at(place, None))
    parent, _, _ = place.rpartition("/")
    if parent:
        assert superseded._is_any_there(superseded._old_places(PERSONA), held_at(parent, [{"name": "x"}]))
