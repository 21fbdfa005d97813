"""Sets whose items are known by name."""

from __future__ import annotations

import pytest

from reconciler.types.change import Action, Reason
from tests.support.account import (
    BODIES,
    MOODS,
    done,
    ops,
    project,
    settled,
)
from tests.support.lab import Lab
from tests.support.making import manifest


@pytest.fixture(params=MOODS, ids=str)
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(MOODS[request.param])


def mirrors(lab: Lab) -> dict[str, str]:
    """Name -> id of the guardrails that are items of a set."""
    return {str(one.name): one.id for one in lab.provider().list("guardrail").objects.values()}


def test_items_of_a_set_keep_their_ids_through_changes(lab: Lab) -> None:
    lab.apply(*project())
    before = mirrors(lab)
    changed = dict(BODIES["guardrail_set.old"])
    changed["data"] = [
        {"guardrail_name": "third", "guardrail_prompt": "Third."},
        {"guardrail_name": "no_prices", "guardrail_prompt": "Changed.", "modality": "visual"},
    ]
    done(lab, *project(guardrail_set__old=changed))
    answer = lab.client.get(f"/guardrails/{lab.id_of('guardrail_set.old')}").json()
    items = {item["guardrail_name"]: item for item in answer["data"]}
    assert set(items) == {"third", "no_prices"}
    assert items["no_prices"]["uuid"] == before["no_prices"]
    assert items["no_prices"]["guardrail_prompt"] == "Changed."


def test_an_item_added_by_hand_is_drift_and_goes() -> None:
    lab = Lab()
    lab.apply(*project())
    path = f"/guardrails/{lab.id_of('guardrail_set.old')}"
    extra = {"guardrail_name": "by_hand", "guardrail_prompt": "x"}
    assert lab.client.patch(path, json=[{"op": "add", "path": "/data/0", "value": extra}]).status_code == 200
    (item,) = lab.plan(*project()).drift
    assert [one.path for one in item.changes] == ["/data/by_hand"]
    assert ops(lab, "guardrail_set.old", *project()) == [{"op": "remove", "path": "/data/0"}]
    done(lab, *project())


def test_the_order_of_items_means_nothing() -> None:
    lab = Lab()
    lab.apply(*project())
    data = BODIES["objectives.intake"]["data"]
    assert isinstance(data, list)
    settled(lab, *project(objectives__intake={"data": data[::-1]}))


def test_steps_of_objectives_are_edited_where_they_stand() -> None:
    lab = Lab()
    lab.apply(*project())
    data = [dict(one) for one in BODIES["objectives.intake"]["data"]]  # type: ignore[union-attr,arg-type]
    del data[0]["next_conditional_objectives"]
    data[0]["next_required_objective"] = "collect"
    data[1]["next_required_objective"] = "close"
    data[1]["output_variables"] = ["name", "phone"]
    wanted = project(objectives__intake={"data": data})
    assert ops(lab, "objectives.intake", *wanted) == [
        {"op": "add", "path": "/data/1/next_required_objective", "value": "close"},
        {"op": "replace", "path": "/data/1/output_variables", "value": ["name", "phone"]},
        {"op": "add", "path": "/data/0/next_required_objective", "value": "collect"},
        {"op": "remove", "path": "/data/0/next_conditional_objectives"},
    ]
    done(lab, *wanted)


def test_an_item_of_a_set_is_never_adopted_as_a_guardrail_of_its_own() -> None:
    """Deleting the set would take it away from everybody who adopted it."""
    lab = Lab()
    lab.apply(*project())
    mine = manifest("guardrail.no_prices", {"guardrail_name": "no_prices", "guardrail_prompt": "A price is named."})
    (change,) = lab.plan(*project(), mine).differences
    assert (change.action, change.reason) == (Action.CREATE, Reason.NEW)
    done(lab, *project(), mine)
    done(lab, *project(persona__desk={"guardrails_id": None}, guardrail_set__old=None), mine, allow_deletes=True)
