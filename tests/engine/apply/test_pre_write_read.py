"""Never over an edit that nobody saw, and no answer counts that is none: what happens between reading and writing."""

from __future__ import annotations

import threading
from dataclasses import replace

import httpx
import pytest

from reconciler.core.history.history_chain import changes_of
from reconciler.engine.apply.account_lists import FRESH, AccountLists, NameCheck
from reconciler.engine.apply.execute_plan import Worker, apply_changes
from reconciler.engine.apply.pre_write_read import before_change
from reconciler.engine.apply.step import StepContext
from reconciler.engine.plan.make_plan import make_plan
from reconciler.types.change import Action, Reason
from reconciler.types.live import Listing
from reconciler.types.options import PlanOptions
from reconciler.types.state import Entry, Intent
from tests.engine.plan.test_plan_rollback import TOOL, migrated, persona
from tests.support.between import Between, replaced, swallowed
from tests.support.chronicle import Chronicle
from tests.support.lab import JumpingClock, Lab, MemoryLedger, as_set
from tests.support.making import at, env, manifest
from tests.support.records import change_of

BODY = {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}
LOOK_TOOL = {"name": "look", "description": "d", "origin": "llm"}
BASES = {"persona.a": BODY, "tool.look": LOOK_TOOL}
EDITS = {"persona.a": {"system_prompt": "new"}, "tool.look": {"description": "new"}}
PAGE = httpx.Response(200, html="<html><title>Sign in</title></html>")
BUSY = httpx.Response(429, json={"error": "slow down"}, headers={"retry-after": "1"})
DOWN = httpx.Response(503, json={"error": "down"})
NO_ANSWERS = {
    "a page": PAGE,
    "a text": httpx.Response(200, text="OK"),
    "half of an object": httpx.Response(200, content=b'{"pal_id": "p', headers={"content-type": "application/json"}),
    "another object": httpx.Response(200, json={"pal_id": "p000000000000", "tool_id": "t000000000000"}),
    "an error": httpx.Response(200, json={"error": "no backend"}),
}


def writing(request):
    return request.method != "GET"


class Late:
    """A plan that is carried out `wait` seconds after the reading, by somebody who comes between."""

    def __init__(self, *before, wait=0.0, **options):
        self.lab = Lab()
        if before:
            self.lab.apply(*before)
        self.between = self.lab.transport = Between(self.lab.transport, writing)
        self.options = PlanOptions(record=True, **options)
        self.wait = wait

    def run(self, *manifests, meanwhile=lambda lab: None, parallelism=1):
        lab = self.lab
        setting = lab.setting()
        planned = make_plan(as_set(manifests), lab.state, self.options, setting)
        plan, live = planned.plan, planned.live
        read_at = lab.clock.monotonic()
        lab.clock.sleep(self.wait)
        meanwhile(lab)
        self.between.passed.clear()
        ledger = MemoryLedger(lab.state)
        worker = Worker(
            StepContext(setting.provider, ledger, setting.book(lab.state), lab.clock, live, read_at, plan.namesakes)
        )
        result = apply_changes(plan, worker, parallelism=parallelism, emit=lab.events.append, stop=lambda: False)
        lab.state = ledger.state
        return result.steps

    @property
    def writes(self):
        return [line for line in self.between.passed if not line.startswith("GET")]


def collection(address):
    return {"persona": "pals", "tool": "tools"}[address.partition(".")[0]]


def edit(lab, address, **body):
    path = f"/{collection(address)}/{lab.id_of(address)}"
    ops = [{"op": "add", "path": f"/{key}", "value": value} for key, value in body.items()]
    assert lab.client.patch(path, json=body if address.startswith("tool") else ops).status_code == 200


def body_of(lab, address):
    return lab.client.get(f"/{collection(address)}/{lab.id_of(address)}").json()


def desired(address):
    return manifest(address, {**BASES[address], **EDITS[address]})


def theirs(address):
    return dict.fromkeys(EDITS[address], "theirs")


