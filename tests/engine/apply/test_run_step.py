"""One change at a time: intent, request, read-back, record; and what is refused in the middle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.apply.execute_plan import Worker, apply_changes
from reconciler.engine.apply.step import StepContext
from reconciler.engine.apply.write_object import look_up
from reconciler.engine.plan.make_plan import make_plan
from reconciler.platforms.tavus.simulator.faults import Fault, FaultBook, Faults, Mood
from reconciler.types.event import StepDone, StepFailed
from reconciler.types.options import PlanOptions
from reconciler.types.state import Intent
from tests.support.lab import Lab, MemoryLedger, as_set
from tests.support.making import env, manifest

BODY = {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}
ONE = manifest("persona.a", BODY)
CHANGED = manifest("persona.a", {**BODY, "system_prompt": "new"})
TOOL = manifest("tool.look", {"name": "look", "description": "d", "origin": "llm"})


def failures(lab):
    return [event for event in lab.events if isinstance(event, StepFailed)]


def test_a_create_is_intended_before_it_is_sent_and_closed_by_its_outcome():
    lab = Lab()
    lab.apply(ONE)
    assert lab.state.pending == ()
    assert lab.state.resources[ONE.address].sent.keys() == {"/pal_name", "/system_prompt", "/default_face_id"}


def test_a_refused_create_leaves_nothing_open():
    lab = Lab(Mood(unknown_fields="reject"))
    result = lab.apply(manifest("persona.a", {**BODY, "nonsense": 1}))
    assert [step.outcome for step in result.steps] == ["failed"]
    assert lab.state.pending == ()
    assert "POST /personas" in failures(lab)[0].message or "POST /pals" in failures(lab)[0].message
    assert "400" in failures(lab)[0].message


def test_an_object_that_a_person_is_editing_is_left_alone():
    conflict = Fault(method=("PATCH",), status=409)
    lab = Lab(faults=Faults((conflict,)))
    lab.apply(ONE)
    result = lab.apply(CHANGED)
    assert [step.outcome for step in result.steps] == ["failed"]
    assert len(lab.requests("PATCH")) == 1


def test_a_plan_older_than_a_moment_reads_again_and_refuses_what_moved():
    lab = Lab()
    lab.apply(ONE)
    setting = lab.setting()
    plan = make_plan(as_set([CHANGED]), lab.state, PlanOptions(record=True), setting).plan
    lab.edit("persona.a", {"op": "replace", "path": "/system_prompt", "value": "theirs"})
    writes = len(lab.writes())
    result = run_later(lab, plan, setting)
    assert [step.outcome for step in result.steps] == ["failed"]
    assert "moved since the plan was made: /system_prompt" in result.steps[0].message
    assert len(lab.writes()) == writes


def run_later(lab, plan, setting):
    """Carry a plan out when its readings are a minute old."""
    ledger = MemoryLedger(lab.state)
    read_at = lab.clock.monotonic()
    lab.clock.sleep(60)
    worker = Worker(
        StepContext(setting.provider, ledger, setting.book(lab.state), lab.clock, {}, read_at, plan.namesakes)
    )
    result = apply_changes(plan, worker, parallelism=1, emit=lab.events.append, stop=lambda: False)
    lab.state = ledger.state
    return result


def test_an_object_that_is_gone_by_then_is_said():
    lab = Lab()
    lab.apply(ONE)
    setting = lab.setting()
    plan = make_plan(as_set([CHANGED]), lab.state, PlanOptions(record=True), setting).plan
    assert lab.client.delete(f"/pals/{lab.id_of('persona.a')}").status_code == 204
    result = run_later(lab, plan, setting)
    assert "is gone since the plan was made" in result.steps[0].message


def test_one_failure_stops_only_what_depends_on_it():
    lab = Lab(faults=Faults((Fault(method=("POST",), path="**/tools", status=400),)))
    uses = manifest("persona.uses", {**BODY, "pal_name": "Uses", "tools": ["look"]})
    result = lab.apply(TOOL, uses, ONE)
    assert {str(step.address): step.outcome for step in result.steps} == {
        "tool.look": "failed",
        "persona.uses": "skipped",
        "persona.a": "done",
    }
    skipped = next(step for step in result.steps if step.outcome == "skipped")
    assert "tool.look" in skipped.message
    assert result.summary.added == 1


def test_a_tool_goes_only_after_it_was_detached():
    lab = Lab()
    uses = manifest("persona.a", {**BODY, "tools": ["look"]})
    lab.apply(TOOL, uses)
    lab.apply(manifest("persona.a", {**BODY, "tools": []}), allow_deletes=True)
    writes = [(method, path.split("/")[2]) for method, path, _ in lab.writes()[-2:]]
    assert writes == [("DELETE", "pals"), ("DELETE", "tools")]


def test_a_tool_whose_user_could_not_let_go_is_kept():
    lab = Lab()
    uses = manifest("persona.a", {**BODY, "tools": ["look"]})
    lab.apply(TOOL, uses)
    lab.transport.service._book = FaultBook(Faults((Fault(method=("DELETE",), path="**/pals/**", status=400),)))
    result = lab.apply(manifest("persona.a", {**BODY, "tools": []}), allow_deletes=True)
    assert {str(step.address): step.outcome for step in result.steps} == {
        "persona.a": "failed",
        "tool.look": "skipped",
    }
    assert lab.names("tools") == ["look"]


def test_deleting_what_is_gone_already_is_done():
    lab = Lab()
    lab.apply(ONE)
    setting = lab.setting()
    options = PlanOptions(record=True, destroy=True)
    plan = make_plan(as_set([]), lab.state, options, setting).plan
    assert lab.client.delete(f"/pals/{lab.id_of('persona.a')}").status_code == 204
    result = lab.carry_out(plan, setting)
    assert [(step.outcome, step.notes) for step in result.steps] == [("done", ("was gone already",))]
    assert lab.state.resources == {}


def test_the_server_may_have_its_own_way_of_writing_a_value_and_that_is_said_once():
    lab = Lab(Mood(trim=True))
    padded = manifest("persona.a", {**BODY, "system_prompt": "  padded  "})
    lab.apply(padded)
    (done,) = [event for event in lab.events if isinstance(event, StepDone)]
    assert done.notes == ("/system_prompt: the server shows 'padded' for '  padded  '",)
    assert lab.plan(padded).differences == ()
    lab.events.clear()
    lab.apply(padded)
    assert lab.events[1:-1] == []


def test_a_write_that_never_shows_is_a_failure_that_says_where():
    lab = Lab(Mood(stale_reads=9))
    lab.apply(ONE)
    before = lab.state.resources[ONE.address]
    result = lab.apply(CHANGED)
    assert result.steps[0].outcome == "failed"
    assert "does not show the write of persona.a at /" in result.steps[0].message
    assert lab.clock.time >= 5
    assert lab.state.resources[ONE.address].sent == before.sent, "what was not seen is not believed"


def test_a_field_that_nobody_knows_and_that_the_api_drops_is_said_and_done():
    lab = Lab(Mood(unknown_fields="drop"))
    result = lab.apply(manifest("persona.a", {**BODY, "nonsense": 1}))
    assert [(step.outcome, step.notes) for step in result.steps] == [
        ("done", ("/nonsense: the API does not keep this field",))
    ]
    assert lab.state.resources[ONE.address].id


def test_a_write_that_takes_its_time_is_waited_for():
    lab = Lab(Mood(stale_reads=3))
    lab.apply(ONE)
    result = lab.apply(CHANGED)
    assert [step.outcome for step in result.steps] == ["done"]
    assert 0 < lab.clock.time < 5


def test_conferencing_travels_alone_and_after_the_rest():
    lab = Lab()
    lab.apply(ONE)
    both = manifest("persona.a", {**BODY, "greeting": "hi", "layers": {"conferencing": {"username": "ada"}}})
    (change,) = lab.plan(both).differences
    assert [request.purpose for request in change.requests] == ["update", "conferencing"]
    assert [step.outcome for step in lab.apply(both).steps] == ["done"]
    assert lab.plan(both).differences == ()


def test_a_draft_of_the_older_era_is_not_taken_for_live():
    lab = Lab(Mood(drafts="routed"))
    lab.apply(ONE)
    before = replace(lab.state)
    lab.apply(CHANGED)
    assert lab.state.resources.keys() == before.resources.keys()


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
def test_a_persona_without_a_face_lives_in_both_vocabularies(vocabulary):
    lab = Lab(vocabulary=vocabulary)
    faceless = manifest("persona.a", {"persona_name": "A", "system_prompt": "x"})
    assert [step.outcome for step in lab.apply(faceless).steps] == ["done"]
    assert lab.plan(faceless).differences == ()


def test_a_custom_llm_keeps_its_key_through_every_kind_of_change():
    lab = Lab()
    llm = {"model": "m", "base_url": "https://u.example", "api_key": env("KEY")}
    lab.apply(manifest("persona.a", {**BODY, "layers": {"llm": llm}}))
    for changed in ({**llm, "model": "n"}, {**llm, "extra_body": {"top_p": 0.5}}, {**llm, "headers": {"X-Org": "o"}}):
        wanted = manifest("persona.a", {**BODY, "layers": {"llm": changed}})
        assert [step.message for step in lab.apply(wanted).steps if step.outcome != "done"] == []
        assert lab.plan(wanted).differences == ()


def lost(*nth, drop="before", path="/v2/pals"):
    """An account that breaks the connection of these creates, before or after carrying them out."""
    return Faults((Fault(method=("POST",), path=path, nth=nth, drop=drop),))


@pytest.mark.parametrize(("drop", "creates"), [("before", 2), ("after", 1)])
def test_a_create_whose_answer_was_lost_is_looked_up_before_it_is_sent_again(drop, creates):
    lab = Lab(faults=lost(1, drop=drop))
    result = lab.apply(ONE)
    assert [step.outcome for step in result.steps] == ["done"]
    assert len(lab.requests("POST")) == creates
    assert lab.names() == ["A"]
    assert lab.state.pending == ()


def test_a_create_that_never_gets_through_is_left_open_for_the_next_run():
    lab = Lab(faults=lost(1, 2, 3))
    (step,) = lab.apply(ONE).steps
    assert step.outcome == "failed"
    assert "the object was not found afterwards" in step.message
    assert "run the same command again" in step.hint
    assert [(str(intent.address), intent.name) for intent in lab.state.pending] == [("persona.a", "A")]
    assert len(lab.requests("POST")) == 3
    assert [one.outcome for one in lab.apply(ONE).steps] == ["done"]
    assert lab.names() == ["A"]
    assert lab.state.pending == ()


def test_what_bore_the_name_before_is_not_taken_for_what_was_created():
    """Somebody else's object of that name is held by another address; only what came since can be ours."""
    lab = Lab(faults=lost(2, drop="after"))
    lab.apply(ONE)
    twin = manifest("persona.twin", BODY)
    result = lab.apply(ONE, twin)
    assert [(str(step.address), step.outcome) for step in result.steps] == [("persona.twin", "done")]
    assert lab.id_of("persona.twin") != lab.id_of("persona.a")
    assert lab.names() == ["A", "A"]
    assert len(lab.requests("POST")) == 2


