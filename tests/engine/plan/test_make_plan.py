"""drift: only what moved outside counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.plan.make_plan import find_drift, plan_import, view
from reconciler.errors import NothingFound, PlanError, UsageError
from reconciler.types.address import SecretRef
from reconciler.types.change import Action
from reconciler.types.options import PlanOptions
from tests.support.lab import Lab, as_set
from tests.support.making import at, env, manifest

BODY = {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597", "greeting": "hi"}
ONE = manifest("persona.a", BODY)
TOOL = manifest("tool.find_room", {"name": "find_room", "description": "Finds a room", "origin": "llm"})
GUIDE = manifest(
    "persona.guide",
    {"pal_name": "Guide", "default_face_id": "rfe12d8b9597", "system_prompt": "Help.", "tools": ["find_room"]},
)
OTHER = manifest("persona.other", {"pal_name": "Other", "default_face_id": "rfe12d8b9597", "system_prompt": "Hm."})


def applied():
    lab = Lab()
    lab.apply(ONE)
    return lab


def drift(lab, *manifests):
    plan = find_drift(as_set(manifests), lab.state, lab.setting(reading=True))
    assert plan.changes == ()
    return {
        str(item.address): [(field.path, field.direction.value, field.before, field.after) for field in item.changes]
        for item in plan.drift
    }


def test_nothing_moved():
    assert drift(applied(), ONE) == {}
    assert drift(applied()) == {}


def test_pending_changes_of_the_manifests_and_new_manifests_do_not_count():
    lab = applied()
    new = manifest("persona.new", {**BODY, "pal_name": "New"})
    assert drift(lab, manifest("persona.a", {**BODY, "greeting": "changed in git"}), new) == {}


def test_an_edit_in_the_account_with_and_without_the_manifest():
    lab = applied()
    lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "theirs"})
    assert drift(lab, ONE) == {"persona.a": [("/greeting", "live", "hi", "theirs")]}
    assert drift(lab) == {"persona.a": [("/greeting", "live", None, "theirs")]}


def test_both_moved():
    lab = applied()
    lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "theirs"})
    mine = manifest("persona.a", {**BODY, "greeting": "mine"})
    assert drift(lab, mine) == {"persona.a": [("/greeting", "both", None, "theirs")]}


def test_an_object_that_is_gone():
    lab = applied()
    assert lab.client.delete(f"/pals/{lab.id_of('persona.a')}").status_code == 204
    assert drift(lab, ONE) == {"persona.a": [("", "live", None, None)]}
    assert drift(lab) == {"persona.a": [("", "live", None, None)]}


def test_what_we_do_not_manage_may_move_as_it_likes():
    lab = applied()
    lab.edit("persona.a", {"op": "add", "path": "/context", "value": "theirs"})
    assert drift(lab, ONE) == {}


def test_ignored_paths_are_remembered_without_the_manifest():
    lab = Lab()
    lab.apply(manifest("persona.a", BODY, ignore=("/greeting",)))
    lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "theirs"})
    assert drift(lab) == {}


def test_without_state_there_is_nothing_to_compare():
    with pytest.raises(NothingFound):
        drift(Lab(), ONE)


def test_only_get_requests_are_sent():
    lab = applied()
    count = len(lab.requests())
    drift(lab, ONE)
    assert {method for method, _, _ in lab.requests()[count:]} == {"GET"}


def look(lab: Lab, *manifests, **options):
    return view(as_set(manifests), lab.state, PlanOptions(**options), lab.setting(reading=True), b"key of this run")


def test_an_empty_account_wants_everything_and_has_no_names() -> None:
    lab = Lab()
    plan, wanted, names = look(lab, TOOL, GUIDE)
    assert {change.address: change.action for change in plan.changes} == dict.fromkeys(wanted, Action.CREATE)
    assert names == {}
    assert lab.writes() == []


def test_names_tell_what_the_ids_of_the_account_stand_for() -> None:
    lab = Lab()
    lab.apply(TOOL, GUIDE)
    writes = lab.writes()
    plan, wanted, names = look(lab, TOOL, GUIDE)
    assert plan.differences == ()
    assert set(wanted) == {at("tool.find_room"), at("persona.guide")}
    assert names["tool", lab.id_of("tool.find_room")] == "tool.find_room"
    assert lab.writes() == writes, "nothing but looking"


def test_only_what_was_chosen_is_held_against_the_other() -> None:
    plan, wanted, _ = look(Lab(), TOOL, GUIDE, OTHER, targets=(at("persona.guide"),))
    assert set(wanted) == {at("persona.guide"), at("tool.find_room")}, "and what it depends on"
    assert {change.address for change in plan.changes} == set(wanted)


def test_literal_secrets_are_told_apart_and_never_shown() -> None:
    def literal(value: str):
        lab = Lab()
        lab.vault.resolve = lambda reference: value if reference.kind == "literal" else None  # type: ignore[method-assign]
        llm = {"model": "nw", "base_url": "https://llm.example", "api_key": SecretRef("literal", "a.yaml#/x")}
        one = manifest("persona.a", {"pal_name": "A", "system_prompt": "x", "layers": {"llm": llm}})
        _, wanted, _ = look(lab, one)
        assert value not in repr(wanted)
        return wanted[at("persona.a")].leaves["/layers/llm/api_key"]

    assert literal("sk-first-of-two") == literal("sk-first-of-two")
    assert literal("sk-first-of-two") != literal("sk-second-of-two")


A = at("persona.a")
IMPORT_OBJECT_BODY = {"pal_name": "A", "system_prompt": "mine", "default_face_id": "rfe12d8b9597"}
WANTED = manifest(
    "persona.a",
    {**IMPORT_OBJECT_BODY, "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": env("KEY")}}},
)


@pytest.fixture
def lab():
    found = Lab()
    body = {
        **IMPORT_OBJECT_BODY,
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
    with pytest.raises(NothingFound, match="no manifest"):
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
    other = manifest("persona.b", {**IMPORT_OBJECT_BODY})
    with pytest.raises(PlanError, match="no plan can be made"):
        plan_import(at("persona.b"), lab.made, as_set([WANTED, other]), lab.state, lab.setting())


def test_problems_that_the_wrong_account_explains_name_it():
    """Namesakes in the other account are the errors; the key is the reason."""
    lab, other = applied(), Lab()
    other.apply(*(manifest(name, BODY) for name in ("persona.b", "persona.c")))
    theirs = {address: replace(entry, id="p0f0f0f0f0f0") for address, entry in lab.state.resources.items()}
    other.state = replace(lab.state, resources=theirs, keys=())
    with pytest.raises(PlanError) as caught:
        other.plan(ONE)
    assert {one.code for one in caught.value.diagnostics} == {"E-id"}
    assert "belongs to another account than this key" in (caught.value.hint or "")
    with pytest.raises(PlanError) as caught:
        other.plan(ONE, accept_account=True)
    assert caught.value.hint is None
