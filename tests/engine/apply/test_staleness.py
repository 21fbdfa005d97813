"""A saved plan's promises, each broken in turn: state, workspace, account, objects, references."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.account_reader import Reader
from reconciler.engine.apply.staleness import check_account, check_state
from reconciler.errors import PlanStale
from reconciler.platforms.tavus.simulator.behaviour import Mood
from reconciler.types.live import Account
from reconciler.types.plan import Plan
from reconciler.types.state import PlanProgress, State
from tests.support.lab import Lab
from tests.support.making import entry, manifest, state

PLAN = Plan("lab", Account("https://api.example.com/v2", "pal"), "lineage", 3)
BODY = {"system_prompt": "x", "default_face_id": "rfe12d8b9597"}
A = manifest("persona.a", {"pal_name": "A", **BODY})
CHANGED = manifest("persona.a", {"pal_name": "A", **BODY, "system_prompt": "new"})
TOOL = manifest("tool.t", {"name": "t", "description": "d"})
USER = manifest("persona.u", {"pal_name": "U", **BODY, "tools": ["t"]})


def of_state(**changes):
    return replace(state(persona__a=entry("p1")), **changes)


def test_the_state_that_a_plan_was_made_for_is_accepted():
    assert check_state(PLAN, of_state(), workspace="lab", digest="d") is None


@pytest.mark.parametrize(
    ("plan", "found", "says", "hint"),
    [
        ({"workspace": "other"}, {}, "made for workspace 'other', this is 'lab'", "-w other"),
        ({}, {"plans": (PlanProgress("c"), PlanProgress("d", finished=True))}, "applied before", "make a new plan"),
        ({"lineage": "else"}, {}, "lineage differs", "make a new plan"),
        ({}, {"serial": 4}, "serial 4, not 3", "make a new plan"),
        ({"serial": 4}, {}, "serial 3, not 4", "make a new plan"),
        ({"serial": 0}, {"serial": 1}, "serial 1, not 0", "make a new plan"),
        ({"serial": 0, "lineage": "else"}, {"serial": 1}, "lineage differs", "make a new plan"),
        ({"serial": 0, "lineage": "else"}, {"serial": 0}, "lineage differs", "make a new plan"),
    ],
)
def test_a_state_that_moved_is_refused(plan, found, says, hint):
    with pytest.raises(PlanStale) as refused:
        check_state(replace(PLAN, **plan), of_state(**found), workspace="lab", digest="d")
    assert says in refused.value.message
    assert hint in (refused.value.hint or "")


def test_a_first_plan_fits_the_state_that_is_still_to_be_minted():
    """Where there is no state, plan and apply each mint a lineage; that alone makes no plan stale."""
    fresh = State("another lineage", 0, "lab")
    assert check_state(replace(PLAN, serial=0), fresh, workspace="lab", digest=None) is None


def test_other_plans_applied_before_do_not_matter():
    assert check_state(PLAN, of_state(plans=(PlanProgress("c"),)), workspace="lab", digest="d") is None


def checked(lab, plan, *, accept=False):
    setting = lab.setting()
    return check_account(plan, lab.state, setting, Reader(setting.provider), accept=accept)[0]


def test_the_objects_of_a_fresh_plan_are_given_as_they_are_now():
    lab = Lab()
    lab.apply(A)
    live = checked(lab, lab.plan(CHANGED))
    assert [(kind, found.body["system_prompt"]) for (kind, _), found in live.items()] == [("persona", "x")]


@pytest.mark.parametrize("items", ["full", "summary"])
def test_an_object_seen_in_full_is_compared_in_full(items):
    lab = Lab(Mood(items=items))
    lab.apply(A)
    plan = lab.plan(CHANGED)
    assert checked(lab, plan)
    lab.edit("persona.a", {"op": "replace", "path": "/system_prompt", "value": "theirs"})
    with pytest.raises(PlanStale, match=r"persona\.a .* was changed"):
        checked(lab, plan)


@pytest.mark.parametrize(
    ("account", "says"),
    [
        (
            {"base_url": "https://elsewhere.example.com/v2"},
            r"made for https://elsewhere\.example\.com/v2 \(pal words\)",
        ),
        ({"vocabulary": "persona"}, r"\(persona words\), this is .* \(pal words\)"),
    ],
)
def test_a_plan_for_another_place_is_refused_even_when_the_account_is_accepted(account, says):
    lab = Lab()
    lab.apply(A)
    plan = lab.plan(CHANGED)
    for accept in (False, True):
        with pytest.raises(PlanStale, match=says):
            checked(lab, replace(plan, account=replace(plan.account, **account)), accept=accept)


def test_another_owner_is_another_account_unless_accepted():
    lab = Lab(Mood(owner_id=True))
    lab.apply(A)
    plan = lab.plan(CHANGED)
    assert plan.account.owner is not None
    other = replace(plan, account=replace(plan.account, owner="somebody else"))
    with pytest.raises(PlanStale, match="another account"):
        checked(lab, other)
    assert checked(lab, other, accept=True)


def test_a_state_whose_objects_this_key_does_not_see_is_another_account():
    lab = Lab()
    lab.apply(A)
    plan = lab.plan(manifest("persona.n", {"pal_name": "N", **BODY}), targets=(A.address.parse("persona.n"),))
    lab.state = replace(lab.state, keys=(), resources={A.address: replace(lab.state.resources[A.address], id="p0")})
    with pytest.raises(PlanStale, match="another account"):
        checked(lab, plan)
    assert checked(lab, plan, accept=True) == {}


def test_what_a_plan_only_refers_to_must_be_as_it_was():
    lab = Lab()
    lab.apply(TOOL, A)
    plan = lab.plan(TOOL, A, USER)
    (key,) = plan.references
    assert key == f"tool/{lab.id_of('tool.t')}"
    assert [change.address.kind for change in plan.changes] == ["persona"]
    assert checked(lab, plan)
    answer = lab.client.patch(f"/tools/{lab.id_of('tool.t')}", json={"description": "another"})
    assert answer.status_code == 200
    with pytest.raises(PlanStale, match=f"{key}, which the plan refers to, was changed"):
        checked(lab, plan)
    assert lab.client.delete(f"/tools/{lab.id_of('tool.t')}").status_code < 300
    with pytest.raises(PlanStale, match=f"{key}, which the plan refers to, was deleted"):
        checked(lab, plan)


def test_everything_that_moved_is_named_at_once():
    lab = Lab()
    other = manifest("persona.b", {"pal_name": "B", **BODY})
    lab.apply(A, other)
    plan = lab.plan(CHANGED, manifest("persona.b", {"pal_name": "B", **BODY, "greeting": "hi"}))
    lab.edit("persona.a", {"op": "replace", "path": "/system_prompt", "value": "theirs"})
    assert lab.client.delete(f"/pals/{lab.id_of('persona.b')}").status_code == 204
    with pytest.raises(PlanStale) as refused:
        checked(lab, plan)
    assert "persona.a" in refused.value.message
    assert "was changed" in refused.value.message
    assert f"persona.b ({lab.id_of('persona.b')}) is gone" in refused.value.message


def test_a_name_that_existed_when_it_was_planned_is_no_surprise():
    """Two of one name on purpose: what was there already is told apart from what came since."""
    lab = Lab()
    lab.apply(A)
    twin = manifest("persona.twin", {"pal_name": "A", **BODY})
    plan = lab.plan(A, twin)
    assert plan.namesakes == {"persona.twin": (lab.id_of("persona.a"),)}
    assert checked(lab, plan) == {}
    assert lab.client.post("/pals", json={"pal_name": "A", **BODY}).status_code == 200
    with pytest.raises(PlanStale, match=r"persona\.twin: there is now an object called 'A'"):
        checked(lab, plan)
