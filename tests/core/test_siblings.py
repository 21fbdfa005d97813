"""Items of a list that refer to each other: taking one away takes the references to it along."""

from __future__ import annotations

import pytest

from tests.support.lab import Lab
from tests.support.making import at, manifest


def steps(*items, **more):
    return manifest("objectives.intake", {"name": "intake", "data": [dict(one) for one in items]}, **more)


ROOT = {"objective_name": "root", "objective_prompt": "Begin.", "next_required_objective": "one"}
ONE = {"objective_name": "one", "objective_prompt": "First."}
TWO = {"objective_name": "two", "objective_prompt": "Second."}
LINKS = [{"next_required_objective": "two"}, {"next_conditional_objectives": {"two": "If it is so"}}]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_that_a_person_made_goes_with_the_item_that_it_leads_to(link):
    lab = Lab()
    lab.apply(steps(ROOT, ONE))
    id = lab.id_of("objectives.intake")
    [(word, value)] = link.items()
    ops = [
        {"op": "add", "path": "/data/-", "value": TWO},
        {"op": "add", "path": f"/data/1/{word}", "value": value},
    ]
    assert lab.client.patch(f"/objectives/{id}", json=ops).status_code == 200
    plan = lab.plan(steps(ROOT, ONE))
    [change] = plan.differences
    shown = {field.path: field for field in change.fields}
    assert {"/data/two", f"/data/one/{word}"} <= shown.keys()
    assert "two" in (shown[f"/data/one/{word}"].note or "")
    result = lab.apply(steps(ROOT, ONE))
    assert [step.outcome for step in result.steps] == ["done"]
    assert not lab.plan(steps(ROOT, ONE)).differences


def test_one_of_several_conditions_goes_alone():
    lab = Lab()
    lab.apply(steps(ROOT, ONE))
    id = lab.id_of("objectives.intake")
    three = {"objective_name": "three", "objective_prompt": "Third."}
    ops = [
        {"op": "add", "path": "/data/-", "value": TWO},
        {"op": "add", "path": "/data/-", "value": three},
        {"op": "add", "path": "/data/1/next_conditional_objectives", "value": {"two": "a", "three": "b"}},
    ]
    assert lab.client.patch(f"/objectives/{id}", json=ops).status_code == 200
    assert [one.outcome for one in lab.apply(steps(ROOT, ONE, three)).steps] == ["done"]
    data = lab.client.get(f"/objectives/{id}").json()["data"]
    assert [one["objective_name"] for one in data] == ["root", "one", "three"]
    assert data[1]["next_conditional_objectives"] == {"three": "b"}


def test_a_link_that_is_left_alone_stops_the_removal():
    lab = Lab()
    ours = steps(ROOT, ONE, ignore=("/data/one/next_required_objective",))
    lab.apply(ours)
    ops = [
        {"op": "add", "path": "/data/-", "value": TWO},
        {"op": "add", "path": "/data/1/next_required_objective", "value": "two"},
    ]
    assert lab.client.patch(f"/objectives/{lab.id_of('objectives.intake')}", json=ops).status_code == 200
    [change] = lab.plan(ours).differences
    assert [block.rule for block in change.blocked] == ["in_use"] and change.address == at("objectives.intake")


@pytest.mark.parametrize("link", ["next_required_objective", "next_conditional_objectives"])
def test_a_way_back_through_links_of_others_is_foreseen(link):
    """What nobody speaks of stays; together with what is wanted it may lead in a circle, which the API refuses."""
    value = "two" if link == "next_required_objective" else {"two": "If it is so"}
    lab = Lab()
    body = {"name": "intake", "data": [{**ONE, link: value}, TWO]}
    assert lab.client.post("/objectives", json=body).status_code < 300
    back = steps(ONE, {**TWO, "next_required_objective": "one"})
    plan = lab.plan(back)
    blocked = [one for change in plan.changes for one in change.blocked]
    assert [one.rule for one in blocked] == ["unfit"] and "lead back" in blocked[0].message
    said = steps({**ONE, link: None}, {**TWO, "next_required_objective": "one"})
    assert [one.outcome for one in lab.apply(said).steps] == ["done"]
    assert not lab.plan(said).differences


def test_two_ways_out_of_one_step_are_foreseen():
    lab = Lab()
    body = {"name": "intake", "data": [{**ONE, "next_conditional_objectives": {"two": "a"}}, TWO]}
    assert lab.client.post("/objectives", json=body).status_code < 300
    [change] = lab.plan(steps({**ONE, "next_required_objective": "two"}, TWO)).changes
    assert [one.rule for one in change.blocked] == ["unfit"]
