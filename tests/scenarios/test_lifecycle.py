"""protect, ignore, observe, Moved, Removed and probable renames, over every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.plan.make_plan import make_plan
from reconciler.types.address import Address, ResourceRef
from reconciler.types.change import Action
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json
from reconciler.types.manifest import ManifestSet, Moved, Removed
from reconciler.types.options import PlanOptions
from tests.support.account import (
    BODIES,
    COLLECTIONS,
    done,
    project,
    settled,
)
from tests.support.lab import Lab
from tests.support.making import at, manifest


def plan_of(lab: Lab, *manifests, moved=(), removed=(), **options):
    found = ManifestSet(tuple(manifests), moved=tuple(moved), removed=tuple(removed))
    return make_plan(found, lab.state, PlanOptions(record=True, **options), lab.setting()).plan


@pytest.mark.parametrize("address", COLLECTIONS)
def test_protect_outlives_its_manifest(address: str) -> None:
    lab = Lab()
    lab.apply(*(replace(one, lifecycle=replace(one.lifecycle, protect=True)) for one in project()))
    rest = [one for one in project() if str(one.address) != address]
    free = [replace(one, spec={k: v for k, v in one.spec.items() if address not in repr(v)}) for one in rest]
    plan = lab.plan(*free, allow_deletes=True)
    (leaving,) = [one for one in plan.changes if one.action is Action.DELETE]
    assert str(leaving.address) == address
    assert [block.rule for block in leaving.blocked] == ["protect"]


@pytest.mark.parametrize(
    ("address", "pointer", "value"),
    [
        ("guardrail.no_legal_advice", "/guardrail_prompt", "By hand."),
        ("pronunciation_dictionary.brand", "/name", "By hand"),
        ("deployment.web", "/limits/daily_call_limit", 3),
        ("objectives.intake", "/data/greet/objective_prompt", "By hand."),
    ],
)
def test_what_is_ignored_is_written_once_and_then_left_alone(address: str, pointer: str, value: Json) -> None:
    lab = Lab()
    ours = [
        replace(one, lifecycle=replace(one.lifecycle, ignore=(pointer,))) if str(one.address) == address else one
        for one in project()
    ]
    done(lab, *ours)
    wire = pointer.replace("/data/greet/", "/data/0/")
    answer = lab.client.patch(
        f"/{COLLECTIONS[address]}/{lab.id_of(address)}", json=[{"op": "replace", "path": wire, "value": value}]
    )
    assert answer.status_code == 200
    settled(lab, *ours)
    assert [str(one.address) for one in lab.plan(*project()).differences] == [address]


def test_what_is_observed_is_reported_and_never_written() -> None:
    lab = Lab()
    lab.apply(*project())
    lab.state = Lab().state
    watched = [replace(one, lifecycle=replace(one.lifecycle, manage=type(one.lifecycle.manage)("observe"))) for one in
               project(guardrail__no_legal_advice={"guardrail_prompt": "Other."})]  # fmt: skip
    count = len(lab.writes())
    plan = lab.plan(*watched)
    assert all(not one.requests for one in plan.changes)
    assert [str(item.address) for item in plan.drift] in ([], ["guardrail.no_legal_advice"])
    lab.apply(*watched)
    assert [str(item.address) for item in lab.plan(*watched).drift] == ["guardrail.no_legal_advice"]
    assert len(lab.writes()) == count


@pytest.mark.parametrize("address", COLLECTIONS)
def test_a_moved_document_renames_without_a_write(address: str) -> None:
    lab = Lab()
    lab.apply(*project())
    old = at(address)
    new = Address(old.kind, "renamed")
    renamed = [
        replace(
            one,
            address=new if one.address == old else one.address,
            spec=_repoint(one.spec, address, str(new)),  # type: ignore[arg-type]
        )
        for one in project()
    ]
    plan = plan_of(lab, *renamed, moved=[Moved(old, new, Source("moved.yaml"))])
    assert [(str(one.address), str(one.previous)) for one in plan.differences] == [(str(new), address)]
    count, id = len(lab.writes()), lab.id_of(address)
    lab.carry_out(plan)
    assert len(lab.writes()) == count
    assert lab.id_of(str(new)) == id
    settled(lab, *renamed)


def _repoint(value: Json, old: str, new: str) -> Json:
    if value == ResourceRef(old):
        return ResourceRef(new)
    if isinstance(value, dict):
        return {key: _repoint(member, old, new) for key, member in value.items()}
    return [_repoint(item, old, new) for item in value] if isinstance(value, list) else value


def test_a_removed_document_forgets_and_deletes_nothing() -> None:
    lab = Lab()
    lab.apply(*project())
    count = len(lab.writes())
    every = [Removed(at(address), Source("removed.yaml")) for address in BODIES]
    lab.carry_out(plan_of(lab, removed=every, allow_mass_change=True, allow_deletes=True))
    assert lab.state.resources == {}
    assert len(lab.writes()) == count
    assert {one.kind for one in lab.plan(unmanaged=True).unmanaged} == {at(one).kind for one in BODIES}


def test_a_probable_rename_is_blocked_for_every_kind() -> None:
    lab = Lab()
    lab.apply(*project())
    for address, body in BODIES.items():
        new = manifest(f"{at(address).kind}.another", _repoint(body, "", ""))  # type: ignore[arg-type]
        rest = [one for one in project() if str(one.address) != address]
        free = [replace(one, spec={k: v for k, v in one.spec.items() if address not in repr(v)}) for one in rest]
        plan = lab.plan(*free, new, allow_deletes=True)
        assert "probable_rename" in {block.rule for block in plan.all_blocks}, address
