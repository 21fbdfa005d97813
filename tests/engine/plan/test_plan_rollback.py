"""Rollback over the real client and a real state: edits, migrations, deletes, renames, creates, secrets, refusals."""

from __future__ import annotations

import pytest

from reconciler.core.state.journal_records import Outcome
from reconciler.errors import PlanBlocked, PlanStale, UsageError
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.address import Address, ResourceRef
from reconciler.types.change import Action
from reconciler.types.diagnostic import Source
from reconciler.types.manifest import Moved
from tests.support.chronicle import Chronicle
from tests.support.making import at, env, manifest

FACE = "rfe12d8b9597"
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
INLINE = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather", "parameters": PARAMETERS},
}
TOOL = manifest(
    "tool.get_weather",
    {"name": "get_weather", "description": "Weather", "origin": "llm", "parameters": PARAMETERS,
     "delivery": {"app_message": True}, "on_call": "silent"},
)  # fmt: skip


def persona(name, **more):
    layers = more.pop("layers", {"llm": {"model": "tavus-gpt-oss"}})
    body = {"pal_name": name.upper(), "system_prompt": "x", "default_face_id": FACE, "layers": layers, **more}
    return manifest(f"persona.{name}", body)


def inline(name):
    return persona(name, layers={"llm": {"model": "tavus-gpt-oss", "tools": [INLINE]}})


def migrated(name):
    return persona(name, tools=[ResourceRef("tool.get_weather")])


def custom(name, model="m-1", key="KEY"):
    llm = {"model": model, "base_url": "https://llm.example/v1", "api_key": env(key)}
    return persona(name, layers={"llm": llm})


@pytest.fixture
def world(tmp_path):
    return Chronicle(tmp_path / "state")


def test_an_edit_is_undone_field_by_field_and_recorded(world):
    world.apply(persona("a"))
    before = world.world()
    world.apply(persona("a", system_prompt="y", greeting="Hi"))
    plan, result = world.rollback(1)
    assert {change.path for change in plan.changes[0].fields} == {"/system_prompt", "/greeting"}
    assert world.world() == before
    assert result.summary.changed == 1
    assert [entry.header.operation for entry in world.state().history.entries] == ["apply", "apply", "rollback"]
    assert world.state().history.entries[-1].header.target == 1


def test_the_serial_of_a_result_is_that_of_its_entry_in_the_history(world):
    for text in ("x", "y"):
        result = world.apply(persona("a", system_prompt=text))
        assert result.serial == world.state().history.entries[-1].serial
    _, result = world.rollback(1)
    assert result.serial == world.state().history.entries[-1].serial
    plan = world.plan_back(2)
    assert world.carry_out(plan).serial == world.state().history.entries[-1].serial


def test_afterwards_the_old_manifests_are_in_sync(world):
    world.apply(persona("a"))
    world.apply(persona("a", system_prompt="y", greeting="Hi"))
    world.rollback(1)
    writes = len(world.lab.writes())
    assert world.apply(persona("a")).steps == ()
    assert len(world.lab.writes()) == writes


def test_a_rollback_can_be_rolled_back(world):
    world.apply(persona("a"))
    world.apply(persona("a", system_prompt="y", greeting="Hi"))
    after = world.world()
    world.rollback(1)
    world.rollback(2)
    assert world.world() == after


def test_somebody_elses_edit_of_another_field_stays_and_is_said(world):
    world.apply(persona("a", greeting="Hi"))
    world.apply(persona("a", system_prompt="y", greeting="Hi"))
    world.lab.state = world.state()
    world.lab.edit("persona.a", {"op": "replace", "path": "/greeting", "value": "Ciao"})
    plan, _ = world.rollback(1)
    assert [change.path for change in plan.changes[0].fields] == ["/system_prompt"]
    assert any("/greeting was changed by somebody else" in one.summary for one in plan.diagnostics)
    assert world.world()["A"]["greeting"] == "Ciao"


def test_a_migration_of_many_goes_back_without_a_moment_without_the_tool(world):
    names = [f"p{number}" for number in range(40)]
    world.apply(*(inline(name) for name in names))
    before = world.world()
    world.apply(TOOL, *(migrated(name) for name in names), allow_mass_change=True)
    start = len(world.lab.transport.requests)
    _, result = world.rollback(1)
    assert result.summary.changed == 40
    assert world.world() == before
    assert list(world.world("tools")) == ["get_weather"], "shared objects are never deleted"
    assert Address.parse("tool.get_weather") not in world.state().resources
    seen = [(one.method, one.path) for one in world.lab.transport.requests[start:]]
    for entry in world.state().resources.values():
        mine = [method for method, path in seen if entry.id in path and method in ("PATCH", "DELETE")]
        assert mine == ["PATCH", "DELETE"], "inline tools are back before registry tools are detached"


