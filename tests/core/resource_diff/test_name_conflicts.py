"""Taking over by name: `adopt: same` takes only what is the same, and no name is given twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.resource_diff.name_conflicts import Given, name_sent, other_content
from reconciler.core.state.state_document import dump_state, load_state
from reconciler.errors import PlanBlocked
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.change import Action
from reconciler.types.manifest import Adopt
from tests.support.lab import Lab
from tests.support.making import at, env, manifest

LOOK = {"name": "look", "description": "Looks.", "parameters": {}, "on_call": "silent"}
RULE = {"guardrail_name": "house", "guardrail_prompt": "Be kind."}
CASES = [("tool", "/tools", LOOK), ("guardrail", "/guardrails", RULE)]
OTHERS = {
    "tool": [
        {"description": "Another."},
        {"on_call": "generate_filler"},
        {"on_resolve": "add_to_context"},
        {"origin": "vision", "on_call": None},
        {"parameters": {"type": "object", "properties": {"a": {"type": "string"}}}},
        {"tags": ["theirs"]},
        {"delivery": {"api": {"url": "https://theirs.example/v1", "auth": {"type": "bearer", "token": "sk-theirs"}}}},
    ],
    "guardrail": [
        {"guardrail_prompt": "Be strict."},
        {"modality": "visual"},
        {"callback_url": "https://theirs.example"},
    ],
}


def made(lab, path, body):
    answer = lab.client.post(path, json={key: value for key, value in body.items() if value is not None})
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize(("kind", "path", "body"), CASES)
def test_the_same_is_taken_over_and_the_word_is_remembered(kind, path, body):
    lab = Lab()
    made(lab, path, body)
    ours = manifest(f"{kind}.ours", body, adopt="same")
    plan = lab.plan(ours)
    assert plan.applyable and plan.summary.imported == 1 and plan.summary.changed == 0
    lab.apply(ours)
    assert not [one for one in lab.writes() if one[0] != "POST"]
    kept = load_state(dump_state(lab.state), "lab", lineage="lineage").resources[at(f"{kind}.ours")]
    assert kept.lifecycle.adopt is Adopt.SAME
    assert not lab.plan(ours).differences


@pytest.mark.parametrize(
    ("kind", "path", "body", "more"), [(*case, more) for case in CASES for more in OTHERS[case[0]]]
)
def test_other_content_is_blocked_with_the_ways_out(kind, path, body, more):
    lab = Lab()
    made(lab, path, {**body, **more})
    ours = manifest(f"{kind}.ours", body, adopt="same")
    [change] = lab.plan(ours).differences
    [block] = change.blocked
    assert block.rule == "name_taken"
    for word in ("keep", "theirs", "another name", "adopt: any"):
        assert word in block.hint
    taken = lab.plan(manifest(f"{kind}.ours", body))
    assert not [one for one in taken.all_blocks if one.rule == "name_taken"]


def test_an_id_in_the_manifest_says_which_one_is_meant():
    lab = Lab()
    made(lab, "/tools", {**LOOK, "description": "Another."})
    [row] = lab.client.get("/tools").json()["data"]
    ours = manifest("tool.ours", LOOK, adopt="same", id=row["tool_id"])
    assert lab.plan(ours).applyable


def test_what_is_managed_already_is_changed_as_ever():
    lab = Lab()
    lab.apply(manifest("tool.ours", LOOK, adopt="same"))
    plan = lab.plan(manifest("tool.ours", {**LOOK, "description": "New."}, adopt="same"))
    assert plan.applyable and plan.summary.changed == 1


def test_two_manifests_of_one_tool_name_are_refused_before_anything_is_sent():
    plan = Lab().plan(manifest("tool.a", LOOK), manifest("tool.b", LOOK))
    [block] = plan.all_blocks
    assert block.rule == "name_taken" and "tool.a" in block.message


def test_a_name_that_another_manifest_holds_is_refused():
    lab = Lab()
    lab.apply(manifest("tool.a", LOOK))
    renamed = [manifest("tool.a", LOOK), manifest("tool.b", LOOK)]
    assert [block.rule for block in lab.plan(*renamed).all_blocks] == ["name_taken"]


def test_a_rename_to_a_name_of_somebody_else_is_refused():
    lab = Lab()
    made(lab, "/tools", {**LOOK, "name": "theirs"})
    lab.apply(manifest("tool.a", LOOK))
    assert [block.rule for block in lab.plan(manifest("tool.a", {**LOOK, "name": "theirs"})).all_blocks] == [
        "name_taken"
    ]


def test_personas_may_share_a_name():
    body = {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}
    assert not Lab().plan(manifest("persona.a", body), manifest("persona.b", body)).all_blocks


words = st.sampled_from(["one", "two", "three"])


@settings(max_examples=20, deadline=None)
@given(st.lists(words, max_size=2, unique=True), st.lists(words, max_size=3), st.lists(words, max_size=3))
def test_an_applyable_plan_never_meets_a_refused_name(theirs, first, second):
    lab = Lab()
    for name in theirs:
        made(lab, "/tools", {**LOOK, "name": name})
    for names in (first, second):
        manifests = [
            manifest(f"tool.{index}", {**LOOK, "name": name}, adopt="same") for index, name in enumerate(names)
        ]
        options = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True}
        try:
            applyable = lab.plan(*manifests, **options).applyable
        except Exception as error:
            assert "claim" in str(getattr(error, "diagnostics", error))
            return
        if not applyable:
            return
        result = lab.apply(*manifests, **options)
        assert {step.outcome for step in result.steps if step.action is not Action.NOOP} <= {"done"}


@pytest.mark.parametrize("name", ["end_call", "go_to_sleep"])
def test_a_name_of_a_system_tool_is_taken(name):
    """No list of the account shows them, and the API answers 409 for ever."""
    lab = Lab()
    plan = lab.plan(manifest("tool.a", {**LOOK, "name": name}))
    [block] = plan.all_blocks
    assert block.rule == "name_taken" and "of the vendor" in block.message
    lab.apply(manifest("tool.a", LOOK))
    [block] = lab.plan(manifest("tool.a", {**LOOK, "name": name})).all_blocks
    assert block.rule == "name_taken"


def test_who_gives_no_name_asks_for_none_of_the_vendor():
    lab = Lab()
    lab.apply(manifest("tool.a", LOOK))
    before = len(lab.requests())
    lab.plan(manifest("tool.a", {**LOOK, "description": "New."}))
    changed = len(lab.requests()) - before
    lab.plan(manifest("tool.a", {**LOOK, "name": "other"}))
    assert len(lab.requests()) - before == 2 * changed + 1


@pytest.mark.parametrize(
    ("paths", "told"),
    [("a", "a differs"), ("abcde", "a, b, c, d, e differs"), ("abcdefg", "a, b, c, d, e and 2 more differs")],
)
def test_five_places_that_differ_are_named_and_the_others_counted(paths, told):
    assert other_content(at("tool.a"), "look", "t1", paths).message.endswith(f"called 'look' (t1): {told}")
    assert other_content(at("tool.a"), None, "t1", paths).message.endswith(f"of that name (t1): {told}")


def test_a_name_is_given_once_and_no_name_of_the_vendor():
    names, tool = Given({"tool": {"theirs"}}), kind("tool")
    for ours in ("look", env("NAME")):
        assert names.refused(at("tool.a"), tool, ours) is None
        assert names.refused(at("tool.a"), tool, ours) is None, "it is its own"
        assert "tool.a would be called" in names.refused(at("tool.b"), tool, ours)[0]
    assert "'theirs' is the name of a tool of the vendor" in names.refused(at("tool.c"), tool, "theirs")[0]
    assert "'end_call' is the name of a tool" in names.refused(at("tool.c"), tool, "end_call")[0]
    assert names.refused(at("tool.c"), tool, "end_call", "what NAME says")[0].startswith("what NAME says is")
    assert names.refused(at("guardrail.a"), kind("guardrail"), "look") is None, "another kind, another book"
    assert {names.refused(at(f"persona.{one}"), kind("persona"), "A") for one in "ab"} == {None}


@pytest.mark.parametrize(
    ("body", "more", "name"),
    [
        (LOOK, {}, "look"),
        ({**LOOK, "name": env("NAME")}, {}, env("NAME")),
        ({"description": "d"}, {}, "a"),
        ({"name": 7}, {}, None),
        (LOOK, {"manage": "observe"}, None),
        (LOOK, {"ignore": ("/name",)}, None),
        (LOOK, {"ignore": ("/description",)}, "look"),
    ],
)
def test_a_manifest_gives_the_name_it_says_or_its_address_s_unless_it_gives_none(body, more, name):
    assert name_sent(manifest("tool.a", body, **more)) == name


HIDDEN = env("NAME")


@pytest.mark.parametrize("others", ["manifest", "variable", "account", "vendor"])
@pytest.mark.parametrize("way", ["create", "rename"])
def test_a_name_from_a_variable_is_held_against_all_others_and_shown_nowhere(others, way):
    """Law: what the API keeps unique is unique in a plan, wherever the name comes from (E5)."""
    lab = Lab()
    lab.vault.values["NAME"] = "end_call" if others == "vendor" else "secret_name_0001"
    name = lab.vault.values["NAME"]
    ours = manifest("tool.ours", {**LOOK, "name": HIDDEN})
    if way == "rename":
        lab.apply(manifest("tool.ours", LOOK))
    if others == "account":
        made(lab, "/tools", {**LOOK, "name": name})
        ours = manifest("tool.ours", {**LOOK, "name": HIDDEN, "description": "Mine."}, adopt="same")
    more = {
        "manifest": [manifest("tool.other", {**LOOK, "name": name})],
        "variable": [manifest("tool.other", {**LOOK, "name": HIDDEN})],
    }.get(others, [])
    plan = lab.plan(ours, *more)
    blocks = [block for change in plan.changes for block in change.blocked]
    assert [block.rule for block in blocks] == ["name_taken"], plan.changes
    if others in ("variable", "account"):
        assert name not in repr(blocks)
    writes = len(lab.writes())
    with pytest.raises(PlanBlocked):
        lab.apply(ours, *more)
    assert len(lab.writes()) == writes