@pytest.mark.parametrize("address", BASES)
@pytest.mark.parametrize("how", ["update", "delete"])
def test_an_edit_during_the_prompt_is_neither_written_over_nor_deleted(address, how):
    late = Late(manifest(address, BASES[address]), wait=FRESH, allow_deletes=True, allow_mass_change=True)
    wanted = [desired(address)] if how == "update" else []
    (step,) = late.run(*wanted, meanwhile=lambda lab: edit(lab, address, **theirs(address)))
    assert (step.outcome, step.exit_code) == ("failed", 5)
    assert "moved since the plan was made" in step.message
    assert late.writes == []
    assert body_of(late.lab, address).items() >= theirs(address).items()
    assert at(address) in late.lab.state.resources


def test_nor_is_what_somebody_made_where_there_was_nothing():
    late = Late(manifest("persona.a", BODY), wait=FRESH)
    wanted = manifest("persona.a", {**BODY, "layers": {"tts": {"tts_engine": "cartesia"}}})
    theirs = {"external_voice_id": "theirs"}
    (step,) = late.run(wanted, meanwhile=lambda lab: edit(lab, "persona.a", layers={"tts": theirs}))
    assert (step.outcome, step.exit_code) == ("failed", 5)
    assert body_of(late.lab, "persona.a")["layers"]["tts"].items() >= theirs.items()


APPEARED = {"persona.a": {"greeting": "theirs"}, "tool.look": {"tags": ["theirs"]}}


@pytest.mark.parametrize("address", BASES)
@pytest.mark.parametrize("at_repeat", [False, True])
def test_nor_is_an_object_deleted_to_which_somebody_added_what_it_did_not_have(address, at_repeat):
    wait = 0.0 if at_repeat else FRESH
    late = Late(manifest(address, BASES[address]), wait=wait, allow_deletes=True, allow_mass_change=True)

    def edited(request, go):
        concerns, late.between.concerns = late.between.concerns, lambda request: False
        edit(late.lab, address, **APPEARED[address])
        late.between.concerns = concerns
        return swallowed(BUSY)(request, go)

    if at_repeat:
        late.between.answers.append(edited)
        (step,) = late.run()
    else:
        (step,) = late.run(meanwhile=lambda lab: edit(lab, address, **APPEARED[address]))
    assert (step.outcome, step.exit_code) == ("failed", 5)
    assert body_of(late.lab, address).items() >= APPEARED[address].items()
    assert at(address) in late.lab.state.resources


def test_what_somebody_put_into_a_part_that_is_taken_away_whole_is_not_taken_along():
    layers = {"layers": {"tts": {"tts_engine": "cartesia", "external_voice_id": "v1"}}}
    late = Late(manifest("persona.a", {**BODY, **layers}), wait=FRESH)
    tts = {"tts_engine": "cartesia", "external_voice_id": "v1", "voice_settings": {"speed": 0.9}}
    (step,) = late.run(manifest("persona.a", BODY), meanwhile=lambda lab: edit(lab, "persona.a", layers={"tts": tts}))
    assert (step.outcome, step.exit_code) == ("failed", 5)
    assert body_of(late.lab, "persona.a")["layers"]["tts"]["voice_settings"] == {"speed": 0.9}


@pytest.mark.parametrize("address", BASES)
@pytest.mark.parametrize("answer", [swallowed(BUSY), swallowed(DOWN), swallowed(PAGE)], ids=["429", "503", "page"])
@pytest.mark.parametrize("how", ["update", "delete"])
def test_an_edit_before_a_repeat_is_neither_written_over_nor_deleted(address, how, answer):
    late = Late(manifest(address, BASES[address]), allow_deletes=True, allow_mass_change=True)

    def edited(request, go):
        edit_through(late, address)
        return answer(request, go)

    late.between.answers.append(edited)
    (step,) = late.run(*([desired(address)] if how == "update" else []))
    assert (step.outcome, step.exit_code) == ("failed", 5)
    assert body_of(late.lab, address).items() >= theirs(address).items()


def edit_through(late, address):
    concerns, late.between.concerns = late.between.concerns, lambda request: False
    edit(late.lab, address, **theirs(address))
    late.between.concerns = concerns


@pytest.mark.parametrize("address", BASES)
@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_write_that_was_done_behind_no_answer_is_found_out_and_not_sent_again(address, answer):
    late = Late(manifest(address, BASES[address]))
    late.between.answers.append(replaced(answer))
    (step,) = late.run(desired(address))
    assert step.outcome == "done", step.message
    assert len(late.writes) == 1
    assert late.lab.plan(desired(address)).differences == ()