def test_a_deleted_persona_is_made_again_with_its_tools(world):
    world.apply(TOOL, migrated("a"), persona("b"))
    before = world.world()
    world.apply(persona("b"), allow_deletes=True)
    assert "A" not in world.world()
    assert world.world("tools") == {}
    _, result = world.rollback(1)
    assert result.summary.added == 2
    assert world.world() == before
    assert world.apply(TOOL, migrated("a"), persona("b")).steps == ()


def test_what_was_not_ours_comes_back_with_a_deleted_persona_and_stays_not_ours(world):
    world.apply(persona("a"), persona("b"))
    world.lab.state = world.state()
    world.lab.edit("persona.a", {"op": "add", "path": "/greeting", "value": "by hand"})
    world.apply(persona("b"), allow_deletes=True)
    world.rollback(1)
    assert world.world()["A"]["greeting"] == "by hand"
    assert "/greeting" not in world.state().resources[at("persona.a")].sent


def test_a_persona_made_since_is_a_delete_that_is_blocked(world):
    world.apply(persona("a"))
    world.apply(persona("a"), persona("b"))
    with pytest.raises(PlanBlocked, match="--allow-deletes") as caught:
        world.rollback(1)
    assert "Removed document" not in caught.value.message
    assert "B" in world.world()
    plan, _ = world.rollback(1, allow_deletes=True)
    assert [change.action for change in plan.changes] == [Action.DELETE]
    assert set(world.world()) == {"A"}


def test_excluded_it_stays(world):
    world.apply(persona("a"))
    world.apply(persona("a", greeting="Hi"), persona("b"))
    _, result = world.rollback(1, excludes=(at("persona.b"),))
    assert result.summary.changed == 1
    assert set(world.world()) == {"A", "B"}
    assert at("persona.b") in world.state().resources


def test_a_renamed_address_goes_back_by_itself(world):
    world.apply(persona("a"))
    id = world.state().resources[at("persona.a")].id
    moved = manifest("persona.z", {**persona("a").spec, "system_prompt": "y"})
    world.apply(moved, Moved(at("persona.a"), at("persona.z"), Source("m")))
    world.rollback(1)
    assert {str(a): entry.id for a, entry in world.state().resources.items()} == {"persona.a": id}
    assert world.world()["A"]["system_prompt"] == "x"
    assert world.apply(persona("a")).steps == ()


def test_the_key_of_a_custom_llm_travels_with_the_way_back(world):
    world.apply(custom("a"))
    before = world.world()
    world.apply(custom("a", "m-2"))
    start = len(world.lab.transport.requests)
    _, result = world.rollback(1)
    assert result.count("failed") == 0
    patches = [one for one in world.lab.transport.requests[start:] if one.method == "PATCH"]
    assert len(patches) == 1
    assert world.world() == before
    assert world.apply(custom("a")).steps == ()


@pytest.mark.parametrize("secrets", ["mask", "omit", "echo"])
def test_a_custom_llm_that_was_taken_away_comes_back_with_its_key(tmp_path, secrets):
    world = Chronicle(tmp_path / "state", mood=Mood(secrets=secrets))
    world.apply(custom("a"))
    before = world.world()
    world.apply(custom("a", "m-2"))
    world.apply(persona("a", layers={}))
    _, result = world.rollback(1)
    assert result.count("failed") == 0
    assert world.world() == before
    assert world.apply(custom("a")).steps == ()


def test_a_key_that_came_with_a_custom_llm_goes_with_it(world):
    world.apply(persona("a", layers={}))
    before = world.world()
    world.apply(custom("a"))
    world.rollback(1)
    assert not (world.world()["A"].get("layers") or {}).get("llm")
    assert world.world()["A"]["system_prompt"] == before["A"]["system_prompt"]
    assert world.apply(persona("a", layers={})).steps == ()


