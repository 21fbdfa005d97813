"""Nothing in use is deleted: whoever uses it, and whatever took the user out of the run."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_plan
from reconciler.core.planning.plan_file import dump_plan
from reconciler.engine.apply.locked_apply import apply_manifests
from reconciler.engine.plan.make_plan import make_plan
from reconciler.errors import PlanBlocked, PlanError, PlanStale
from reconciler.reporters import REPORTERS
from reconciler.types.change import Action
from reconciler.types.diagnostic import Source
from reconciler.types.manifest import ManifestSet, Removed
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.report import Report, Style
from tests.support.chronicle import Chronicle
from tests.support.lab import Lab
from tests.support.making import at, manifest

FACE = "rfe12d8b9597"


def tool(name):
    return manifest(f"tool.{name}", {"name": name, "description": f"Does {name}."})


def persona(name, *tools, **more):
    body = {
        "pal_name": name,
        "system_prompt": "x",
        "default_face_id": FACE,
        "tools": list(tools),
    }
    return manifest(f"persona.{name}", {**body, **more})


def attach_by_hand(lab, tool_id, name="theirs"):
    """Somebody whom nobody manages here uses the tool."""
    made = lab.client.post("/pals", json={"pal_name": name, "system_prompt": "x", "default_face_id": FACE}).json()
    assert lab.client.post(f"/pals/{made['pal_id']}/tools", json={"tool_ids": [tool_id]}).status_code == 200
    return made["pal_id"]


def blocks(plan, address):
    return [block for change in plan.changes if change.address == at(address) for block in change.blocked]


def test_a_tool_that_an_excluded_persona_uses_is_kept():
    lab = Lab()
    lab.apply(tool("look"), persona("a"), persona("b", "look"))
    plan = lab.plan(persona("a"), persona("b"), excludes=(at("persona.b"),), allow_deletes=True)
    assert at("tool.look") not in {change.address for change in plan.differences}


def test_a_tool_that_a_persona_out_of_scope_uses_is_blocked_and_names_it():
    lab = Lab()
    lab.apply(tool("look"), persona("a"), persona("b", "look"))
    plan = lab.plan(persona("a"), persona("b"), targets=(at("tool.look"),), allow_deletes=True)
    [block] = blocks(plan, "tool.look")
    assert block.rule == "in_use" and "persona.b" in block.message and "--exclude" in block.hint


def test_a_use_that_the_same_plan_takes_away_is_none():
    lab = Lab()
    lab.apply(tool("look"), persona("a", "look"), persona("b", "look"))
    plan = lab.plan(persona("a"), allow_deletes=True)
    assert plan.applyable
    tool_change = next(change for change in plan.changes if change.address == at("tool.look"))
    assert set(tool_change.depends_on) == {at("persona.a"), at("persona.b")}


@pytest.mark.parametrize("how", ["observed", "removed", "unmanaged"])
def test_whoever_uses_it_is_named(how):
    lab = Lab()
    lab.apply(tool("look"), persona("a", "look"))
    removed, left = (), []
    if how == "unmanaged":
        attach_by_hand(lab, lab.id_of("tool.look"))
    elif how == "removed":
        removed = (Removed(at("persona.a"), Source("r.yaml")),)
    else:
        left = [manifest("persona.a", {"pal_name": "a"}, manage="observe")]
    manifests = ManifestSet(tuple(left), removed=removed)
    options = PlanOptions(allow_deletes=True, allow_mass_change=True)
    plan = make_plan(manifests, lab.state, options, lab.setting(reading=True)).plan
    [block] = blocks(plan, "tool.look")
    assert ("theirs" if how == "unmanaged" else "persona.a") in block.message


def test_a_persona_that_a_deployment_of_others_serves_is_in_use():
    lab = Lab()
    lab.apply(persona("a"))
    body = {"name": "site", "channel": "widget", "pal_id": lab.id_of("persona.a")}
    assert lab.client.post("/deployments", json=body).status_code in (200, 201)
    plan = lab.plan(allow_deletes=True, allow_mass_change=True)
    assert [block.rule for block in blocks(plan, "persona.a")] == ["in_use"]


def document(name):
    return manifest(f"document.{name}", {"document_name": name, "document_url": f"https://example.com/{name}"})


@pytest.mark.parametrize("destroy", [False, True])
def test_a_document_that_only_a_skill_of_others_shows_is_in_use(destroy):
    lab = Lab()
    lab.apply(document("slides"), document("other"))
    body = {"pal_name": "theirs", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}
    id = lab.client.post("/pals", json=body).json()["pal_id"]
    config = {"config": {"document_ids": [lab.id_of("document.slides")], "slides_trigger": "on_demand"}}
    assert lab.client.put(f"/pals/{id}/skills/presentation", json=config).status_code == 200
    plan = lab.plan(allow_deletes=True, allow_mass_change=True, destroy=destroy)
    if destroy:
        assert [str(one.address) for one in plan.differences] == ["document.other"]
        [kept] = plan.kept
        assert kept.address == at("document.slides") and "theirs" in kept.users[0]
    else:
        [block] = plan.all_blocks
        assert block.rule == "in_use" and "theirs" in block.message


def test_destroy_keeps_what_others_use_and_all_that_it_uses_itself():
    lab = Lab()
    lab.apply(tool("look"), tool("other"), persona("a", "look", "other"))
    attach_by_hand(lab, lab.id_of("tool.look"))
    plan = lab.plan(destroy=True)
    assert plan.applyable
    assert {str(change.address) for change in plan.differences} == {"persona.a", "tool.other"}
    [told] = [one for one in plan.diagnostics if one.code == "E-in-use"]
    assert told.address == at("tool.look") and "in use by" in told.summary and "theirs" in told.summary
    [kept] = plan.kept
    assert kept.address == at("tool.look") and ["theirs" in user for user in kept.users] == [True]
    report = json.loads(REPORTERS.get("json")(Report("destroy", plan=plan), Style()))
    assert report["kept"] == [{"address": "tool.look", "users": list(kept.users)}]
    assert load_plan(dump_plan(plan)).kept == plan.kept
    lab.apply(destroy=True)
    assert lab.names("tools") == ["look"] and [str(one) for one in lab.state.resources] == ["tool.look"]


def test_a_target_of_destroy_never_takes_what_it_uses():
    lab = Lab()
    everything = (tool("look"), persona("a", "look"), persona("b", "look"))
    lab.apply(*everything)
    plan = lab.plan(*everything, destroy=True, targets=(at("persona.a"),))
    assert [str(change.address) for change in plan.differences] == ["persona.a"]
    plan = lab.plan(*everything, destroy=True, targets=(at("tool.look"),))
    assert {str(change.address) for change in plan.differences} == {"persona.a", "persona.b", "tool.look"}


def test_a_changed_tool_says_who_else_uses_it():
    lab = Lab()
    users = [persona("a", "look"), persona("b", "look")]
    lab.apply(tool("look"), *users)
    for number in range(3):
        attach_by_hand(lab, lab.id_of("tool.look"), f"theirs {number}")
    changed = manifest("tool.look", {"name": "look", "description": "Another."})
    plan = lab.plan(changed, *users)
    [note] = next(change.notes for change in plan.differences if change.address == at("tool.look"))
    assert note == "used by persona.a, persona.b and 3 PALs that are not managed here"


NAMES = "abc"
pairs = st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)), max_size=3)
picked = st.lists(st.sampled_from([f"{kind}.{name}" for kind in ("tool", "persona") for name in NAMES]), max_size=2)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs, pairs, st.sets(st.sampled_from(NAMES)), picked, picked, st.booleans(), st.booleans())
def test_whom_a_run_does_not_change_keeps_all_that_it_uses(
    before, after, theirs, targets, excludes, destroy, orphan_tools
):
    lab = Lab()
    lab.apply(*map(tool, NAMES), *(persona(name, *used) for name, used in before.items()))
    for name in theirs:
        attach_by_hand(lab, lab.id_of(f"tool.{name}"), f"their {name}")
    held = uses(lab)
    wanted = {name for used in after.values() for name in used} if orphan_tools else set(NAMES)
    manifests = [*map(tool, sorted(wanted)), *(persona(name, *used) for name, used in after.items())]
    options = {
        "targets": tuple(at(one) for one in targets if one not in excludes),
        "excludes": tuple(map(at, excludes)),
        "destroy": destroy,
        "allow_deletes": True,
        "allow_mass_change": True,
    }
    known = {str(one.address) for one in manifests if not destroy} | {str(one) for one in lab.state.resources}
    if not {*targets, *excludes} <= known:
        return
    try:
        plan = lab.plan(*manifests, **options)
    except PlanError:  # what is targeted is kept with what is excluded: nothing is left to do
        return
    touched = {change.id for change in plan.changes if change.action in (Action.UPDATE, Action.DELETE)}
    try:
        lab.apply(*manifests, **options)
    except PlanBlocked:
        assert uses(lab) == held
        return
    now = uses(lab)
    assert {id: used for id, used in held.items() if id not in touched}.items() <= now.items()
    if destroy:
        chosen = {str(change.address) for change in plan.differences}
        assert not chosen & set(excludes)


def uses(lab):
    """Persona id -> ids of its tools."""
    rows = lab.client.get("/pals", params={"limit": 100, "page": 1, "pal_type": "user"}).json()["data"]
    found = {}
    for row in rows:
        tools = lab.client.get(f"/pals/{row['pal_id']}/tools").json()["data"]
        found[row["pal_id"]] = {one["tool_id"] for one in tools}
    return found


@pytest.mark.parametrize("saved", [False, True])
def test_who_begins_to_use_it_while_the_prompt_waits_stops_the_run(tmp_path, saved):
    chronicle = Chronicle(tmp_path)
    lab = chronicle.lab
    chronicle.apply(tool("look"), persona("a", "look"))
    [id] = [entry.id for address, entry in chronicle.state().resources.items() if address.kind == "tool"]
    options = PlanOptions(record=True, allow_deletes=True, allow_mass_change=True)
    manifests = ManifestSet((persona("a"),))

    def meanwhile(plan):
        assert plan.applyable
        lab.clock.sleep(60)
        attach_by_hand(lab, id)
        return True

    with pytest.raises(PlanStale) as stopped:
        if saved:
            plan = make_plan(manifests, chronicle.state(), options, lab.setting(reading=True)).plan
            meanwhile(plan)
            chronicle.carry_out(plan)
        else:
            apply_manifests(manifests, chronicle.context(), options, ApplyOptions(), confirm=meanwhile)
    assert "theirs" in stopped.value.message and "tool.look" in stopped.value.message
    assert not [one for one in lab.writes() if one[0] == "DELETE"]


def test_a_rollback_deletes_nothing_that_others_use(tmp_path):
    chronicle = Chronicle(tmp_path)
    lab = chronicle.lab
    chronicle.apply(persona("a"))
    serial = chronicle.state().serial
    chronicle.apply(persona("a"), persona("b"))
    [id] = [entry.id for address, entry in chronicle.state().resources.items() if address == at("persona.b")]
    site = {"name": "site", "channel": "widget", "pal_id": id}
    assert lab.client.post("/deployments", json=site).status_code in (200, 201)
    assert "in_use" in {block.rule for block in chronicle.plan_back(serial, allow_deletes=True).all_blocks}


def guardrails(*names):
    return manifest(
        "guardrail_set.rules",
        {"name": "rules", "data": [{"guardrail_name": name, "guardrail_prompt": f"Never {name}."} for name in names]},
    )


def stranger(lab, **body):
    """Somebody whom nobody manages here, made in the web page."""
    made = lab.client.post(
        "/pals", json={"pal_name": "theirs", "system_prompt": "x", "default_face_id": FACE, **body}
    )
    assert made.status_code == 200


@pytest.mark.parametrize("left", [(), ("shout", "lie"), ("shout", "curse")])
def test_items_that_are_objects_themselves_are_in_use_too(left):
    """A legacy set's guardrails can be attached one by one: they vanish with the set, or with their item of it."""
    lab = Lab()
    lab.apply(guardrails("shout", "swear"), persona("a"))
    held = lab.client.get(f"/guardrails/{lab.id_of('guardrail_set.rules')}").json()["data"]
    stranger(lab, guardrail_ids=[next(one["uuid"] for one in held if one["guardrail_name"] == "swear")])
    wanted = [guardrails(*left)] if left else []
    plan = lab.plan(*wanted, persona("a"), allow_deletes=True, allow_mass_change=True)
    [block] = blocks(plan, "guardrail_set.rules")
    assert block.rule == "in_use" and "theirs" in block.message
    assert lab.plan(guardrails("shout", "swear", "more"), persona("a")).applyable


