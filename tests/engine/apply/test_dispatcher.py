"""No barriers: what waits for the vendor holds up its users and nothing else, and no thread."""

from __future__ import annotations

import pytest

from reconciler.engine.apply.dispatcher import Dispatcher
from reconciler.engine.apply.known_lists import KnownLists
from reconciler.engine.apply.schedule import Schedule
from reconciler.engine.apply.step import Look
from reconciler.errors import Rejected
from reconciler.platforms.tavus.simulator.faults import Fault, Faults, Mood
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action
from reconciler.types.event import RunProgress, StepDone, StepProgress
from tests.support.lab import JumpingClock, Lab
from tests.support.making import at, manifest
from tests.support.records import change_of

BODY = {"system_prompt": "x", "default_face_id": "rfe12d8b9597"}
SLOW, QUICK = 12, 50
SITE = "https://docs.example.com"


def document(number):
    return manifest(f"document.d{number}", {"document_name": f"D{number}", "document_url": f"{SITE}/{number}"})


def persona(name, **more):
    return manifest(f"persona.{name}", {"pal_name": name.upper(), **BODY, **more})


DOCUMENTS = [document(number) for number in range(SLOW)]
USERS = [persona(f"u{number}", document_ids=[ResourceRef(f"document.d{number}")]) for number in range(SLOW)]
FREE = [persona(f"p{number}") for number in range(QUICK)]


class Timed(list):
    """Events with the moment at which they were told."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.at = {}

    def append(self, event):
        super().append(event)
        if isinstance(event, StepDone):
            self.at[str(event.address)] = self.clock.monotonic()


@pytest.mark.parametrize("width", [1, 4])
def test_documents_that_crawl_hold_up_only_their_users(width):
    lab = Lab(Mood(document_reads=60))
    lab.parallelism = width
    lab.events = Timed(lab.clock)
    result = lab.apply(*DOCUMENTS, *USERS, *FREE)
    assert {step.outcome for step in result.steps} == {"done"}
    done = lab.events.at
    crawled = min(done[f"document.d{number}"] for number in range(SLOW))
    assert crawled > 60, "minutes, if nobody slept meanwhile"
    assert max(done[f"persona.p{number}"] for number in range(QUICK)) == 0.0
    assert all(done[f"persona.u{number}"] >= done[f"document.d{number}"] for number in range(SLOW))
    assert lab.clock.monotonic() < 600, "they crawl side by side, however few threads there are"
    told = [event for event in lab.events if isinstance(event, RunProgress)]
    assert {(event.done, event.waits_for, event.held_up) for event in told} >= {
        (QUICK, tuple(sorted(one.address for one in DOCUMENTS)), SLOW)
    }
    assert len(told) <= lab.clock.monotonic() / 5 + 2 * SLOW


def test_a_user_starts_when_its_own_document_is_there():
    """One document is refused, one crawls: the users of both are told apart."""
    refused = Fault(method=("POST",), path="**/documents", status=400, nth=(1,))
    lab = Lab(Mood(document_reads=20), faults=Faults((refused,)))
    lab.events = Timed(lab.clock)
    result = lab.apply(*DOCUMENTS[:2], *USERS[:2], *FREE[:1])
    assert {str(step.address): step.outcome for step in result.steps} == {
        "document.d0": "failed", "persona.u0": "skipped", "document.d1": "done", "persona.u1": "done",
        "persona.p0": "done",
    }  # fmt: skip
    assert lab.events.at["persona.p0"] == 0.0


def test_a_wish_to_stop_is_heard_while_documents_crawl():
    lab = Lab(Mood(document_reads=500))
    stopped = []

    class Stopping(Timed):
        def append(self, event):
            super().append(event)
            if isinstance(event, StepProgress):
                stopped.append(event)

    lab.events = Stopping(lab.clock)
    setting = lab.setting()
    plan = lab.plan(*DOCUMENTS[:3], *USERS[:3], record=True)
    result = lab.carry_out(plan, setting, stop=lambda: len(stopped) >= 3)
    outcomes = {str(step.address): step.outcome for step in result.steps}
    assert [outcomes[f"document.d{number}"] for number in range(3)] == ["done"] * 3
    assert all("not waited for" in step.notes[0] for step in result.steps if step.outcome == "done")
    assert [outcomes[f"persona.u{number}"] for number in range(3)] == ["skipped"] * 3
    assert result.interrupted
    assert lab.clock.monotonic() < 5


class Script:
    """A run whose steps are given; notes what becomes of them."""

    def __init__(self, **steps):
        self.steps = {at(f"persona.{name}"): step for name, step in steps.items()}
        self.ended = {}
        self.waited = set()

    def announce(self, changes):
        pass

    def begin(self, change):
        return self.steps[change.address]

    def done(self, change, done):
        self.ended[change.address.name] = done

    def failed(self, change, error):
        self.ended[change.address.name] = error.message

    def stopping(self):
        return False

    def turned(self, waiting):
        self.waited |= {one.name for one in waiting}


class Account:
    def __init__(self, error=None):
        self.error = error

    def get(self, kind, id):
        if self.error is not None:
            raise self.error
        return f"{kind} {id}"


def carried_out(account, **steps):
    run, clock = Script(**steps), JumpingClock()
    schedule = Schedule([change_of(address, Action.CREATE) for address in run.steps])
    Dispatcher(schedule, run, account, KnownLists(account, clock, 0.0, {}), clock, 2).carry_out()
    return run, clock


def looking(*looks):
    seen = []
    for look in looks:
        seen.append((yield look))
    return "id", tuple(seen)


def test_a_step_is_handed_what_it_asked_for_and_not_before_its_time():
    run, clock = carried_out(
        Account(),
        a=looking(Look("tool", "1"), Look("tool", "2", 90.0, patient=True)),
        b=looking(Look("tool", "3", 30.0)),
    )
    assert run.ended == {"a": ("id", ("tool 1", "tool 2")), "b": ("id", ("tool 3",))}
    assert 90 <= clock.time < 91
    assert run.waited == {"a"}, "only what the vendor works on is told"


def test_an_error_of_the_reading_is_the_steps_own():
    def patient():
        try:
            yield Look("tool", "1")
        except Rejected as error:
            return error.message, ()

    run, _ = carried_out(Account(Rejected("no")), a=patient(), b=looking(Look("tool", "1")))
    assert run.ended == {"a": ("no", ()), "b": "no"}


def test_what_is_no_error_of_ours_ends_the_run_and_nothing_goes_on():
    class Killed(BaseException):
        pass

    def dying():
        raise Killed
        yield

    went_on = []

    def waiting():
        yield Look("tool", "1", 5.0)
        went_on.append(1)

    with pytest.raises(Killed):
        carried_out(Account(), a=waiting(), b=dying())
    assert went_on == []
