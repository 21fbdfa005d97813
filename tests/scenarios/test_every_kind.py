"""One project with every kind in it: made, changed, healed, deleted."""

from __future__ import annotations

import pytest

from reconciler.platforms.tavus.simulator.faults import Fault, Faults
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.change import Action, Reason
from reconciler.types.json import Json, Object
from tests.support.account import (
    COLLECTIONS,
    CREATED,
    FULL,
    MOODS,
    delete,
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


def test_from_an_empty_account_to_everything_and_back(lab: Lab) -> None:
    assert set(done(lab, *FULL).values()) == {Action.CREATE}
    before = lab.writes()
    lab.apply(*FULL)
    assert lab.writes() == before, "what is in sync costs no write"
    done(lab, destroy=True)
    assert lab.state.resources == {}
    assert lab.plan(unmanaged=True).unmanaged == ()


def test_everything_is_found_again_without_a_state(lab: Lab) -> None:
    lab.apply(*FULL)
    ids = {str(address): entry.id for address, entry in lab.state.resources.items()}
    before = lab.writes()
    lab.state = Lab().state
    plan = lab.plan(*FULL)
    assert {str(one.address): one.importing for one in plan.differences} == ids
    lab.apply(*FULL)
    settled(lab, *FULL)
    assert lab.writes() == before


def test_uses_come_after_what_they_use_and_go_before_it(lab: Lab) -> None:
    lab.apply(*FULL)
    created = [path.rsplit("/v2/")[1].split("/")[0] for method, path, _ in lab.writes() if method == "POST"]
    assert created.index("pals") > max(created.index(COLLECTIONS[one]) for one in list(COLLECTIONS)[:6])
    assert created[-1] == "deployments"
    count = len(lab.writes())
    lab.apply(destroy=True)
    assert [path.split("/")[2] for _, path, _ in lab.writes()[count:]][:2] == ["deployments", "pals"]


CHANGES: dict[str, tuple[Object, list[Json]]] = {
    "guardrail__no_legal_advice": (
        {"guardrail_prompt": "New.", "callback_url": "https://x.example", "tags": ["base", "compliance"]},
        [
            {"op": "replace", "path": "/callback_url", "value": "https://x.example"},
            {"op": "replace", "path": "/guardrail_prompt", "value": "New."},
        ],
    ),
    "pronunciation_dictionary__brand": (
        {"rules": [{"text": "A", "pronunciation": "B", "type": "alias"}]},
        [
            {
                "op": "replace",
                "path": "/rules",
                "value": [
                    {
                        "text": "A",
                        "pronunciation": "B",
                        "type": "alias",
                        "case_sensitive": False,
                        "word_boundaries": True,
                    }
                ],
            }
        ],
    ),
    "deployment__web": (
        {"limits": {"daily_call_limit": 7, "max_call_duration": 60}, "status": "inactive"},
        [
            {"op": "replace", "path": "/limits/daily_call_limit", "value": 7},
            {"op": "add", "path": "/limits/max_call_duration", "value": 60},
            {"op": "replace", "path": "/status", "value": "inactive"},
        ],
    ),
    "document__returns": ({"tags": ["new"]}, [{"op": "replace", "path": "/tags", "value": ["new"]}]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_the_smallest_patch(name: str) -> None:
    lab = Lab()
    lab.apply(*project())
    body, patch = CHANGES[name]
    address = name.replace("__", ".", 1)
    assert ops(lab, address, *project(**{name: body})) == patch
    assert done(lab, *project(**{name: body})) == {address: Action.UPDATE}
    assert done(lab, *project()) == {address: Action.UPDATE}


def test_rules_that_a_list_leaves_out_are_not_taken_for_none() -> None:
    lab = Lab()
    lab.apply(*project())
    empty = project(pronunciation_dictionary__brand={"rules": []})
    assert ops(lab, "pronunciation_dictionary.brand", *empty) == [{"op": "replace", "path": "/rules", "value": []}]
    done(lab, *empty)
    rule = {"text": "Q", "pronunciation": "queue", "type": "alias"}
    path = f"/pronunciation-dictionaries/{lab.id_of('pronunciation_dictionary.brand')}"
    lab.client.patch(path, json=[{"op": "replace", "path": "/rules", "value": [rule]}])
    for manifests in (empty, ()):
        (item,) = lab.plan(*manifests, drift_only=True).drift
        assert [one.path for one in item.changes] == ["/rules"]


def test_a_document_is_changed_with_a_plain_object() -> None:
    lab = Lab()
    lab.apply(*project())
    (change,) = lab.plan(*project(document__returns={"document_name": "Returns 2", "tags": []})).differences
    assert [request.body for request in change.requests] == [{"document_name": "Returns 2", "tags": []}]


def test_a_secret_of_a_deployment_is_only_known_by_its_digest() -> None:
    lab = Lab()
    lab.apply(*project())
    assert "sk-first-secret-value" not in repr(lab.state)
    rotated = project(deployment__web={"password": SecretRef("env", "OTHER")})
    (change,) = lab.plan(*rotated).differences
    assert [(one.path, one.sensitive) for one in change.fields] == [("/password", True)]
    assert "sk-second-secret-value" not in repr(change)
    done(lab, *rotated)


@pytest.mark.parametrize("address", COLLECTIONS)
def test_what_was_deleted_outside_is_healed_in_one_apply(address: str) -> None:
    """The API scrubs the id from personas; the new object's id goes back in with the same plan."""
    lab = Lab()
    lab.apply(*FULL)
    delete(lab, address)
    plan = lab.plan(*FULL)
    assert (address, "deleted_outside") in {(str(item.address), item.reason) for item in plan.drift}
    (made,) = [one for one in plan.changes if one.action is Action.CREATE]
    assert (str(made.address), made.reason) == (address, Reason.DELETED_OUTSIDE)
    users = [one for one in plan.differences if one is not made]
    assert all(one.reason is Reason.REPOINTED for one in users)
    assert all(field.after_unknown for one in users for field in one.fields)
    done(lab, *FULL)


def test_a_guardrail_of_two_hundred_personas_is_made_once() -> None:
    lab = Lab()
    rail = manifest("guardrail.shared", {"guardrail_name": "shared", "guardrail_prompt": "x"})
    personas = [
        manifest(
            f"persona.p{number}",
            {"pal_name": f"P{number}", "system_prompt": "x", "guardrail_ids": [ResourceRef("guardrail.shared")]},
        )
        for number in range(200)
    ]
    lab.vocabulary = "persona"
    done(lab, rail, *personas)
    assert sum(path == "/v2/guardrails" for method, path, _ in lab.writes() if method == "POST") == 1
    count = len(lab.writes())
    lab.client.delete(f"/guardrails/{lab.id_of('guardrail.shared')}")
    assert lab.plan(rail, *personas).applyable, "re-pointing is no mass change"
    done(lab, rail, *personas)
    again = [(method, path) for method, path, _ in lab.writes()[count + 1 :]]
    assert sum(method == "POST" for method, _ in again) == 1
    assert sum(method == "PATCH" for method, _ in again) == 200


def test_lost_answers_make_no_twins() -> None:
    """Every create is carried out and its answer lost: the object is looked up, never sent twice."""
    lost = tuple(Fault(("POST",), f"/v2/{collection}", times=1, drop="after") for collection in CREATED)
    lab = Lab(faults=Faults(lost))
    done(lab, *project())
    assert lab.plan(*project(), unmanaged=True).unmanaged == ()
