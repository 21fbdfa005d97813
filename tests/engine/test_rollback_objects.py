"""What a rollback does with objects that were renamed, let go, taken along, ignored, observed or half known."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from reconciler.core.history.history_chain import changes_of
from reconciler.engine.state.state_operations import StateAccess, move_entry, remove_entries
from reconciler.errors import PlanBlocked
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action
from reconciler.types.manifest import Lifecycle, Manage, Manifest
from tests.engine.plan.test_plan_rollback import FACE, TOOL, migrated, persona
from tests.support.chronicle import Chronicle, moved, removed
from tests.support.making import at, env, manifest


@pytest.fixture
def world(tmp_path):
    return Chronicle(tmp_path / "state")


def access(world):
    return StateAccess(world.backend, "lab", world.lab.clock, world.events.append)


def with_lifecycle(made, **lifecycle):
    from dataclasses import replace

    return replace(made, lifecycle=Lifecycle(**lifecycle))


def id_of(world, address):
    return world.state().resources[at(address)].id


def test_after_state_mv_the_same_object_goes_back(world):
    world.apply(persona("a"))
    id, before = id_of(world, "persona.a"), world.world()
    world.apply(persona("a", system_prompt="y"))
    move_entry(access(world), at("persona.a"), at("persona.b"))
    moved_to = manifest("persona.b", persona("a").spec | {"system_prompt": "z"})
    world.apply(moved_to)
    world.rollback(1)
    assert {str(a): e.id for a, e in world.state().resources.items()} == {"persona.a": id}
    assert world.world() == before
    assert world.apply(persona("a")).steps == ()


def test_state_mv_and_rm_are_entries_of_the_history(world):
    world.apply(persona("a"), persona("b"))
    move_entry(access(world), at("persona.a"), at("persona.c"))
    remove_entries(access(world), [at("persona.b")])
    entries = world.state().history.entries
    assert [(one.header.operation, dict(one.counts)) for one in entries[1:]] == [
        ("state mv", {"moved": 1}), ("state rm", {"forgotten": 1}),
    ]  # fmt: skip
    assert [one.serial for one in entries] == [1, 2, 3]
    world.rollback(1)
    assert set(world.state().resources) == {at("persona.a"), at("persona.b")}
    assert world.apply(persona("a"), persona("b")).steps == ()


def test_the_address_that_another_object_took_meanwhile_is_given_back(world):
    world.apply(persona("a"))
    id = id_of(world, "persona.a")
    move_entry(access(world), at("persona.a"), at("persona.b"))
    new = manifest("persona.a", {"pal_name": "New", "system_prompt": "n", "default_face_id": FACE})
    world.apply(new, manifest("persona.b", persona("a").spec), allow_deletes=True)
    plan, _ = world.rollback(1, allow_deletes=True)
    assert {str(a): e.id for a, e in world.state().resources.items()} == {"persona.a": id}
    assert set(world.world()) == {"A"}
    assert [c.action for c in plan.changes if c.address == at("persona.b")] == [Action.DELETE]


def test_two_that_exchanged_their_addresses_exchange_them_again(world):
    world.apply(persona("a"), persona("b"))
    ids = {name: id_of(world, f"persona.{name}") for name in "ab"}
    for before, after in (("a", "c"), ("b", "a"), ("c", "b")):
        move_entry(access(world), at(f"persona.{before}"), at(f"persona.{after}"))
    assert id_of(world, "persona.a") == ids["b"]
    world.rollback(1)
    assert {name: id_of(world, f"persona.{name}") for name in "ab"} == ids


def test_made_again_under_another_address_it_is_no_second_one(world):
    world.apply(persona("a", greeting="Hi"), persona("b"))
    world.apply(persona("b"), allow_deletes=True)
    world.apply(persona("b"), manifest("persona.z", persona("a").spec))
    world.rollback(1, allow_deletes=True)
    assert world.world()["A"]["greeting"] == "Hi"
    assert set(world.state().resources) == {at("persona.a"), at("persona.b")}


def test_what_was_released_is_taken_back_by_its_id(world):
    world.apply(persona("a"), persona("b"))
    id = id_of(world, "persona.a")
    world.apply(persona("b"), moved("persona.a", "persona.x"), removed("persona.x"))
    world.rollback(1)
    assert id_of(world, "persona.a") == id
    assert set(world.world()) == {"A", "B"}


@pytest.mark.parametrize("auth", [
    {"type": "none"}, {"type": "bearer", "token": env("KEY")}, {"type": "hmac", "secret": env("KEY")},
    {"type": "basic", "username": "u", "password": env("KEY")},
    {"type": "api_key", "name": "k", "value": env("KEY"), "location": "query"},
    {"type": "api_key", "name": "k", "value": env("KEY")},
], ids=lambda auth: "-".join(map(str, auth)))  # fmt: skip
@pytest.mark.parametrize("way", ["edited", "deleted"])
def test_a_tool_with_an_endpoint_goes_back_and_location_goes_only_where_it_means_something(world, auth, way):
    spec = {"name": "t", "description": "d", "delivery": {"api": {"url": "https://x.example/a", "auth": auth}}}
    world.apply(manifest("tool.t", spec), persona("a"))
    before = world.world("tools")
    later = {**spec, "description": "e", "delivery": {"app_message": True}}
    world.apply(*([manifest("tool.t", later)] if way == "edited" else []), persona("a"), allow_deletes=True)
    start = len(world.lab.transport.requests)
    plan, result = world.rollback(1)
    assert result.count("failed") == 0
    assert world.world("tools") == before
    bodies = [request.body for change in plan.changes for request in change.requests]
    assert bodies
    assert len(world.lab.transport.requests) > start
    for body in bodies:
        sent = body["delivery"]["api"].get("auth", {})
        assert "location" not in sent or sent["type"] == "api_key"
    assert world.apply(manifest("tool.t", spec), persona("a")).steps == ()


def test_what_is_ignored_or_observed_today_is_not_written(world):
    world.apply(persona("a", greeting="1"), persona("b", greeting="1"))
    world.apply(persona("a", greeting="2", system_prompt="y"), persona("b", greeting="2"))
    today = (
        with_lifecycle(persona("a", greeting="2", system_prompt="y"), ignore=("/greeting",)),
        with_lifecycle(persona("b", greeting="2"), manage=Manage.OBSERVE),
    )
    world.apply(*today)
    plan, _ = world.rollback(1)
    found = world.world()
    assert (found["A"]["greeting"], found["A"]["system_prompt"], found["B"]["greeting"]) == ("2", "x", "2")
    assert any("only observed" in one.summary for one in plan.diagnostics)
    assert world.state().resources[at("persona.a")].lifecycle.ignore == ("/greeting",)


def test_manifests_of_today_count_before_they_were_applied(world):
    from reconciler.engine.plan.plan_rollback import plan_rollback
    from reconciler.types.options import PlanOptions

    world.apply(persona("a", greeting="1"))
    world.apply(persona("a", greeting="2"), persona("b"))
    lifecycles = {at("persona.a"): Lifecycle(ignore=("/greeting",)), at("persona.b"): Lifecycle(protect=True)}
    plan = plan_rollback(
        1, world.state(), PlanOptions(record=True, allow_deletes=True), world.lab.setting(reading=True), lifecycles
    ).plan
    assert [(str(c.address), [b.rule for b in c.blocked]) for c in plan.differences] == [("persona.b", ["protect"])]


def test_protected_since_it_is_not_deleted(world):
    world.apply(persona("a"))
    world.apply(persona("a"), with_lifecycle(persona("b"), protect=True))
    with pytest.raises(PlanBlocked, match="protect"):
        world.rollback(1, allow_deletes=True)


def test_a_dictionary_of_which_only_the_name_is_known_is_not_made(world):
    world.apply(manifest("pronunciation_dictionary.d", {"name": "D"}), persona("a"))
    id = id_of(world, "pronunciation_dictionary.d")
    rules = [{"text": "x", "pronunciation": "y", "type": "alias"}]
    patch = [{"op": "add", "path": "/rules", "value": rules}]
    world.lab.client.patch(f"/pronunciation-dictionaries/{id}", json=patch).raise_for_status()
    world.apply(manifest("pronunciation_dictionary.d", {"name": "E"}), persona("a"))
    world.lab.client.delete(f"/pronunciation-dictionaries/{id}").raise_for_status()
    plan, _ = world.rollback(1)
    assert [c.action for c in plan.changes if c.action is Action.CREATE] == []
    assert any("not made again" in one.summary for one in plan.diagnostics)
    listed = world.lab.client.get("/pronunciation-dictionaries", params={"page": 0}).json()["data"]
    assert listed == []


def test_a_deleted_tool_is_attached_again_where_it_was(world):
    world.apply(TOOL, migrated("a"), persona("b"))
    before = world.world()
    world.apply(persona("a"), persona("b"), allow_deletes=True)
    assert world.world("tools") == {}
    _, result = world.rollback(1)
    assert result.count("failed") == 0
    assert world.world() == before
    assert world.apply(TOOL, migrated("a"), persona("b")).steps == ()


def test_an_edit_of_a_person_that_going_back_writes_over_is_said(world):
    world.apply(persona("a"))
    world.apply(persona("a", system_prompt="y"))
    world.lab.state = world.state()
    world.lab.edit("persona.a", {"op": "replace", "path": "/system_prompt", "value": "by hand"})
    plan, _ = world.rollback(1)
    assert any("writes over it" in one.summary for one in plan.diagnostics)


def test_twice_is_once(world):
    world.apply(TOOL, migrated("a"), persona("b"))
    world.apply(persona("b", greeting="Hi"), allow_deletes=True)
    world.rollback(1)
    after, writes = world.world(), len(world.lab.writes())
    plan, _ = world.rollback(1)
    assert plan.differences == ()
    assert (world.world(), len(world.lab.writes())) == (after, writes)


def test_the_history_says_which_object_a_create_made(world):
    world.apply(persona("a"))
    [item] = changes_of(world.state().history.entries[0])
    assert (item.id, item.became) == (None, id_of(world, "persona.a"))


def test_a_tool_that_a_person_deleted_is_left_out_and_the_rest_goes_back(world):
    made = world.lab.client.post("/tools", json={"name": "foreign", "description": "d"})
    tool = made.raise_for_status().json()["tool_id"]
    world.apply(persona("a", tools=[tool], greeting="Hi"))
    world.apply(persona("a", tools=[]))
    assert isinstance(world.lab.client.delete(f"/tools/{tool}"), httpx.Response)
    _, result = world.rollback(1)
    assert result.count("failed") == 0
    assert world.world()["A"]["greeting"] == "Hi"


def test_what_the_vendor_took_along_with_a_deleted_tool_comes_back(world):
    """A person deletes the tool, the vendor detaches it everywhere, and the next apply makes another one."""
    world.apply(TOOL, migrated("a"), persona("b"))
    before, id = world.world(), id_of(world, "tool.get_weather")
    world.lab.client.delete(f"/tools/{id}").raise_for_status()
    world.apply(TOOL, migrated("a"), persona("b"))
    world.rollback(1)
    assert world.world() == before
    assert world.apply(TOOL, migrated("a"), persona("b")).steps == ()


def test_so_do_a_guardrail_and_a_dictionary(world):
    made = [
        manifest("guardrail.g", {"guardrail_name": "g", "guardrail_prompt": "p"}),
        manifest("pronunciation_dictionary.d", {"name": "d", "rules": []}),
        persona(
            "a", guardrail_ids=[ResourceRef("guardrail.g")],
            layers={"tts": {"pronunciation_dictionary_id": ResourceRef("pronunciation_dictionary.d")}},
        ),
    ]  # fmt: skip
    world.apply(*made)
    world.lab.client.delete(f"/guardrails/{id_of(world, 'guardrail.g')}").raise_for_status()
    path = f"/pronunciation-dictionaries/{id_of(world, 'pronunciation_dictionary.d')}"
    world.lab.client.delete(path).raise_for_status()
    world.apply(*made)
    _, result = world.rollback(1)
    assert result is None or result.count("failed") == 0
    assert world.apply(*made).steps == ()


def test_what_somebody_had_changed_before_the_next_apply_is_said(world):
    world.apply(persona("a", greeting="1"))
    world.lab.state = world.state()
    world.lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "by hand"})
    world.apply(persona("a", greeting="2"))
    plan, _ = world.rollback(1)
    assert any("/greeting was changed by somebody before" in one.summary for one in plan.diagnostics)


def test_nothing_is_said_of_changes_that_nobody_made(world):
    first = persona("a", greeting="1", layers={"llm": {"model": "tavus-gpt-oss", "speculative_inference": True}})
    world.apply(first)
    world.apply(persona("a", layers={}))
    plan, _ = world.rollback(1)
    assert [one.summary for one in plan.diagnostics if "changed by somebody" in one.summary] == []


def test_a_secret_of_what_was_released_is_ours_again(world):
    api = {"url": "https://x.example/a", "auth": {"type": "bearer", "token": env("KEY")}}
    tool = manifest("tool.t", {"name": "t", "description": "d", "delivery": {"api": api}})
    world.apply(tool, persona("a"))
    sent = world.state().resources[at("tool.t")].sent
    world.apply(persona("a"), removed("tool.t"))
    world.rollback(1)
    assert world.state().resources[at("tool.t")].sent == sent


@pytest.mark.parametrize("deleted_by", ["an apply", "a person"])
def test_a_namesake_that_a_person_made_meanwhile_is_taken_only_if_it_is_the_same(world, deleted_by):
    mine = persona("a", system_prompt="mine")
    world.apply(mine, persona("b"))
    if deleted_by == "an apply":
        world.apply(persona("b"), allow_deletes=True)
    else:
        world.apply(persona("a", system_prompt="since"), persona("b"))
        world.lab.client.delete(f"/pals/{id_of(world, 'persona.a')}").raise_for_status()
    theirs = {**mine.spec, "system_prompt": "theirs"}
    made = world.lab.client.post("/pals", json=theirs).raise_for_status().json()["pal_id"]
    before, writes = world.world(), len(world.lab.writes())
    with pytest.raises(PlanBlocked) as caught:
        world.rollback(1)
    assert [block.rule for one in caught.value.plan.changes for block in one.blocked] == ["name_taken"]
    assert "--exclude persona.a" in str(caught.value)
    assert (world.world(), len(world.lab.writes())) == (before, writes)
    patch = [{"op": "replace", "path": "/system_prompt", "value": "mine"}]
    world.lab.client.patch(f"/pals/{made}", json=patch).raise_for_status()
    world.rollback(1)
    assert id_of(world, "persona.a") == made, "the same content: that is what it was"
    assert world.apply(mine, persona("b")).steps == ()


def test_half_known_it_takes_no_namesake_either(world):
    """No run has seen all of what a person deleted, so another one of its name is nothing to write to."""
    world.apply(persona("a"))
    world.lab.client.delete(f"/pals/{id_of(world, 'persona.a')}").raise_for_status()
    remove_entries(access(world), [at("persona.a")])
    theirs = {"pal_name": "A", "system_prompt": "theirs", "default_face_id": FACE}
    world.lab.client.post("/pals", json=theirs).raise_for_status()
    before = world.world()
    plan, _ = world.rollback(1)
    assert any("not made again" in one.summary for one in plan.diagnostics)
    assert world.world() == before
    assert at("persona.a") not in world.state().resources


def test_what_a_person_deleted_and_no_run_touched_since_is_mentioned(world):
    world.apply(persona("a"), persona("b"))
    world.apply(persona("a", greeting="Hi"), persona("b"))
    world.lab.client.delete(f"/pals/{id_of(world, 'persona.b')}").raise_for_status()
    plan, _ = world.rollback(1)
    [note] = [one for one in plan.diagnostics if one.address == at("persona.b")]
    assert "is gone" in note.summary
    plan = world.plan_back(1, targets=(at("persona.a"),))
    assert [one for one in plan.diagnostics if one.address == at("persona.b")] == [], "out of scope"


def test_what_goes_along_with_a_shared_object_and_is_kept_nowhere_is_said(world):
    voice = manifest("pronunciation_dictionary.v", {"name": "V", "rules": []})
    world.apply(voice, persona("a"))
    world.apply(persona("a"), allow_deletes=True, allow_mass_change=True)
    plan, _ = world.rollback(1)
    assert any("voice settings" in one.summary for one in plan.diagnostics if one.address == voice.address)
    assert not any("was deleted since" in one.summary for one in plan.diagnostics if one.address == at("persona.a"))


def by_hand_deleted(world, address):
    assert world.lab.client.delete(f"/pals/{id_of(world, address)}").status_code < 300


def spoken(plan, word):
    return {(str(one.address), one.pointer) for one in plan.diagnostics if word in one.summary}


def test_what_was_made_again_in_place_of_an_unseen_object_is_what_that_was_as_far_as_digests_tell(world):
    world.apply(persona("a", system_prompt="one", greeting="Hi"))
    by_hand_deleted(world, "persona.a")
    world.apply(persona("a", system_prompt="one", greeting="Hello", document_tags=["x"]))
    plan, result = world.rollback(1)
    assert [step.outcome for step in result.steps] == ["done"]
    live = world.lab.provider(reading=True).get("persona", id_of(world, "persona.a")).body
    assert live["system_prompt"] == "one" and not live.get("document_tags"), "what the digests tell"
    assert spoken(plan, "no run has kept what") == {("persona.a", "/greeting")}
    again, _ = world.rollback(1)
    assert again.differences == ()


@pytest.mark.parametrize("serial", [1, 2])
def test_an_object_that_was_edited_moved_deleted_by_hand_and_made_again_goes_back_or_it_is_said(world, serial):
    texts = {1: "one", 2: "two"}
    for text in texts.values():
        world.apply(persona("a", system_prompt=text))
    world.apply(manifest("persona.b", persona("a").spec | {"system_prompt": "two"}), moved("persona.a", "persona.b"))
    by_hand_deleted(world, "persona.b")
    world.apply(manifest("persona.b", persona("a").spec | {"system_prompt": "three"}))
    plan, result = world.rollback(serial)
    assert [step.outcome for step in result.steps] == ["done"]
    live = world.lab.provider(reading=True).get("persona", id_of(world, "persona.a")).body
    said = spoken(plan, "no run has kept what")
    assert live["system_prompt"] == texts[serial] or ("persona.a", "/system_prompt") in said


AUTHS = [
    {"type": "bearer", "token": "theirs-token-0001"}, {"type": "hmac", "secret": "theirs-secret-001"},
    {"type": "basic", "username": "u", "password": "theirs-password"},
    {"type": "api_key", "name": "k", "value": "theirs-value-0001"},
]  # fmt: skip


@pytest.mark.parametrize("auth", AUTHS, ids=lambda auth: auth["type"])
@pytest.mark.parametrize(
    "later",
    [
        {"app_message": True},
        {"api": {"url": "https://y.example/b"}},
        {"api": {"url": "https://y.example/b", "auth": AUTHS[0] | {"token": env("KEY")}}},
    ],
)
def test_what_hangs_on_a_secret_that_nobody_knows_stays_and_the_rest_goes_back(world, auth, later):
    """A tool that somebody made with a key of theirs; what the API takes only whole cannot be written without it."""
    body = {"name": "t", "description": "d", "delivery": {"api": {"url": "https://x.example/a", "auth": auth}}}
    assert world.lab.client.post("/tools", json=body).status_code < 300
    first = manifest("tool.t", {"name": "t", "description": "d"})
    world.apply(first, persona("a", greeting="1"))
    world.apply(manifest("tool.t", {"name": "t", "description": "e", "delivery": later}), persona("a", greeting="2"))
    written = world.world("tools")["t"]["delivery"]
    plan, result = world.rollback(1)
    assert result.count("failed") == 0, result
    kept = world.world("tools")["t"]
    assert kept["description"] == "d" and world.world()["A"]["greeting"] == "1"
    assert kept["delivery"] == written
    said = [one for one in plan.diagnostics if one.address == at("tool.t") and one.pointer]
    assert any(one.pointer.startswith("/delivery") and "stays" in one.summary for one in said), plan.diagnostics


@pytest.mark.parametrize("auth", AUTHS[:3], ids=lambda auth: auth["type"])
def test_a_secret_of_others_that_no_run_wrote_to_stays_beside_what_goes_back(world, auth):
    """The API keeps it as long as the way to authenticate is the same."""
    body = {"name": "t", "description": "d", "delivery": {"api": {"url": "https://x.example/a", "auth": auth}}}
    assert world.lab.client.post("/tools", json=body).status_code < 300
    plain = {key: value for key, value in auth.items() if key in ("type", "username")}
    world.apply(manifest("tool.t", {"name": "t", "description": "d"}))
    world.apply(
        manifest("tool.t", body | {"delivery": {"api": {"url": "https://y.example/b", "auth": plain}}}), persona("a")
    )
    _, result = world.rollback(1, allow_deletes=True)
    assert result.count("failed") == 0, result
    assert world.world("tools")["t"]["delivery"]["api"]["url"] == "https://x.example/a"


def steps(**prompts: str) -> Manifest:
    _, *rest = prompts
    items = [{"objective_name": name, "objective_prompt": prompt} for name, prompt in prompts.items()]
    if rest:
        items[0]["next_required_objective"] = rest[0]
    return manifest("objectives.intake", {"name": "Intake", "data": items})


def stored_steps(world: Chronicle) -> list[dict[str, Any]]:
    id = world.state().resources[at("objectives.intake")].id
    return cast(list[dict[str, Any]], world.lab.client.get(f"/objectives/{id}").json()["data"])


def test_what_lists_leave_out_of_a_set_is_looked_at_before_it_goes_back(tmp_path):
    world = Chronicle(tmp_path / "state", mood=Mood(items="summary"))
    world.apply(steps(ask="Ask", thank="Thank"))
    world.apply(steps(ask="Ask twice", thank="Thank"))
    world.rollback(1)
    assert [step["objective_prompt"] for step in stored_steps(world)] == ["Ask", "Thank"]


@pytest.mark.parametrize("items", ["full", "summary"])
def test_a_step_that_somebody_took_away_since_does_not_come_back_in_part(tmp_path, items):
    world = Chronicle(tmp_path / "state", mood=Mood(items=items))
    world.apply(steps(ask="Ask", thank="Thank"))
    world.apply(steps(ask="Ask", thank="Thank them"))
    id = id_of(world, "objectives.intake")
    answer = world.lab.client.patch(f"/objectives/{id}", json=[
        {"op": "remove", "path": "/data/0/next_required_objective"}, {"op": "remove", "path": "/data/1"},
    ])  # fmt: skip
    assert answer.status_code == 200, answer.text
    plan, _ = world.rollback(1)
    assert [step["objective_name"] for step in stored_steps(world)] == ["ask"]
    assert any("/data/thank was taken away by somebody else" in one.summary for one in plan.diagnostics)