@pytest.mark.parametrize("address", BASES)
@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
@pytest.mark.parametrize("times", [1, 9])
def test_a_delete_that_did_not_happen_is_not_forgotten(address, answer, times):
    late = Late(manifest(address, BASES[address]), allow_deletes=True, allow_mass_change=True)
    late.between.answers += [swallowed(answer)] * times
    (step,) = late.run()
    gone = late.lab.client.get(f"/{collection(address)}").json()["data"]
    late.between.answers.clear()
    if times == 1:
        assert step.outcome == "done", step.message
        assert late.lab.state.resources == {}
    else:
        assert step.outcome == "failed"
        assert late.lab.state.resources.keys() == {at(address)}
        assert gone


def test_a_delete_that_is_only_promised_is_seen_not_to_be_done():
    late = Late(manifest("persona.a", BODY), allow_deletes=True, allow_mass_change=True)
    late.between.answers.append(swallowed(httpx.Response(204)))
    (step,) = late.run()
    assert "is still there" in step.message
    assert late.lab.state.resources.keys() == {at("persona.a")}


def test_a_page_of_a_proxy_does_not_say_that_an_object_is_gone():
    late = Late(manifest("persona.a", BODY), allow_deletes=True, allow_mass_change=True)
    late.between.answers += [swallowed(httpx.Response(404, html="<html><title>no route</title></html>"))] * 3
    (step,) = late.run()
    assert step.outcome == "failed"
    assert "no answer of the API" in step.message
    assert late.lab.state.resources.keys() == {at("persona.a")}


def test_a_secret_behind_no_answer_is_sent_again():
    """Nothing shows whether it arrived."""
    before = {**BODY, "layers": {"tts": {"tts_engine": "cartesia", "api_key": env("KEY")}}}
    after = {**BODY, "layers": {"tts": {"tts_engine": "cartesia", "api_key": env("OTHER")}}}
    late = Late(manifest("persona.a", before))
    late.between.answers.append(swallowed(PAGE))
    (step,) = late.run(manifest("persona.a", after))
    assert step.outcome == "done", step.message
    assert len(late.writes) == 1


@pytest.mark.parametrize("name", ["persona", "tool"])
def test_an_id_in_an_answer_is_believed_only_where_it_is_new_and_bears_the_name(name):
    other, one = {"persona": ("persona.a", "persona.b"), "tool": ("tool.look", "tool.see")}[name]
    new = {**BASES[other], **{key: "B" for key in ("pal_name", "name") if key in BASES[other]}}
    late = Late(manifest(other, BASES[other]))
    taken = late.lab.id_of(other)
    late.between.answers.append(replaced(httpx.Response(200, json={"pal_id": taken, "tool_id": taken})))
    steps = late.run(manifest(other, BASES[other]), manifest(one, new))
    assert [step.outcome for step in steps] == ["done"]
    assert late.lab.id_of(one) != taken
    assert late.lab.plan(manifest(other, BASES[other]), manifest(one, new)).differences == ()


@pytest.mark.parametrize("wait", [0.0, FRESH])
def test_a_twin_that_somebody_makes_during_the_prompt(wait):
    late = Late(wait=wait)
    (step,) = late.run(
        manifest("persona.a", BODY), meanwhile=lambda lab: lab.client.post("/pals", json=BODY).raise_for_status()
    )
    if wait < FRESH:
        assert step.outcome == "done"
        return
    assert (step.outcome, step.exit_code) == ("failed", 5)
    assert "was made since the plan was made" in step.message
    assert late.writes == []
    assert late.lab.state.pending == ()
    (change,) = late.lab.plan(manifest("persona.a", BODY)).changes
    assert change.importing is not None


def test_one_list_serves_all_creates_of_a_kind():
    many = [manifest(f"persona.p{number}", {**BODY, "pal_name": f"P{number}"}) for number in range(5)]
    late = Late(wait=FRESH)
    steps = late.run(*many)
    assert {step.outcome for step in steps} == {"done"}
    assert late.between.passed.count("GET /v2/pals") <= 2, "a list is one page, or asks for one more"


