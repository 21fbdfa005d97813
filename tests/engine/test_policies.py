"""Policies on whole plans: what is blocked, the ways out, and what a saved plan remembers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_plan
from reconciler.core.planning.plan_file import dump_plan
from reconciler.engine.apply.execute_plan import refuse_blocked
from reconciler.errors import PlanBlocked
from reconciler.types.address import Address
from reconciler.types.manifest import Manifest
from reconciler.types.project import Policy
from tests.support.lab import Lab
from tests.support.making import at, manifest

ALLOWED, DENIED = "tavus-gpt-oss", "tavus-gpt-4o"
POLICY = Policy(deletes="allow", max_change_percent=100, allowed_models=(ALLOWED,))


def persona(name: str, model: str, greeting: str = "Hello.") -> Manifest:
    body = {"pal_name": name, "system_prompt": "Hi.", "default_face_id": "r90bbd427f71", "greeting": greeting}
    return manifest(f"persona.{name}", {**body, "layers": {"llm": {"model": model}}})  # type: ignore[dict-item]


def strict(policy: Policy = POLICY) -> Lab:
    lab = Lab()
    lab.policy = policy
    return lab


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([ALLOWED, DENIED]), min_size=1, max_size=4), st.integers(0, 3))
def test_a_plan_is_blocked_if_and_only_if_it_would_write_a_violation(models: list[str], chosen: int) -> None:
    lab = strict()
    manifests = [persona(f"p{number}", model) for number, model in enumerate(models)]
    bad = {one.address for one, model in zip(manifests, models, strict=True) if model == DENIED}
    plan = lab.plan(*manifests)
    assert {change.address for change in plan.changes if change.blocked} == bad
    assert plan.applyable is not bool(bad)
    if bad:
        with pytest.raises(PlanBlocked) as refused:
            lab.carry_out(plan)
        assert all(str(one) in str(refused.value) for one in bad)
        assert lab.writes() == []
    # The ways out: leave out all that is refused, or aim at something that is not.
    assert lab.plan(*manifests, excludes=tuple(bad)).applyable
    target = manifests[chosen % len(manifests)].address
    assert lab.plan(*manifests, targets=(target,)).applyable is (target not in bad)
    lab.apply(*manifests, excludes=tuple(bad))
    assert {Address.parse(f"persona.{name}") for name in lab.names()} == {one.address for one in manifests} - bad


def test_a_saved_plan_keeps_its_blocks() -> None:
    """Also under a policy that has nothing against it any more: that asks for a new plan."""
    lab = strict()
    plan = lab.plan(persona("p", DENIED), record=True)
    read = load_plan(dump_plan(plan))
    assert read.all_blocks == plan.all_blocks
    assert [(block.rule, block.pointer) for block in read.all_blocks] == [("allowed_models", "/layers/llm/model")]
    lab.policy = Policy()
    with pytest.raises(PlanBlocked):
        lab.carry_out(read)
    assert lab.writes() == []


def test_what_is_live_already_is_warned_of_and_everything_else_goes_on() -> None:
    lab = Lab()
    lab.apply(persona("old", DENIED), persona("new", ALLOWED))
    lab.policy = POLICY
    quiet = lab.plan(persona("old", DENIED), persona("new", ALLOWED))
    assert quiet.applyable
    assert [(one.code, one.address, one.pointer) for one in quiet.diagnostics] == [
        ("E-policy", at("persona.old"), "/layers/llm/model")
    ]
    greeting = lab.plan(persona("old", DENIED, "Hi."), persona("new", ALLOWED))
    assert greeting.applyable
    assert [one.code for one in greeting.diagnostics] == ["E-policy"]
    worse = lab.plan(persona("old", DENIED), persona("new", DENIED))
    assert [change.address for change in worse.changes if change.blocked] == [at("persona.new")]


def test_taking_an_object_over_writes_nothing_of_what_it_holds() -> None:
    lab = Lab()
    lab.apply(persona("old", DENIED))
    lab.state = replace(lab.state, resources={})
    lab.policy = POLICY
    plan = lab.plan(persona("old", DENIED))
    assert [change.importing is not None for change in plan.changes] == [True]
    assert plan.applyable
    assert [one.code for one in plan.diagnostics] == ["E-no-state", "E-policy"]


def test_healing_writes_the_value_of_the_manifest_so_it_is_judged() -> None:
    lab = Lab()
    lab.apply(persona("old", DENIED))
    lab.edit("persona.old", {"op": "replace", "path": "/layers/llm/model", "value": ALLOWED})
    lab.policy = POLICY
    assert not lab.plan(persona("old", DENIED)).applyable
    assert lab.plan(persona("old", ALLOWED)).applyable


def test_a_refresh_and_a_destroy_write_no_value() -> None:
    lab = Lab()
    lab.apply(persona("old", DENIED))
    lab.edit("persona.old", {"op": "replace", "path": "/layers/llm/model", "value": ALLOWED})
    lab.policy = POLICY
    assert lab.plan(persona("old", DENIED), refresh_only=True).applyable
    assert lab.plan(destroy=True).applyable


def test_protected_addresses_survive_a_destroy() -> None:
    lab = Lab()
    lab.apply(persona("prod-a", ALLOWED), persona("dev-a", ALLOWED))
    lab.policy = Policy(protected=("persona.prod-*",))
    plan = lab.plan(destroy=True)
    assert [change.address for change in plan.changes if change.blocked] == [at("persona.prod-a")]
    with pytest.raises(PlanBlocked):
        refuse_blocked(plan)
    assert lab.plan(destroy=True, excludes=(at("persona.prod-a"),)).applyable


def test_a_protected_object_is_not_replaced_either() -> None:
    lab = Lab()
    lab.apply(persona("prod-a", ALLOWED))
    lab.policy = Policy(deletes="allow", protected=("persona.prod-*",))
    plan = lab.plan(persona("prod-a", ALLOWED), replace=(at("persona.prod-a"),))
    assert {block.rule for block in plan.all_blocks} == {"protected"}


def test_so_many_deletes_at_once() -> None:
    lab = Lab()
    manifests = [persona(f"p{number}", ALLOWED) for number in range(3)]
    lab.apply(*manifests)
    lab.policy = Policy(deletes="allow", max_deletes=1)
    assert [block.rule for block in lab.plan(manifests[0]).blocked] == ["max_deletes"]
    assert lab.plan(*manifests[:2]).applyable
    assert lab.plan(manifests[0], allow_mass_change=True).applyable
    assert lab.plan(manifests[0], targets=(at("persona.p1"),)).applyable