def test_no_secret_is_in_the_state(world):
    world.apply(custom("a"))
    world.apply(custom("a", "m-2", "OTHER"))
    world.rollback(1)
    text = world.backend.read()
    from reconciler.core.history.history_chain import changes_of
    from reconciler.core.history.preimage import write_item

    items = [write_item(item) for entry in world.state().history.entries for item in changes_of(entry)]
    for secret in world.lab.vault.values.values():
        assert secret.encode() not in text
        assert secret not in str(items)


def test_another_reference_goes_back_to_the_one_before(world):
    world.apply(custom("a"))
    world.apply(custom("a", key="OTHER"))
    plan, result = world.rollback(1)
    assert [change.path for change in plan.changes[0].fields] == ["/layers/llm/api_key"]
    assert plan.changes[0].managed["/layers/llm/api_key"] == env("KEY")
    assert result.count("failed") == 0
    assert world.apply(custom("a")).steps == ()


def test_a_secret_rotated_in_place_stays_and_is_said(world):
    world.apply(custom("a"))
    world.lab.vault.values["KEY"] = "sk-rotated-value-of-the-key"
    world.apply(custom("a", "m-2"))
    plan, _ = world.rollback(1)
    assert any("was rotated since" in one.summary for one in plan.diagnostics)
    assert world.world()["A"]["layers"]["llm"]["model"] == "m-1"
    assert world.apply(custom("a")).steps == ()


def test_a_deleted_custom_llm_persona_comes_back_with_its_key(world):
    world.apply(custom("a"), persona("b"))
    world.apply(persona("b"), allow_deletes=True)
    _, result = world.rollback(1)
    assert result.summary.added == 1
    assert world.world()["A"]["layers"]["llm"]["model"] == "m-1"
    assert world.apply(custom("a"), persona("b")).steps == ()


def test_a_saved_plan_back_is_applied_like_any_other_and_once(world):
    world.apply(persona("a"))
    before = world.world()
    world.apply(persona("a", greeting="Hi"))
    plan = world.plan_back(1)
    assert plan.rollback == 1
    world.carry_out(plan)
    assert world.world() == before
    assert world.state().history.entries[-1].header.operation == "rollback"
    with pytest.raises(PlanStale):
        world.carry_out(plan)


def test_a_run_without_changes_leaves_no_entry_and_writes_nothing(world):
    world.apply(persona("a"))
    data = world.backend.read()
    world.apply(persona("a"))
    world.rollback(1)
    assert world.backend.read() == data


@pytest.mark.parametrize("serial", [9, 100])
def test_a_serial_of_the_future_is_refused(world, serial):
    world.apply(persona("a"))
    with pytest.raises(UsageError, match="there is no serial"):
        world.rollback(serial)


def test_a_serial_at_which_no_apply_ended_is_refused_with_the_one_before(world):
    from reconciler.engine.state.state_session import open_session

    world.apply(persona("a"))
    with open_session(
        world.backend, workspace="lab", operation="state mv", clock=world.lab.clock, emit=world.events.append
    ) as session:
        session.record(Outcome(at("persona.z"), "moved", session.state.resources[at("persona.a")], at("persona.a")))
    world.apply(manifest("persona.z", {**persona("a").spec, "system_prompt": "y"}))
    assert [entry.serial for entry in world.state().history.entries] == [1, 3]
    with pytest.raises(UsageError) as caught:
        world.rollback(2)
    assert "serial 1" in caught.value.hint
    world.rollback(1)
    assert world.world()["A"]["system_prompt"] == "x"


def test_serial_0_is_the_moment_before_everything(world):
    world.apply(TOOL, migrated("a"))
    world.rollback(0, allow_deletes=True)
    assert world.world() == {}
    assert list(world.world("tools")) == ["get_weather"]


def test_the_way_back_leads_over_several_applies(world):
    world.apply(persona("a"))
    before = world.world()
    world.apply(persona("a", greeting="Hi"))
    world.apply(persona("a", greeting="Hello", system_prompt="y"))
    world.apply(persona("b"), allow_deletes=True)
    world.rollback(1, allow_deletes=True)
    assert world.world() == before


def test_gone_outside_it_is_made_again_as_it_was(world):
    world.apply(persona("a", greeting="Hi"))
    before = world.world()
    world.apply(persona("a", greeting="Hello"))
    id = world.state().resources[at("persona.a")].id
    assert world.lab.client.delete(f"/pals/{id}").status_code < 300
    world.rollback(1)
    assert world.world() == before
