"""Writing runs over a real local backend: the lock, saved plans and each of their refusals, stopping half way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.api.offline import load_plan
from reconciler.backends.context import BackendContext
from reconciler.backends.local import open_backend
from reconciler.core.planning.plan_file import dump_plan, plan_digest
from reconciler.core.state.journal_records import IntentNoted
from reconciler.engine.apply.locked_apply import apply_manifests, apply_saved
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.run_context import RunContext
from reconciler.engine.state.lock_owner import describe_run
from reconciler.engine.state.state_reader import read_only_state
from reconciler.engine.state.state_session import open_session
from reconciler.errors import PlanBlocked, PlanStale, SecretMissing, StateLocked
from reconciler.types.address import Address
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.project import BackendSettings
from reconciler.types.state import Intent
from tests.support.lab import Lab, as_set
from tests.support.making import env, manifest

ONE = manifest("persona.a", {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597"})
TWO = manifest("persona.b", {"pal_name": "B", "system_prompt": "x", "default_face_id": "rfe12d8b9597"})
SECRET = manifest(
    "persona.s",
    {
        "pal_name": "S",
        "system_prompt": "x",
        "default_face_id": "rfe12d8b9597",
        "layers": {"llm": {"model": "m", "base_url": "https://u.example", "api_key": env("KEY")}},
    },
)


class World:
    """A lab whose state lives in files."""

    def __init__(self, folder) -> None:
        self.lab = Lab()
        self.backend = open_backend(BackendSettings(), BackendContext(folder, "lab"))
        self.events = []
        self.stopped = False

    def context(self) -> RunContext:
        return self.lab.writing(self.backend, self.events.append, stop=lambda: self.stopped)

    def apply(self, *manifests, confirm=lambda plan: True, how=None, **options):
        chosen = PlanOptions(record=True, **options)
        return apply_manifests(as_set(manifests), self.context(), chosen, how or ApplyOptions(), confirm=confirm)

    def state(self):
        return read_only_state(self.backend, "lab", emit=self.events.append)

    def save(self, *manifests, **options):
        """A plan as it comes back from its file."""
        plan = make_plan(
            as_set(manifests), self.state(), PlanOptions(record=True, **options), self.lab.setting(reading=True)
        ).plan
        return load_plan(dump_plan(plan))

    def carry_out(self, plan, **how):
        options = ApplyOptions(saved=True, **how)
        return apply_saved(plan, plan_digest(plan), self.context(), options)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / ".reconciler" / "lab")


def test_apply_saves_and_a_second_one_rewrites_nothing(world):
    _, result = world.apply(ONE, TWO)
    assert result.summary.added == 2
    first = world.backend.read()
    assert world.state().serial == 1
    _, again = world.apply(ONE, TWO)
    assert again.steps == ()
    assert world.backend.read() == first


def test_the_answer_no_sends_nothing(world):
    _, result = world.apply(ONE, confirm=lambda plan: False)
    assert result is None
    assert world.lab.writes() == []
    assert world.state().resources == {}


def test_a_plan_without_differences_is_not_asked_about(world):
    world.apply(ONE)

    def never(plan):
        raise AssertionError("asked")

    _, result = world.apply(ONE, confirm=never)
    assert result.steps == ()


def test_a_blocked_plan_sends_nothing_and_says_the_way_out(world):
    world.apply(ONE, TWO)
    count = len(world.lab.writes())
    with pytest.raises(PlanBlocked, match="--allow-deletes"):
        world.apply(ONE)
    assert len(world.lab.writes()) == count


def test_a_missing_secret_stops_before_the_first_write(world):
    world.lab.vault.values.clear()
    with pytest.raises(SecretMissing, match=r"persona\.s \(persona\.s\.yaml\) needs env KEY"):
        world.apply(ONE, SECRET)
    assert world.lab.writes() == []


def test_a_second_run_is_told_who_holds_the_lock(world):
    info = describe_run("apply", "2026-11-21T12:00:00Z")
    with (
        world.backend.lock(info, timeout=0, clock=world.lab.clock, emit=world.events.append),
        pytest.raises(StateLocked) as caught,
    ):
        world.apply(ONE)
    assert caught.value.holder["Operation"] == "apply"
    assert world.lab.writes() == []


def test_stopping_lets_nothing_new_begin_and_keeps_what_is_done(world):
    def stop_at_the_first(event):
        world.events.append(event)
        world.stopped = type(event).__name__ == "StepStarted"

    context = replace(world.context(), emit=stop_at_the_first)
    _, result = apply_manifests(
        as_set([ONE, TWO]), context, PlanOptions(record=True), ApplyOptions(parallelism=1),
        confirm=lambda plan: True,
    )  # fmt: skip
    assert result.interrupted
    assert [step.outcome for step in result.steps] == ["done", "skipped"]
    assert [str(address) for address in world.state().resources] == ["persona.a"]
    world.stopped = False
    assert world.apply(ONE, TWO)[1].summary.added == 1


def test_a_saved_plan_is_carried_out_without_its_manifests(world):
    plan = world.save(ONE, SECRET)
    result = world.carry_out(plan)
    assert result.summary.added == 2
    assert world.lab.plan is not None
    again = make_plan(as_set([ONE, SECRET]), world.state(), PlanOptions(), world.lab.setting(reading=True)).plan
    assert again.differences == ()


def test_the_requests_of_the_plan_are_the_requests_that_are_sent(world):
    plan = world.save(ONE, SECRET)
    promised = [(request.method, request.path) for change in plan.changes for request in change.requests]
    world.carry_out(plan)
    assert [(method, path.removeprefix("/v2")) for method, path, _ in world.lab.writes()] == promised


def edited_in_the_account(world):
    world.lab.state = world.state()
    world.lab.edit("persona.a", {"op": "replace", "path": "/system_prompt", "value": "theirs"})


def deleted_in_the_account(world):
    id = next(iter(world.state().resources.values())).id
    assert world.lab.client.delete(f"/pals/{id}").status_code == 204


def state_moved(world):
    world.apply(ONE, TWO)


def created_by_somebody(world):
    body = {"pal_name": "B", "system_prompt": "p", "default_face_id": "rfe12d8b9597"}
    assert world.lab.client.post("/pals", json=body).status_code == 200


CHANGED = manifest("persona.a", {"pal_name": "A", "system_prompt": "new", "default_face_id": "rfe12d8b9597"})


@pytest.mark.parametrize(
    ("meanwhile", "says"),
    [
        (edited_in_the_account, "persona.a .* was changed"),
        (deleted_in_the_account, "persona.a .* is gone"),
        (created_by_somebody, "persona.b: there is now an object called 'B'"),
        (state_moved, "the state moved"),
    ],
)
def test_a_saved_plan_is_refused_when_what_it_rests_on_moved(world, meanwhile, says):
    world.apply(ONE)
    plan = world.save(CHANGED, TWO)
    meanwhile(world)
    count = len(world.lab.writes())
    with pytest.raises(PlanStale, match=says):
        world.carry_out(plan)
    assert len(world.lab.writes()) == count


def test_a_saved_plan_is_applied_once(world):
    plan = world.save(ONE)
    world.carry_out(plan)
    with pytest.raises(PlanStale):
        world.carry_out(plan)
    assert world.lab.names() == ["A"]


def test_the_first_plan_of_a_workspace_cannot_be_applied_to_another_state(world):
    plan = world.save(ONE)
    world.apply(TWO)
    with pytest.raises(PlanStale):
        world.carry_out(plan)
    assert world.lab.names() == ["B"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"workspace": "other"}, "workspace 'other'"),
        ({"lineage": "other", "serial": 7}, "another state"),
    ],
)
def test_a_plan_for_somewhere_else_is_refused(world, change, says):
    world.apply(ONE)
    plan = replace(world.save(CHANGED), **change)
    with pytest.raises(PlanStale, match=says):
        world.carry_out(plan)


def test_a_plan_for_another_vocabulary_is_refused(world):
    plan = world.save(ONE)
    world.lab.vocabulary = "persona"
    with pytest.raises(PlanStale, match="pal words"):
        world.carry_out(plan)


def test_a_plan_file_holds_no_secret(world):
    plan = make_plan(as_set([SECRET]), world.state(), PlanOptions(record=True), world.lab.setting(reading=True)).plan
    data = dump_plan(plan)
    assert b"sk-first" not in data
    assert b'"env": "KEY"' in data


def test_destroy_takes_everything_that_is_managed_and_nothing_else(world):
    created_by_somebody(world)
    world.apply(ONE, SECRET)
    _, result = world.apply(ONE, SECRET, destroy=True)
    assert result.summary.destroyed == 2
    assert world.lab.names() == ["B"]
    assert world.state().resources == {}


def test_refreshing_takes_drift_into_state_and_writes_nothing(world):
    world.apply(ONE)
    edited_in_the_account(world)
    count = len(world.lab.writes())
    world.apply(ONE, refresh_only=True)
    assert len(world.lab.writes()) == count
    world.lab.state = world.state()
    plan = world.lab.plan(ONE)
    assert plan.drift == ()
    assert [(field.path, field.direction.value) for change in plan.differences for field in change.fields] == [
        ("/system_prompt", "git")
    ]


def test_an_open_create_that_nobody_wants_any_more_is_found_and_offered_for_deletion(world):
    """kill -9 right after the create, and the manifest is gone at the next run."""
    from reconciler.core.state.journal_records import IntentNoted
    from reconciler.engine.state.state_session import open_session
    from reconciler.types.state import Intent

    with open_session(
        world.backend, workspace="lab", operation="apply", clock=world.lab.clock, emit=world.events.append
    ) as session:
        session.record(IntentNoted(Intent(TWO.address, "persona", "B")))
    created_by_somebody(world)
    with pytest.raises(PlanBlocked, match=r"persona\.b"):
        world.apply(ONE)
    world.apply(ONE, allow_deletes=True)
    assert world.lab.names() == ["A"]
    assert world.state().pending == ()


def test_an_open_create_that_left_nothing_is_closed(world):
    from reconciler.core.state.journal_records import IntentNoted
    from reconciler.engine.state.state_session import open_session
    from reconciler.types.state import Intent

    with open_session(
        world.backend, workspace="lab", operation="apply", clock=world.lab.clock, emit=world.events.append
    ) as session:
        session.record(IntentNoted(Intent(TWO.address, "persona", "B")))
    world.apply(ONE)
    assert world.state().pending == ()
    assert world.lab.names() == ["A"]


def late_create(world, address: str) -> str:
    """A run was killed with its create of `address` on the way; the service carries it out during the next sleep."""
    address = Address.parse(address)
    with open_session(
        world.backend, workspace="lab", operation="apply", clock=world.lab.clock, emit=world.events.append
    ) as session:
        session.record(IntentNoted(Intent(address, "persona", "A", (), world.lab.clock.now())))
    pause = world.lab.clock.sleep

    def sleep(seconds):
        pause(seconds)
        world.lab.clock.sleep = pause
        body = {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}
        assert world.lab.client.post("/pals", json=body).status_code == 200

    world.lab.clock.sleep = sleep


def test_a_create_that_was_still_on_its_way_when_its_run_was_killed_is_not_sent_again(world):
    late_create(world, "persona.a")
    plan, result = world.apply(ONE)
    assert [change.action.name for change in plan.changes] == ["NOOP"]
    assert result.summary.imported == 1
    assert world.lab.names() == ["A"]
    assert world.state().pending == ()


def test_a_plan_does_not_wait_for_it(world):
    late_create(world, "persona.a")
    plan = world.save(ONE)
    assert [change.action.name for change in plan.changes] == ["CREATE"]
    assert world.lab.names() == []
