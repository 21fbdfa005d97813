"""Every kind lives the same life: created, in sync, edited on either side, adopted, forgotten, destroyed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Direction
from tests.support.lab import Lab
from tests.support.making import env, manifest

FACE = "rfe12d8b9597"
STEP = {"objective_name": "ask", "objective_prompt": "Ask whether they were here before."}
NEXT = {"objective_name": "close", "objective_prompt": "Say goodbye."}
RAIL = {"guardrail_name": "no_advice", "guardrail_prompt": "The user asks for legal advice."}
RULE = {"text": "Tavus", "pronunciation": "TAH-vus", "type": "alias"}
OTHER = manifest("persona.other", {"pal_name": "Other", "system_prompt": "x", "default_face_id": FACE})
USER = manifest("persona.user", {"pal_name": "User", "system_prompt": "x", "default_face_id": FACE})

LIVES = {
    "persona": (
        {"pal_name": "X", "system_prompt": "one", "default_face_id": FACE},
        {"pal_name": "X", "system_prompt": "two", "default_face_id": FACE},
        ["/system_prompt"],
        "/pals",
    ),
    "tool": (
        {"name": "X", "description": "one"},
        {"name": "X", "description": "two", "parameters": {"type": "object", "properties": {}}},
        ["/description", "/parameters"],
        "/tools",
    ),
    "guardrail": (
        {**RAIL, "guardrail_name": "X"},
        {**RAIL, "guardrail_name": "X", "guardrail_prompt": "Other words.", "modality": "visual", "tags": ["a"]},
        ["/guardrail_prompt", "/modality", "/tags"],
        "/guardrails",
    ),
    "guardrail_set": (
        {"name": "X", "data": [RAIL]},
        {"name": "X", "data": [{**RAIL, "guardrail_prompt": "Other words."}]},
        ["/data/no_advice/guardrail_prompt"],
        None,
    ),
    "objectives": (
        {"name": "X", "data": [STEP]},
        {"name": "X", "data": [{**STEP, "next_required_objective": "close"}, NEXT]},
        None,
        "/objectives",
    ),
    "document": (
        {"document_name": "X", "document_url": "https://docs.example.com/a.pdf"},
        {"document_name": "X", "document_url": "https://docs.example.com/a.pdf", "tags": ["b", "a"]},
        ["/tags"],
        "/documents",
    ),
    "pronunciation_dictionary": (
        {"name": "X", "rules": [RULE]},
        {"name": "X", "rules": [RULE, {"text": "PAL", "pronunciation": "pal", "type": "alias"}]},
        ["/rules"],
        "/pronunciation-dictionaries",
    ),
    "connector": (
        {
            "name": "X",
            "server_url": "https://mcp.example.com/mcp",
            "auth_config": {"type": "bearer", "token": env("KEY")},
        },
        {
            "name": "X",
            "server_url": "https://mcp.example.com/v2",
            "auth_config": {"type": "oauth2"},
            "selected_tool_names": ["find", "open"],
        },
        ["/auth_config", "/selected_tool_names", "/server_url"],
        "/connectors",
    ),
    "deployment": (
        {"name": "X", "pal_id": ResourceRef("persona.user"), "channel": "widget"},
        {
            "name": "X",
            "pal_id": ResourceRef("persona.user"),
            "channel": "widget",
            "allowed_origins": ["https://www.example.com"],
        },
        ["/allowed_origins"],
        "/deployments",
    ),
}
FULL = sorted(name for name in LIVES if name in KINDS)


def address(name):
    return f"{name}.x"


def wanted(name, which, **more):
    own = manifest(address(name), LIVES[name][which], **more)
    return (USER, own) if name == "deployment" else (own,)


def outcomes(result):
    return [(str(step.address), step.outcome, step.message) for step in result.steps if step.outcome != "done"]


def born(name, mood=None):
    lab = Lab(mood)
    assert outcomes(lab.apply(*wanted(name, 0))) == []
    return lab


def test_every_kind_is_here():
    assert sorted(KINDS) == sorted(LIVES)


@pytest.mark.parametrize("name", FULL)
def test_created_it_is_in_sync(name):
    lab = born(name)
    assert address(name) in map(str, lab.state.resources)
    count = len(lab.writes())
    plan = lab.plan(*wanted(name, 0))
    assert [(str(one.address), one.fields) for one in plan.differences] == []
    assert plan.drift == ()
    lab.apply(*wanted(name, 0))
    assert len(lab.writes()) == count


@pytest.mark.parametrize("name", FULL)
def test_a_change_of_the_manifest_is_one_update(name):
    lab = born(name)
    plan = lab.plan(*wanted(name, 1))
    (change,) = plan.differences
    assert change.action is Action.UPDATE
    assert {field.direction for field in change.fields} == {Direction.GIT}
    paths = LIVES[name][2]
    assert paths is None or [field.path for field in change.fields] == paths
    assert outcomes(lab.apply(*wanted(name, 1))) == []
    assert lab.plan(*wanted(name, 1)).differences == ()


@pytest.mark.parametrize("name", FULL)
def test_going_back_is_an_update_too(name):
    lab = born(name)
    lab.apply(*wanted(name, 1))
    assert outcomes(lab.apply(*wanted(name, 0))) == []
    assert lab.plan(*wanted(name, 0)).differences == ()
    assert lab.plan(*wanted(name, 0)).drift == ()


@pytest.mark.parametrize("name", FULL)
def test_without_a_state_it_is_adopted_and_not_made_again(name):
    lab = born(name)
    count = len(lab.writes())
    lab.state = Lab().state
    assert outcomes(lab.apply(*wanted(name, 0))) == []
    assert [line for line in lab.writes()[count:] if line[0] == "POST"] == []
    assert lab.plan(*wanted(name, 0)).differences == ()


@pytest.mark.parametrize("name", FULL)
def test_its_manifest_gone_it_is_deleted_only_when_that_is_allowed(name):
    lab = born(name)
    rest = (USER,) if name == "deployment" else (OTHER,)
    lab.apply(*rest, *wanted(name, 0)[-1:])
    blocked = [block.rule for block in lab.plan(*rest).all_blocks]
    assert blocked == ["deletes"]
    result = lab.apply(*rest, allow_deletes=True)
    assert outcomes(result) == []
    assert address(name) not in map(str, lab.state.resources)
    assert lab.plan(*rest).differences == ()


@pytest.mark.parametrize("name", FULL)
def test_deleted_outside_it_is_missed_and_made_again(name):
    lab = born(name)
    lab.apply(*wanted(name, 0), OTHER)
    collection = LIVES[name][3] or "/guardrails"
    old = lab.id_of(address(name))
    assert lab.client.delete(f"{collection}/{old}").status_code < 300
    plan = lab.plan(*wanted(name, 0), OTHER)
    assert [(str(item.address), item.reason) for item in plan.drift] == [(address(name), "deleted_outside")]
    assert outcomes(lab.apply(*wanted(name, 0), OTHER)) == []
    assert lab.id_of(address(name)) != old
    assert lab.plan(*wanted(name, 0), OTHER).differences == ()


@pytest.mark.parametrize("name", FULL)
def test_observed_it_is_never_written(name):
    lab = born(name)
    count = len(lab.writes())
    plan = lab.plan(*wanted(name, 1, manage="observe"))
    assert [change.requests for change in plan.changes if str(change.address) == address(name)] in ([()], [])
    assert [str(item.address) for item in plan.drift] == [address(name)]
    lab.apply(*wanted(name, 1, manage="observe"))
    assert len(lab.writes()) == count


@pytest.mark.parametrize("name", FULL)
def test_destroyed_it_leaves_nothing(name):
    lab = born(name)
    result = lab.apply(destroy=True, allow_deletes=True, allow_mass_change=True)
    assert outcomes(result) == []
    assert lab.state.resources == {}


@pytest.mark.parametrize("mood", [Mood(items="summary"), Mood(defaults="hide"), Mood(list_key="bare")], ids=str)
@pytest.mark.parametrize("name", FULL)
def test_an_account_of_another_mood_makes_no_difference(name, mood):
    lab = born(name, mood)
    plan = lab.plan(*wanted(name, 0))
    assert [(str(one.address), one.fields) for one in plan.differences] == []
    assert plan.drift == ()


@pytest.mark.parametrize("name", FULL)
def test_the_facts_of_a_kind_fit_together(name):
    spec = kind(name)
    rows = {row.path: row for row in spec.fields}
    assert len(rows) == len(spec.fields), "a path is described once"
    assert spec.name_field in rows
    assert not rows[spec.name_field].server_owned
    assert any(f"/{word}" in rows and rows[f"/{word}"].server_owned for word in spec.id_members)
    assert all(row.ref is None or row.ref in KINDS for row in spec.fields)
    assert all(kind(row.ref).level <= spec.level for row in spec.fields if row.ref)
    assert all(row.doc and row.source for row in spec.fields if not row.server_owned)
    assert all(row.default is None or row.default in row.enum for row in spec.fields if row.enum)
    assert not [row.path for row in spec.fields if row.secret and row.server_owned]


def test_an_object_held_by_another_address_is_not_taken():
    lab = born("tool")
    twin = replace(manifest("tool.y", {"name": "Y", "description": "d"}), id=lab.id_of("tool.x"))
    from reconciler.errors import PlanError

    with pytest.raises(PlanError) as refused:
        lab.plan(*wanted("tool", 0), twin)
    assert "already managed as tool.x" in str(refused.value.diagnostics)
