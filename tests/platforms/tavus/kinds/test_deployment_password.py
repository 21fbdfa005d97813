"""The password of a deployment: never shown, yet set, changed, taken away, and missed when somebody else takes it."""

from __future__ import annotations

import pytest

from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Direction, PatchOp
from reconciler.types.json import Object
from reconciler.types.manifest import Manifest
from tests.support.lab import Lab
from tests.support.making import at, env, manifest

FACE = "rfe12d8b9597"
PERSONA = manifest("persona.user", {"pal_name": "User", "system_prompt": "x", "default_face_id": FACE})
PLACE = at("deployment.door")


def door(**more: object) -> Manifest:
    return manifest(str(PLACE), {"pal_id": ResourceRef("persona.user"), "channel": "widget", "name": "Door", **more})


def outside(lab: Lab, *ops: Object) -> None:
    answer = lab.client.patch(f"/deployments/{lab.id_of(str(PLACE))}", json=list(ops))
    assert answer.status_code == 200, answer.text


def has_password(lab: Lab) -> bool:
    return lab.client.get(f"/deployments/{lab.id_of(str(PLACE))}").json()["has_password"]


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    result = made.apply(PERSONA, door(password=env("KEY")))
    assert [step.message for step in result.steps if step.outcome != "done"] == []
    assert has_password(made)
    assert made.plan(PERSONA, door(password=env("KEY"))).differences == ()
    return made


@pytest.mark.parametrize("without", [door(), door(password=None)])
def test_a_password_that_left_the_manifest_is_taken_away(lab: Lab, without: Manifest) -> None:
    (change,) = lab.plan(PERSONA, without).differences
    assert (change.address, change.action) == (PLACE, Action.UPDATE)
    (field,) = change.fields
    assert (field.path, field.direction, field.before, field.after) == (
        "/password", Direction.GIT, "(sensitive)", None,
    )  # fmt: skip
    # The server does not show it, so a `remove` would not be valid against what it shows.
    assert change.patch == (PatchOp("add", "/password", None),)
    result = lab.apply(PERSONA, without)
    assert result.count("done") == 1
    assert not has_password(lab)
    assert lab.plan(PERSONA, without).differences == ()
    assert lab.plan(PERSONA, without).drift == ()
    assert "/password" not in lab.state.resources[PLACE].sent or without.spec.get("password", 0) is None


def test_a_password_that_no_manifest_ever_named_is_not_ours() -> None:
    lab = Lab()
    lab.apply(PERSONA, door())
    outside(lab, {"op": "add", "path": "/password", "value": "somebody's"})
    assert lab.plan(PERSONA, door()).differences == ()
    assert lab.plan(PERSONA, door()).drift == ()


def test_a_password_that_somebody_took_away_is_drift_and_comes_back(lab: Lab) -> None:
    outside(lab, {"op": "remove", "path": "/password"})
    plan = lab.plan(PERSONA, door(password=env("KEY")))
    (item,) = plan.drift
    assert [(one.path, one.direction, one.sensitive) for one in item.changes] == [("/password", Direction.LIVE, True)]
    assert lab.apply(PERSONA, door(password=env("KEY"))).count("done") == 1
    assert has_password(lab)
    assert lab.plan(PERSONA, door(password=env("KEY"))).differences == ()


def test_the_same_is_seen_without_manifests(lab: Lab) -> None:
    outside(lab, {"op": "remove", "path": "/password"})
    plan = lab.plan(refresh_only=True)
    assert [one.path for item in plan.drift for one in item.changes] == ["/password"]


def test_a_rotated_password_is_one_write(lab: Lab) -> None:
    rotated = door(password=env("OTHER"))
    (change,) = lab.plan(PERSONA, rotated).differences
    assert [(op.op, op.path) for op in change.patch] == [("add", "/password")]
    assert lab.apply(PERSONA, rotated).count("done") == 1
    assert lab.plan(PERSONA, rotated).differences == ()


def test_a_password_that_stays_although_it_was_taken_away_is_a_failure(lab: Lab) -> None:
    change = next(one for one in lab.plan(PERSONA, door()).changes if one.address == PLACE)
    provider = lab.setting().provider
    still = provider.get("deployment", lab.id_of(str(PLACE)))
    assert still is not None
    from reconciler.core.planning.write_check import judge

    assert judge(change, still, lab.setting().book(lab.state), {}).pending == ("/password",)


def test_adopted_without_a_password_it_gets_one() -> None:
    lab = Lab()
    lab.apply(PERSONA, door())
    lab.state = type(lab.state)("lineage", 0, "lab", salt="00ff")
    (change,) = (one for one in lab.plan(PERSONA, door(password=env("KEY"))).differences if one.address == PLACE)
    assert [field.path for field in change.fields] == ["/password"]
    lab.apply(PERSONA, door(password=env("KEY")))
    assert has_password(lab)
