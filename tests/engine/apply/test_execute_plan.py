"""Carrying out a plan: what is refused, what is skipped, what goes on, and what is told."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconciler.engine.apply.execute_plan import apply_changes, refuse_blocked
from reconciler.engine.apply.step import StepContext
from reconciler.errors import PlanBlocked, Rejected, SecretMissing, StateError
from reconciler.types.change import Action, Block
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.event import RunFinished, RunStarted, StepDone, StepFailed, StepSkipped, StepStarted
from reconciler.types.live import Account
from reconciler.types.plan import Plan
from reconciler.types.state import State
from tests.support.lab import JumpingClock, Lab, MemoryLedger
from tests.support.making import at, book, env, manifest
from tests.support.records import change_of

PLAN = Plan("lab", Account("https://api.example.com/v2", "pal"), "lineage", 0)
BODY = {"system_prompt": "x", "default_face_id": "rfe12d8b9597"}
BLOCK = Block("deletes", "deletes are not allowed", "--allow-deletes")


def change(address, action=Action.CREATE, **more):
    return change_of(at(address), action, level=1 if address.startswith("tool") else 2, **more)


class Silent:
    """An account that is asked nothing."""

    requests_sent = requests_per_second = None


class Worker:
    """Does nothing, and fails where it is told to."""

    def __init__(self, **failures):
        self.failures = {at(name.replace("__", ".")): error for name, error in failures.items()}
        self.clock = JumpingClock()
        self.context = StepContext(Silent(), MemoryLedger(State("lineage", 7)), book(), self.clock, {}, 0.0)
        self.done = []
        self.announced = []
        self.mutex = threading.Lock()

    def announce(self, changes):
        self.announced.append([str(one.address) for one in changes])

    def sends_nothing(self, change):
        return False

    def rename(self, changes):
        self.renamed = [(str(one.previous), str(one.address)) for one in changes]

    def start(self, one):
        with self.mutex:
            self.clock.sleep(2)
            if one.address in self.failures:
                raise self.failures[one.address]
            self.done.append(str(one.address))
        yield from ()
        return f"id-{one.address.name}", ("a note",)


def carried_out(worker, *changes, stop=lambda: False, parallelism=1, **plan):
    events = []
    result = apply_changes(
        replace(PLAN, changes=changes, **plan), worker, parallelism=parallelism, emit=events.append, stop=stop
    )
    return result, events


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"blocked": (BLOCK,)}, ["deletes are not allowed", "Way out: --allow-deletes"]),
        ({"changes": (change("persona.a", blocked=(BLOCK,)),)}, ["persona.a: deletes are not allowed", "Way out"]),
    ],
)
def test_a_blocked_plan_does_nothing_and_says_each_way_out(plan, says):
    worker = Worker()
    with pytest.raises(PlanBlocked) as refused:
        apply_changes(replace(PLAN, **plan), worker, parallelism=1, emit=lambda event: None, stop=lambda: False)
    assert all(piece in refused.value.message for piece in ["nothing was sent", *says])
    assert worker.done == []
    assert refused.value.exit_code == 3


def test_an_error_among_the_findings_blocks_and_is_handed_on():
    finding = Diagnostic("E-x", Severity.ERROR, "broken")
    warning = Diagnostic("E-y", Severity.WARNING, "odd")
    with pytest.raises(PlanBlocked) as refused:
        refuse_blocked(replace(PLAN, diagnostics=(finding, warning)))
    assert list(refused.value.diagnostics) == [finding]
    refuse_blocked(replace(PLAN, diagnostics=(warning,)))


def test_every_missing_secret_is_named_before_anything_starts():
    from reconciler.types.change import Request

    def needs(address, name):
        return change(address, requests=(Request("POST", "/pals", at(address), {"key": env(name)}),), source="f.yaml")

    worker = Worker()
    with pytest.raises(SecretMissing) as refused:
        carried_out(worker, change("tool.t"), needs("persona.a", "ONE"), needs("persona.b", "TWO"))
    assert "persona.a (f.yaml) needs env ONE" in refused.value.message
    assert "persona.b (f.yaml) needs env TWO" in refused.value.message
    assert worker.done == []


def test_a_failure_stops_only_what_depends_on_it():
    worker = Worker(tool__t=Rejected("no", hint="try"))
    result, events = carried_out(
        worker,
        change("tool.t"),
        change("tool.u"),
        change("persona.a", depends_on=(at("tool.t"),)),
        change("persona.b", depends_on=(at("tool.u"),)),
    )
    assert [(str(step.address), step.outcome, step.message) for step in result.steps] == [
        ("tool.t", "failed", "no"),
        ("tool.u", "done", None),
        ("persona.a", "skipped", "tool.t was not done"),
        ("persona.b", "done", None),
    ]
    assert [str(event.address) for event in events if isinstance(event, StepFailed)] == ["tool.t"]
    assert (result.summary.added, result.count("failed"), result.count("skipped")) == (2, 1, 1)


def test_what_depends_on_something_skipped_is_skipped_too():
    worker = Worker(tool__t=Rejected("no"))
    result, _ = carried_out(
        worker,
        change("tool.t"),
        replace(change("persona.a", depends_on=(at("tool.t"),)), level=2),
        replace(change("persona.b", depends_on=(at("persona.a"),)), level=3),
    )
    assert [step.outcome for step in result.steps] == ["failed", "skipped", "skipped"]
    assert result.steps[2].message == "persona.a was not done"


def test_each_started_step_ends_once_and_the_run_is_framed():
    worker = Worker(persona__a=Rejected("no"))
    changes = [change(f"persona.{name}") for name in "abcdef"]
    _, events = carried_out(worker, *changes, parallelism=4)
    assert events[0] == RunStarted("apply", 6)
    assert events[-1] == RunFinished("apply", 5, 1, 0)
    started = sorted(str(event.address) for event in events if isinstance(event, StepStarted))
    ended = sorted(str(event.address) for event in events if isinstance(event, StepDone | StepFailed | StepSkipped))
    assert started == ended == [f"persona.{name}" for name in "abcdef"]


def test_a_finished_step_tells_its_id_how_long_it_took_and_what_was_noted():
    _, events = carried_out(Worker(), change("persona.a"))
    (done,) = [event for event in events if isinstance(event, StepDone)]
    assert (done.id, done.seconds, done.notes) == ("id-a", 2.0, ("a note",))


def test_a_stop_lets_the_rest_be_skipped_and_says_so():
    worker = Worker()
    result, events = carried_out(
        worker, change("persona.a"), change("persona.b"), change("persona.c"), stop=lambda: len(worker.done) > 0
    )
    assert [step.outcome for step in result.steps] == ["done", "skipped", "skipped"]
    assert result.interrupted
    assert {event.because for event in events if isinstance(event, StepSkipped)} == {"interrupted"}


def test_a_state_that_cannot_be_written_ends_the_run():
    worker = Worker(persona__a=StateError("the disk is full"))
    with pytest.raises(StateError, match="the disk is full"):
        carried_out(worker, change("persona.a"), change("persona.b"))
    assert worker.done == [], "nothing is sent that could not be recorded"


def test_bookkeeping_is_done_and_not_told():
    """A no-op in a plan brings digests up to date; nobody wants to read about it."""
    worker = Worker()
    result, events = carried_out(worker, change("persona.a", Action.NOOP, id="p1"), change("persona.b"))
    assert worker.done == ["persona.a", "persona.b"]
    assert [str(step.address) for step in result.steps] == ["persona.b"]
    assert {str(event.address) for event in events if isinstance(event, StepStarted | StepDone)} == {"persona.b"}


def test_the_summary_counts_what_was_done_by_what_it_was():
    worker = Worker(persona__f=Rejected("no"))
    result, _ = carried_out(
        worker,
        change("persona.a"),
        change("persona.b", Action.UPDATE, id="p2"),
        change("persona.c", Action.UPDATE, id="p3", importing="p3"),
        change("persona.d", Action.NOOP, id="p4", previous=at("persona.z")),
        change("persona.e", Action.FORGET, id="p5"),
        change("persona.f", Action.DELETE, id="p6"),
        change("persona.g", Action.DELETE, id="p7"),
    )
    found = result.summary
    assert (found.added, found.changed, found.imported, found.moved, found.forgotten, found.destroyed) == (
        1, 2, 1, 1, 1, 1,
    )  # fmt: skip
    assert result.serial == 7


def test_a_persona_waits_for_its_tool_also_in_a_whole_account():
    from reconciler.platforms.tavus.simulator.faults import parse_faults

    lab = Lab(faults=parse_faults({"rules": [{"method": "POST", "path": "/v2/tools", "status": 400, "times": 1}]}))
    tool = manifest("tool.t", {"name": "t", "description": "d"})
    user = manifest("persona.a", {"pal_name": "A", **BODY, "tools": ["t"]})
    free = manifest("persona.b", {"pal_name": "B", **BODY})
    result = lab.apply(tool, user, free)
    assert {str(step.address): step.outcome for step in result.steps} == {
        "tool.t": "failed", "persona.a": "skipped", "persona.b": "done",
    }  # fmt: skip
    assert lab.names() == ["B"]
    again = lab.apply(tool, user, free)
    assert {str(step.address): step.outcome for step in again.steps} == {"tool.t": "done", "persona.a": "done"}
    assert lab.plan(tool, user, free).differences == ()


def test_what_may_start_is_announced_without_what_will_be_skipped():
    worker = Worker(tool__t=Rejected("no", status=400))
    carried_out(
        worker,
        change("tool.t"),
        change("tool.u"),
        change("persona.a", depends_on=(at("tool.t"),)),
        change("persona.b", depends_on=(at("tool.u"),)),
    )
    assert worker.announced == [["tool.t", "tool.u"], ["persona.b"]]


def test_what_cannot_be_announced_is_not_begun():
    worker = Worker()

    def announce(changes):
        raise StateError("the store is down")

    worker.announce = announce
    with pytest.raises(StateError, match="down"):
        carried_out(worker, change("tool.t"), change("persona.a"))
    assert worker.done == []


def test_what_cannot_be_marked_fails_and_the_rest_is_carried_out():
    """The object whose pre-image is to be kept cannot be read."""
    worker = Worker()

    def announce(changes):
        if any(one.address == at("persona.a") for one in changes):
            raise Rejected("it cannot be read")

    worker.announce = announce
    result, _ = carried_out(
        worker, change("tool.t"), change("persona.a", depends_on=(at("tool.t"),)), change("tool.u")
    )
    assert {str(step.address): step.outcome for step in result.steps} == {
        "tool.t": "done", "persona.a": "failed", "tool.u": "done",
    }  # fmt: skip
    assert "it cannot be read" in next(step.message for step in result.steps if step.outcome == "failed")


def test_what_sends_nothing_is_done_once_it_is_written():
    """Together, the rest beside it; what is not written is not told as done."""
    worker = Worker(persona__b=Rejected("gone"))
    worker.sends_nothing = lambda change: change.address.kind == "persona"
    changes = [change("persona.a"), change("persona.b"), change("tool.t", depends_on=(at("persona.a"),))]
    result, _ = carried_out(worker, *changes)
    assert {str(step.address): step.outcome for step in result.steps} == {
        "persona.a": "done", "persona.b": "failed", "tool.t": "done",
    }  # fmt: skip
    worker, told = Worker(), []
    worker.sends_nothing = lambda change: change.address.kind == "persona"

    @contextmanager
    def full():
        yield
        raise StateError("no space left")

    worker.context.ledger.batch = full
    with pytest.raises(StateError, match="no space"):
        apply_changes(
            replace(PLAN, changes=tuple(changes)), worker, parallelism=1, emit=told.append, stop=lambda: False
        )
    assert not [event for event in told if isinstance(event, StepDone)]
    assert [str(event.address) for event in told if isinstance(event, StepSkipped)] == ["tool.t"]