def test_a_list_is_read_again_when_it_is_old():
    clock, lists = JumpingClock(), []

    class Counting:
        def list(self, kind):
            lists.append(kind)
            return Listing(kind, {})

        def list_page(self, kind, place):
            return None

    account = Counting()
    name_check = NameCheck(AccountLists(account, clock, 0.0, {}), account, clock, 0.0, set)
    for wait, expected in ((0.0, 0), (FRESH, 1), (1.0, 1), (FRESH, 2)):
        clock.sleep(wait)
        assert not name_check.refuse(Intent(at("persona.a"), "persona", "A"), "A")
        assert len(lists) == expected


@pytest.mark.parametrize("name", ["A", "A  b"])
def test_an_object_of_one_name_that_this_run_makes_meanwhile_is_nobody_elses(name):
    """The answer to the first create is late, so late that the names are listed again before the third one."""
    late, third = Late(wait=FRESH), threading.Event()

    def slow(request, go):
        answer = go()
        late.lab.clock.sleep(FRESH)
        third.wait(0.5)
        return answer

    def last(request, go):
        third.set()
        return go()

    late.between.answers = [slow, lambda request, go: go(), last]
    body = {**BODY, "pal_name": name}
    steps = late.run(*(manifest(f"persona.{one}", body) for one in "abc"), parallelism=2)
    assert [(step.outcome, step.message) for step in steps] == [("done", None)] * 3
    found = late.lab.client.get("/pals", params={"pal_type": "user"}).json()["data"]
    assert sum(one["pal_name"] == name for one in found) == 3


def test_our_own_part_of_a_change_is_no_edit_of_somebody():
    """Attach, patch, conferencing: with long waits in between, each later request sees what the earlier ones did."""
    late = Late(manifest("tool.look", LOOK_TOOL), manifest("persona.a", BODY), wait=FRESH)
    send = late.between.handle_request

    def slow(request):
        if writing(request):
            late.lab.clock.sleep(FRESH)
        return send(request)

    late.between.handle_request = slow
    wanted = {**BODY, "greeting": "hi", "tools": ["look"], "layers": {"conferencing": {"username": "ada"}}}
    steps = late.run(manifest("tool.look", LOOK_TOOL), manifest("persona.a", wanted))
    assert [(step.outcome, step.message) for step in steps] == [("done", None)]
    assert len(late.writes) == 3


def test_a_change_of_nothing_else_is_no_reason_to_stop():
    late = Late(manifest("persona.a", BODY), wait=FRESH)
    (step,) = late.run(desired("persona.a"))
    assert step.outcome == "done"
    assert replace(step, seconds=0).notes == ()


def test_the_wish_to_stop_is_heard_while_a_retry_waits():
    late = Late(manifest("persona.a", BODY))
    late.between.answers += [swallowed(httpx.Response(429, headers={"retry-after": "50"}))] * 2
    real = late.lab.setting

    def heeding():
        setting = real()
        setting.provider.stop_when(lambda: bool(late.between.passed) or len(late.between.answers) == 1)
        return setting

    late.lab.setting = heeding
    (step,) = late.run(desired("persona.a"))
    assert step.outcome == "failed"
    assert "stopped while waiting" in step.message
    assert late.writes == []
    assert late.lab.clock.monotonic() < 10


def test_a_deleted_object_is_kept_whole_with_its_tools(tmp_path):
    world = Chronicle(tmp_path / "state")
    world.apply(TOOL, migrated("a"), persona("b"))
    world.apply(TOOL, persona("b"), allow_deletes=True)
    [item] = changes_of(world.state().history.entries[-1])
    assert len(item.body["tools"]) == 1
    assert item.body["system_prompt"] == "x"
    assert item.entry.sent


def test_the_end_of_a_replacement_is_kept_by_its_create():
    change = change_of(at("persona.a~p1"), Action.DELETE, Reason.REPLACED, id="p1", gives_way_to=at("persona.a"))
    assert before_change(change, Entry("p1"), None, {}, None) is None


def test_what_is_only_taken_into_state_has_no_body():
    change = change_of(at("persona.a"), Action.NOOP, id="p1", importing="p1")
    item = before_change(change, None, None, {}, None)
    assert (item.body, item.imported, item.id) == (None, True, "p1")