def test_two_new_objects_of_the_name_are_told_and_neither_is_taken():
    lab = Lab(faults=lost(1))
    setting = lab.setting()
    plan = make_plan(as_set([ONE]), lab.state, PlanOptions(record=True), setting).plan
    sent = lab.provider()

    class Slow:
        """The real provider, beside which two people create objects of that name while the connection is down."""

        kinds, vocabulary = sent.kinds, sent.vocabulary

        def __getattr__(self, name):
            return getattr(sent, name)

        def send(self, request, **more):
            try:
                return sent.send(request, **more)
            finally:
                for _ in range(2):
                    assert lab.client.post("/pals", json=BODY).status_code == 200

    worker = Worker(
        StepContext(Slow(), MemoryLedger(lab.state), setting.book(lab.state), lab.clock, {}, 0.0, plan.namesakes)
    )
    result = apply_changes(plan, worker, parallelism=1, emit=lab.events.append, stop=lambda: False)
    (step,) = result.steps
    assert step.outcome == "failed"
    assert "2 new objects are called 'A'" in step.message
    assert "reconciler import persona.a ID" in step.hint


def test_a_list_that_lags_is_looked_at_twice_before_a_create_is_sent_again():
    lab = Lab(faults=lost(1, drop="after"))
    real = lab.provider
    looks = []

    def lagging(*, reading=False):
        provider = real(reading=reading)
        listed = provider.list

        def late(kind):
            found = listed(kind)
            looks.append(kind)
            return replace(found, objects={}) if len(looks) == 2 else found

        provider.list = late
        return provider

    lab.provider = lagging
    assert [step.outcome for step in lab.apply(ONE).steps] == ["done"]
    assert len(lab.requests("POST")) == 1
    assert lab.names() == ["A"]