@pytest.mark.parametrize("left", [[], [guardrails("shout")]])
def test_an_item_that_somebody_attaches_while_the_prompt_waits_is_kept(tmp_path, left):
    chronicle = Chronicle(tmp_path)
    lab = chronicle.lab
    chronicle.apply(guardrails("shout", "swear"), persona("a"))
    held = lab.client.get(f"/guardrails/{chronicle.state().resources[at('guardrail_set.rules')].id}").json()["data"]

    def meanwhile(plan):
        assert plan.applyable
        lab.clock.sleep(60)
        stranger(lab, guardrail_ids=[held[1]["uuid"]])
        return True

    manifests = ManifestSet((persona("a"), *left))
    options = PlanOptions(record=True, allow_deletes=True, allow_mass_change=True)
    with pytest.raises(PlanStale, match="theirs"):
        apply_manifests(manifests, chronicle.context(), options, ApplyOptions(), confirm=meanwhile)
    assert len(lab.client.get("/guardrails", params={"legacy": "false"}).json()["data"]) == 2


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["tts", "voice_settings", "custom", "deep"]), min_size=1, max_size=3),
    st.sampled_from(["document_ids", "document_id", "source_document_ids"]),
    st.booleans(),
)
def test_a_reference_counts_wherever_it_stands(way, member, inside):
    """Also at places that no page describes: in unknown layers, in members of free objects, in lists of objects."""
    lab = Lab()
    lab.apply(manifest("document.terms", {"document_url": "https://example.com/terms.pdf"}), persona("a"))
    id = lab.id_of("document.terms")
    value = {member: [id] if member.endswith("s") else id}
    for name in way:
        value = {name: [value] if inside and name == "deep" else value}
    stranger(lab, layers={"custom": value})
    plan = lab.plan(persona("a"), allow_deletes=True, allow_mass_change=True)
    assert [one.rule for one in blocks(plan, "document.terms")] == ["in_use"]
