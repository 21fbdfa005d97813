"""What a run could not compare is said and counted, and is never taken for what was compared."""

from __future__ import annotations

import pytest

from reconciler.engine.apply.locked_apply import refuse_incomplete
from reconciler.engine.plan.make_plan import find_drift
from reconciler.errors import AuthRefused, PlanError, Unavailable
from reconciler.platforms.tavus.simulator.faults import Fault, FaultBook, Faults, Mood
from reconciler.types.address import SecretRef
from reconciler.types.plan import Incomplete, Obstacle
from tests.support.lab import Lab, as_set
from tests.support.making import at, manifest

SECRET = SecretRef("env", "KEY")


def persona(name, **more):
    return manifest(
        f"persona.{name}", {"pal_name": name, "system_prompt": "x", "default_face_id": "rfe12d8b9597", **more}
    )


def break_down(lab, *faults):
    lab.transport.service._book = FaultBook(Faults(faults))


def with_key(name):
    return persona(name, layers={"llm": {"model": "m-1", "base_url": "https://llm.example/v1", "api_key": SECRET}})


def test_a_secret_without_a_value_is_incomplete_in_plan_and_drift_and_no_change():
    lab = Lab()
    lab.apply(with_key("a"), persona("b"))
    lab.vault.values.clear()
    expected = (Incomplete(Obstacle.SECRET_MISSING, at("persona.a"), "/layers/llm/api_key", "env KEY"),)
    plan = lab.plan(with_key("a"), persona("b"))
    assert plan.incomplete == expected
    assert plan.summary.incomplete == 1
    assert plan.differences == ()
    drift = find_drift(as_set([with_key("a")]), lab.state, lab.setting(reading=True))
    assert drift.incomplete == expected
    assert drift.drift == ()


def test_everything_compared_leaves_nothing_incomplete():
    lab = Lab()
    lab.apply(with_key("a"), persona("b"))
    assert lab.plan(with_key("a"), persona("b")).incomplete == ()
    assert find_drift(as_set([]), lab.state, lab.setting(reading=True)).incomplete == ()


@pytest.mark.parametrize(
    ("fault", "mood"),
    [
        (Fault(method=("GET",), path="/v2/pals/*", status=500), Mood(items="summary")),
        (Fault(method=("GET",), path="/v2/pals/*", body="garbage"), Mood(items="summary")),
        (Fault(method=("GET",), path="/v2/pals/*", status=422), Mood(items="summary")),
        (Fault(method=("GET",), path="/v2/pals/*/tools", status=500), Mood(tool_ids=False)),
    ],
    ids=["5xx", "garbage", "4xx", "attachments"],
)
def test_an_object_that_the_account_does_not_show_is_incomplete_and_left_alone(fault, mood):
    tool = manifest("tool.look", {"name": "look", "description": "d", "origin": "llm"})
    hidden = persona("a", greeting="hi", tools=["look"], layers={"llm": {"model": "tavus-gpt-oss"}})
    lab = Lab(mood)
    lab.apply(tool, hidden)
    break_down(lab, fault)
    plan = lab.plan(tool, persona("a", greeting="changed", tools=["look"]), persona("b"))
    assert [(one.obstacle, str(one.address), one.path) for one in plan.incomplete] == [
        (Obstacle.UNREADABLE, "persona.a", "")
    ]
    assert [str(change.address) for change in plan.differences] == ["persona.b"]
    drift = find_drift(as_set([tool, hidden]), lab.state, lab.setting(reading=True))
    assert (drift.drift, drift.summary.incomplete, drift.summary.unchanged) == ((), 1, 1)


def test_what_became_of_a_missing_object_is_not_guessed():
    """Its list does not show it and a look at it fails: it is neither gone, nor made a second time, nor deleted."""
    lab = Lab()
    lab.apply(persona("a"), persona("b"))
    assert lab.client.delete(f"/pals/{lab.id_of('persona.a')}").status_code == 204
    break_down(lab, Fault(method=("GET",), path="/v2/pals/*", status=500))
    for manifests in ((persona("a"), persona("b")), (persona("b"),)):
        plan = lab.plan(*manifests, allow_deletes=True)
        assert plan.differences == ()
        assert [str(one.address) for one in plan.incomplete] == ["persona.a"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(method=("GET",), path="/v2/pals/*", status=401), AuthRefused),
        (Fault(method=("GET",), path="/v2/pals/*", status=429), Unavailable),
        (Fault(method=("GET",), path="/v2/pals", status=500), Unavailable),
    ],
    ids=["key", "limit", "the list itself"],
)
def test_what_stands_in_the_way_of_all_objects_ends_the_run(fault, error):
    lab = Lab(Mood(items="summary"))
    lab.apply(persona("a", greeting="hi"))
    break_down(lab, fault)
    with pytest.raises(error):
        lab.plan(persona("a", greeting="hello"))


def test_strict_complete_sends_nothing():
    lab = Lab()
    lab.apply(with_key("a"))
    lab.vault.values.clear()
    plan = lab.plan(with_key("a"), persona("b"))
    with pytest.raises(PlanError) as caught:
        refuse_incomplete(plan)
    assert [(str(one.address), one.pointer) for one in caught.value.diagnostics] == [
        ("persona.a", "/layers/llm/api_key")
    ]
    refuse_incomplete(lab.plan(persona("b")))
