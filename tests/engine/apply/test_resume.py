"""A saved plan that is killed at any of its writes: taken up again it ends as if nothing had happened, and only then
counts as applied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.planning.plan_file import dump_plan, load_plan, plan_digest
from reconciler.engine.apply.writing_runs import apply_saved
from reconciler.engine.plan.make_plan import make_plan
from reconciler.errors import PlanStale
from reconciler.types.event import Notice
from reconciler.types.manifest import Lifecycle
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.plan import Plan
from tests.engine.plan.test_plan_rollback import TOOL, custom, inline, migrated, persona
from tests.engine.test_rollback_killed import killed
from tests.support.chronicle import Chronicle
from tests.support.lab import as_set
from tests.support.making import manifest

DOCUMENT = {"document_name": "Returns", "document_url": "https://docs.example.com/a.pdf"}
OTHER = {**DOCUMENT, "document_url": "https://docs.example.com/b.pdf"}
BEFORE = (inline("a"), custom("c"), persona("gone", greeting="Hi"), manifest("document.returns", DOCUMENT))
AFTER = (
    TOOL, migrated("a"), custom("c", "m-2"), migrated("new"), persona("other"), manifest("document.returns", OTHER),
)  # fmt: skip


def saved(world: Chronicle, *manifests, **options) -> Plan:
    """A plan as it comes back from its file."""
    options = {"record": True, "allow_deletes": True, "allow_mass_change": True, **options}
    plan = make_plan(as_set(manifests), world.state(), PlanOptions(**options), world.lab.setting(reading=True))
    return load_plan(dump_plan(plan))


def whole(tmp_path) -> dict:
    world = Chronicle(tmp_path / "whole")
    world.apply(*BEFORE)
    world.carry_out(saved(world, *AFTER))
    return {kind: world.world(kind) for kind in ("pals", "tools", "documents")}


@pytest.mark.parametrize("arrived", [False, True])
def test_a_killed_plan_is_taken_up_and_ends_as_one_that_was_not(tmp_path, arrived):
    wanted = whole(tmp_path)
    for at in range(1, 30):
        folder = tmp_path / str(at) / "state"
        world = Chronicle(folder)
        world.apply(*BEFORE)
        plan = saved(world, *AFTER)
        if not killed(world, folder, at, arrived, lambda world=world, plan=plan: world.carry_out(plan)):
            assert at > 8, "every write of the run was cut off once"
            return
        result = world.carry_out(plan)
        assert {step.outcome for step in result.steps} <= {"done"}
        assert {kind: world.world(kind) for kind in wanted} == wanted, at
        assert any("cut short" in event.message for event in world.events if isinstance(event, Notice))
        assert world.differences(*AFTER) == ()
        with pytest.raises(PlanStale, match="applied before"):
            world.carry_out(plan)
    raise AssertionError("the run never came to its end")


def test_a_first_plan_is_taken_up_too(tmp_path):
    """Where there was no state, the plan minted its lineage."""
    for at in (1, 2, 3):
        folder = tmp_path / str(at) / "state"
        world = Chronicle(folder)
        plan = saved(world, TOOL, migrated("a"), persona("b"))
        assert killed(world, folder, at, True, lambda world=world, plan=plan: world.carry_out(plan))
        world.carry_out(plan)
        assert sorted(world.world()) == ["A", "B"]
        assert world.world()["A"]["tool_ids"] == ["get_weather"]
        assert list(world.world("tools")) == ["get_weather"]


def edit(world, name, operation):
    id = world.state().resources[persona(name).address].id
    assert world.lab.client.patch(f"/pals/{id}", json=[operation]).status_code == 200


def one_by_one(world, plan):
    options = ApplyOptions(saved=True, parallelism=1)
    return apply_saved(plan, plan_digest(plan), world.lab.setting(), world.around(), options)


def cut(tmp_path, at=2):
    """A plan whose second write never arrived."""
    folder = tmp_path / "state"
    world = Chronicle(folder)
    world.apply(persona("a"), persona("b"), persona("c"))
    changed = [persona(name, greeting="Hello") for name in "abc"]
    plan = saved(world, *changed)
    assert killed(world, folder, at, False, lambda: one_by_one(world, plan))
    return world, plan


def test_what_is_left_and_moved_meanwhile_makes_it_stale(tmp_path):
    world, plan = cut(tmp_path)
    edit(world, "c", {"op": "replace", "path": "/system_prompt", "value": "by hand"})
    with pytest.raises(PlanStale, match=r"persona\.c .* was changed"):
        world.carry_out(plan)


def test_what_is_done_may_have_moved_since(tmp_path):
    """Only the rest is still to be applied; what somebody did to the other objects is drift of the next plan."""
    world, plan = cut(tmp_path)
    edit(world, "a", {"op": "replace", "path": "/system_prompt", "value": "by hand"})
    world.carry_out(plan)
    assert world.world()["A"]["system_prompt"] == "by hand"
    assert world.world()["C"]["greeting"] == "Hello"


def test_an_edit_of_what_our_own_request_reached_is_not_ours(tmp_path):
    """The write arrived, its record did not, and then a person edited the object."""
    folder = tmp_path / "state"
    world = Chronicle(folder)
    world.apply(persona("a"), persona("b"))
    plan = saved(world, persona("a", greeting="Hello"), persona("b", greeting="Hello"))
    assert killed(world, folder, 2, True, lambda: one_by_one(world, plan))
    edit(world, "b", {"op": "replace", "path": "/greeting", "value": "by hand"})
    with pytest.raises(PlanStale, match=r"persona\.b .* was changed"):
        world.carry_out(plan)


def test_another_run_that_wrote_of_the_rest_makes_it_stale(tmp_path):
    world, plan = cut(tmp_path)
    mine = persona("c")
    held = replace(mine, lifecycle=Lifecycle(protect=True))
    world.apply(persona("a", greeting="Hello"), persona("b"), held)
    with pytest.raises(PlanStale, match=r"another run wrote since: persona\.c "):
        world.carry_out(plan)


def test_another_run_about_other_objects_does_not(tmp_path):
    world, plan = cut(tmp_path)
    world.apply(persona("a", greeting="Hi"), persona("b"), persona("c"), persona("d"))
    world.carry_out(plan)
    greetings = {name: body.get("greeting") for name, body in world.world().items()}
    assert greetings == {"A": "Hi", "B": "Hello", "C": "Hello", "D": None}
    with pytest.raises(PlanStale, match="applied before"):
        world.carry_out(plan)


def test_a_create_of_the_rest_that_another_run_made_is_stale(tmp_path):
    folder = tmp_path / "state"
    world = Chronicle(folder)
    world.apply(persona("z"))
    plan = saved(world, persona("z"), persona("a"), persona("b"))
    assert killed(world, folder, 2, False, lambda: one_by_one(world, plan))
    world.apply(persona("z"), persona("a"), persona("b"))
    with pytest.raises(PlanStale, match=r"persona\.b"):
        world.carry_out(plan)
    assert sorted(world.lab.names()) == ["A", "B", "Z"]


def test_a_run_that_only_cleans_up_does_not(tmp_path):
    """The next run of any kind takes up the journal of the killed one: that is still its own last word."""
    world, plan = cut(tmp_path)
    from reconciler.engine.state.state_operations import StateAccess, _session

    with _session(StateAccess(world.backend, "lab", world.lab.clock, world.events.append), "look"):
        pass
    world.carry_out(plan)
    assert {body["greeting"] for body in world.world().values()} == {"Hello"}


def test_what_failed_can_be_tried_again(tmp_path):
    from reconciler.errors import Rejected

    world = Chronicle(tmp_path / "state")
    world.apply(persona("a"), persona("b"))
    plan = saved(world, persona("a", greeting="Hello"), persona("b", greeting="Hello"))
    provider = world.lab.provider
    refused = []

    class Refusing:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def send(self, request, *, force=False, gate=None):
            if str(request.address) == "persona.b" and not refused:
                refused.append(request)
                raise Rejected("not now")
            return self.inner.send(request, force=force, gate=gate)

    world.lab.provider = lambda **how: Refusing(provider(**how))
    first = one_by_one(world, plan)
    assert [step.outcome for step in first.steps] == ["done", "failed"]
    again = world.carry_out(plan)
    assert [str(step.address) for step in again.steps] == ["persona.b"]
    assert {body["greeting"] for body in world.world().values()} == {"Hello"}
    with pytest.raises(PlanStale, match="applied before"):
        world.carry_out(plan)
