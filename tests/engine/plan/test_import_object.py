"""import: one object under an address, nothing written."""

from __future__ import annotations

import pytest

from reconciler.engine.plan.import_object import plan_import
from reconciler.errors import PlanError, UsageError
from tests.support.lab import Lab, as_set
from tests.support.making import at, env, manifest

A = at("persona.a")
BODY = {"pal_name": "A", "system_prompt": "mine", "default_face_id": "rfe12d8b9597"}
WANTED = manifest(
    "persona.a", {**BODY, "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": env("KEY")}}}
)


@pytest.fixture
def lab():
    found = Lab()
    body = {
        **BODY,
        "system_prompt": "theirs",
        "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": "sk-hand"}},
    }
    found.made = found.client.post("/pals", json=body).json()["pal_id"]
    found.twin = found.client.post("/pals", json=body).json()["pal_id"]
    return found


def run(lab, id, *manifests):
    setting = lab.setting()
    return lab.carry_out(plan_import(A, id, as_set(manifests), lab.state, setting), setting)


def test_the_object_is_taken_as_it_is(lab):
    count = len(lab.writes())
    result = run(lab, lab.made, WANTED)
    assert (result.summary.imported, result.summary.changed) == (1, 0)
    assert lab.writes()[count:] == []
    assert lab.id_of("persona.a") == lab.made
    assert lab.state.resources[A].assumed == ("/layers/llm/api_key",)


def test_what_differs_is_a_difference_of_the_next_plan(lab):
    run(lab, lab.made, WANTED)
    (change,) = lab.plan(WANTED).differences
    assert [(field.path, field.direction.value) for field in change.fields] == [("/system_prompt", "git")]
    assert change.importing is None


def test_a_managed_address_is_refused(lab):
    run(lab, lab.made, WANTED)
    with pytest.raises(UsageError, match="managed already"):
        run(lab, lab.twin, WANTED)


def test_an_address_without_manifest_is_refused(lab):
    with pytest.raises(UsageError, match="no manifest"):
        run(lab, lab.made)


@pytest.mark.parametrize("id", ["p000000000000", "p5317866", "t0123456789ab"])
def test_an_id_that_is_not_ours_is_refused(lab, id):
    with pytest.raises(PlanError) as caught:
        run(lab, id, WANTED)
    wrong = caught.value.diagnostics[0]
    assert id in wrong.summary and "metadata" not in wrong.summary and wrong.source is None
    assert lab.state.resources == {}


def test_an_object_of_another_address_is_refused(lab):
    run(lab, lab.made, WANTED)
    other = manifest("persona.b", {**BODY})
    with pytest.raises(PlanError, match="no plan can be made"):
        plan_import(at("persona.b"), lab.made, as_set([WANTED, other]), lab.state, lab.setting())