def test_a_tool_that_is_gone_needs_no_detaching():
    lab = Lab()
    lab.apply(TOOL, manifest("persona.a", {**BODY, "tools": ["look"]}))
    setting = lab.setting()
    none = manifest("persona.a", {**BODY, "tools": []})
    plan = make_plan(as_set([TOOL, none]), lab.state, PlanOptions(record=True), setting).plan
    assert [request.purpose for change in plan.changes for request in change.requests] == ["detach"]
    path = f"/pals/{lab.id_of('persona.a')}/tools/{lab.id_of('tool.look')}"
    assert lab.client.delete(path).status_code < 300
    assert [step.outcome for step in lab.carry_out(plan, setting).steps] == ["done"]
    assert lab.plan(TOOL, none).differences == ()


def test_an_object_that_changed_a_moment_ago_is_not_read_again():
    """Five seconds after the reading an update trusts it; that is what makes a large apply affordable."""
    lab = Lab()
    lab.apply(ONE)
    setting = lab.setting()
    plan = make_plan(as_set([CHANGED]), lab.state, PlanOptions(record=True), setting).plan
    path = f"/v2/pals/{lab.id_of('persona.a')}"
    before = [line for line in lab.requests("GET") if line[1] == path]
    lab.carry_out(plan, setting)
    after = [line for line in lab.requests("GET") if line[1] == path]
    assert len(after) - len(before) == 1, "only the read-back"


def test_an_object_of_the_name_that_was_there_before_is_nobodys_outcome():
    lab = Lab()
    old = lab.client.post("/pals", json=BODY).json()["pal_id"]
    setting = lab.setting()
    ledger, book = MemoryLedger(lab.state), setting.book(lab.state)
    context = StepContext(setting.provider, ledger, book, lab.clock, {}, 0.0)
    assert look_up(context, Intent(ONE.address, "persona", "A", (old,)), "A") is None
    new = lab.client.post("/pals", json=BODY).json()["pal_id"]
    assert look_up(context, Intent(ONE.address, "persona", "A", (old,)), "A") == new
