"""A saved plan that is killed at any of its writes: taken up again it ends as if nothing had happened, and only then

counts as applied.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.api.offline import load_plan
from reconciler.core.planning.plan_file import dump_plan, plan_digest
from reconciler.engine.account_reader import AccountReader
from reconciler.engine.apply.locked_apply import apply_saved
from reconciler.engine.apply.staleness import check_account, check_state
from reconciler.engine.plan.make_plan import make_plan
from reconciler.errors import PlanStale
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.event import Notice
from reconciler.types.live import Account
from reconciler.types.manifest import Lifecycle
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.state import PlanProgress, State
from tests.engine.plan.test_plan_rollback import TOOL, custom, inline, migrated, persona
from tests.engine.test_rollback_killed import killed
from tests.support.chronicle import Chronicle
from tests.support.lab import Lab, as_set
from tests.support.making import entry, manifest, state

DOCUMENT = {"document_name": "Returns", "document_url": "https://docs.example.com/a.pdf"}
OTHER = {**DOCUMENT, "document_url": "https://docs.example.com/b.pdf"}
BEFORE = (inline("a"), custom("c"), persona("gone", greeting="Hi"), manifest("document.returns", DOCUMENT))
AFTER = (
    TOOL, migrated("a"), custom("c", "m-2"), migrated("new"), persona("other"), manifest("document.returns", OTHER),
)  # fmt: skip
PLAN = Plan("lab", Account("https://api.example.com/v2", "pal"), "lineage", 3)
BODY = {"system_prompt": "x", "default_face_id": "rfe12d8b9597"}
A = manifest("persona.a", {"pal_name": "A", **BODY})
CHANGED = manifest("persona.a", {"pal_name": "A", **BODY, "system_prompt": "new"})
USED_TOOL = manifest("tool.t", {"name": "t", "description": "d"})
USER = manifest("persona.u", {"pal_name": "U", **BODY, "tools": ["t"]})


def saved(world: Chronicle, *manifests, **options) -> Plan:
    """A plan as it comes back from its file."""
    options = {"record": True, "allow_deletes": True, "allow_mass_change": True, **options}
    plan = make_plan(as_set(manifests), world.state(), PlanOptions(**options), world.lab.setting(reading=True)).plan
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
    return apply_saved(plan, plan_digest(plan), world.context(), options)


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
    return check_account(plan, lab.state, setting, AccountReader(setting.provider, setting.clock), accept=accept)[0]


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
    lab.apply(USED_TOOL, A)
    plan = lab.plan(USED_TOOL, A, USER)
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
