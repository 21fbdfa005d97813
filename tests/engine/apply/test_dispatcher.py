"""No barriers: what waits for the vendor holds up its users and nothing else, and no thread."""

from __future__ import annotations

import json
import math
import threading

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.apply.account_lists import FRESH, AccountLists
from reconciler.engine.apply.dispatcher import Dispatcher, Schedule
from reconciler.engine.apply.step import PendingRead
from reconciler.engine.plan.make_plan import make_plan
from reconciler.errors import Rejected
from reconciler.platforms.tavus.simulator.faults import Fault, Faults, Mood
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action
from reconciler.types.event import RunProgress, StepDone, StepProgress
from reconciler.types.live import Listing, ListPage
from reconciler.types.options import PlanOptions
from tests.support.lab import JumpingClock, Lab, as_set
from tests.support.making import at, live, manifest
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

    def without_requests(self, changes):
        return []

    def begin(self, change):
        return self.steps[change.address]

    def done(self, change, done):
        self.ended[change.address.name] = done

    def failed(self, change, error):
        self.ended[change.address.name] = error.message

    def stopping(self):
        return False

    def report_progress(self, waiting):
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
    Dispatcher(schedule, run, account, AccountLists(account, clock, 0.0, {}), clock, 2).carry_out()
    return run, clock


def looking(*looks):
    seen = []
    for look in looks:
        seen.append((yield look))
    return "id", tuple(seen)


def test_a_step_is_handed_what_it_asked_for_and_not_before_its_time():
    run, clock = carried_out(
        Account(),
        a=looking(PendingRead("tool", "1"), PendingRead("tool", "2", 90.0, patient=True)),
        b=looking(PendingRead("tool", "3", 30.0)),
    )
    assert run.ended == {"a": ("id", ("tool 1", "tool 2")), "b": ("id", ("tool 3",))}
    assert 90 <= clock.time < 91
    assert run.waited == {"a"}, "only what the vendor works on is told"


def test_an_error_of_the_reading_is_the_steps_own():
    def patient():
        try:
            yield PendingRead("tool", "1")
        except Rejected as error:
            return error.message, ()

    run, _ = carried_out(Account(Rejected("no")), a=patient(), b=looking(PendingRead("tool", "1")))
    assert run.ended == {"a": ("no", ()), "b": "no"}


def test_what_is_no_error_of_ours_ends_the_run_and_nothing_goes_on():
    class Killed(BaseException):
        pass

    def dying():
        raise Killed
        yield

    went_on = []

    def waiting():
        yield PendingRead("tool", "1", 5.0)
        went_on.append(1)

    with pytest.raises(Killed):
        carried_out(Account(), a=waiting(), b=dying())
    assert went_on == []


def change(address, *used):
    return change_of(address, Action.CREATE, depends_on=used)


NAMES = [f"persona.p{number}" for number in range(9)]


@st.composite
def graphs(draw):
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    needs = {name: draw(st.lists(st.sampled_from([*NAMES, name]), max_size=3)) for name in names}
    return [
        change_of(at(name), Action.CREATE, depends_on=tuple(at(one) for one in used)) for name, used in needs.items()
    ]


def reachable(changes):
    """Address -> everything that it needs, directly or not."""
    direct = {change.address: set(change.depends_on) for change in changes}
    found = {address: set(used) for address, used in direct.items()}
    for _ in changes:
        for used in found.values():
            used |= {more for one in list(used) for more in direct.get(one, ())}
    return found


@given(graphs(), st.randoms())
def test_each_change_starts_once_after_what_it_needs_and_all_of_them_do(changes, random):
    schedule, needs = Schedule(changes), reachable(changes)
    running, ended = [], []
    while schedule.left:
        fresh = schedule.ready()
        running += fresh
        assert running, "something can always start"
        for change in fresh:
            waited = {one for one in change.depends_on if change.address not in needs.get(one, ())}
            assert waited & needs.keys() <= set(ended), "only a circle starts before what it needs"
        change = running.pop(random.randrange(len(running)))
        ended.append(change.address)
        schedule.end(change.address)
    assert sorted(ended) == sorted(change.address for change in changes)


@given(graphs())
def test_what_needs_nothing_that_is_left_starts_at_once(changes):
    needs = reachable(changes)
    free = [change for change in changes if not needs[change.address] & needs.keys() - {change.address}]
    assert {one.address for one in free} <= {one.address for one in Schedule(changes).ready()}


def test_what_is_held_up_is_counted_through_others():
    a, b, c, d = (at(f"persona.{name}") for name in "abcd")
    chain = [change(a), change(b, a), change(c, b), change(d)]
    schedule = Schedule(chain)
    assert [one.address for one in schedule.ready()] == [a, d]
    assert schedule.count_dependents([a]) == 2
    assert schedule.count_dependents([d]) == 0
    schedule.end(a)
    assert schedule.count_dependents([b]) == 1


def personas(count, start=0):
    return [
        manifest(f"persona.p{number:04}", {"pal_name": f"P{number:04}", **BODY})
        for number in range(start, start + count)
    ]


class Slowly(httpx.BaseTransport):
    """Every write takes `seconds`; `change` may do something to the answer of a list."""

    def __init__(self, lab, seconds=0.0, change=lambda number, document: document):
        self.inner, self.clock, self.seconds, self.change = lab.transport, lab.clock, seconds, change
        self.asked = []
        self.lock = threading.Lock()

    @property
    def requests(self):
        return self.inner.requests

    def handle_request(self, request):
        one = len(request.url.path.split("/")) > 3
        self.asked.append(f"{request.method} {'one' if one else 'list'}")
        with self.lock:
            self.clock.sleep(self.seconds if request.method == "POST" else 0.0)
        answer = self.inner.handle_request(request)
        if request.method != "GET" or one:
            return answer
        document = self.change(int(request.url.params.get("page", 1)), json.loads(answer.read()))
        return httpx.Response(200, json=document)


def run(lab, manifests, **how):
    """Requests of an apply after its plan, and its outcomes."""
    lab.transport = wire = Slowly(lab, **how)
    setting = lab.setting()
    planned = make_plan(as_set(manifests), lab.state, PlanOptions(record=True), setting)
    wire.asked.clear()
    result = lab.carry_out(planned.plan, setting, listed=planned.listed)
    lab.transport = wire.inner
    return wire.asked, {step.outcome for step in result.steps}


@pytest.mark.parametrize(("width", "before"), [(1, 0), (10, 0), (10, 130)])
def test_creates_are_read_back_a_page_at_a_time(width, before):
    lab = Lab()
    lab.parallelism = width
    old = personas(before)
    if old:
        lab.apply(*old)
    asked, outcomes = run(lab, [*old, *personas(210, before)])
    assert outcomes == {"done"}
    assert asked.count("POST list") == 210
    assert asked.count("GET list") + asked.count("GET one") <= 210 / 100 + 2
    assert lab.plan(*old, *personas(210, before)).differences == ()


def test_a_long_run_asks_for_one_page_more_each_five_seconds():
    lab = Lab()
    lab.parallelism = 4
    asked, outcomes = run(lab, personas(300), seconds=0.1)
    assert outcomes == {"done"}
    assert lab.clock.monotonic() >= 30
    assert asked.count("GET list") + asked.count("GET one") <= 300 / 100 + 30 / FRESH + 2


def test_a_single_create_is_read_by_itself():
    asked, outcomes = run(Lab(), personas(1))
    assert (asked, outcomes) == (["POST list", "GET one"], {"done"})


def reversed_pages(number, document):
    return {**document, "data": document["data"][::-1]}


def without_prompts(number, document):
    return {**document, "data": [{k: v for k, v in one.items() if k != "system_prompt"} for one in document["data"]]}


def without_total(number, document):
    return {"data": document["data"]}


def lagging(number, document):
    """The newest seven are not in the list yet."""
    shown = max(3, document["total_count"] - 7)
    return {"data": document["data"][: max(0, shown - 100 * (number - 1))], "total_count": shown}


@pytest.mark.parametrize("change", [reversed_pages, without_prompts, without_total, lagging])
def test_lists_that_show_less_or_are_in_another_order_cost_requests_and_nothing_else(change):
    lab = Lab()
    lab.parallelism = 4
    lab.apply(*personas(3, 900))
    asked, outcomes = run(lab, [*personas(3, 900), *personas(120)], change=change)
    assert outcomes == {"done"}
    assert asked.count("POST list") == 120
    assert asked.count("GET one") + asked.count("GET list") <= 2 * 120 + 20
    assert lab.plan(*personas(3, 900), *personas(120)).differences == ()


class Listed:
    """A list of numbered objects in pages of ten; what happens to it between two looks is up to the test."""

    def __init__(self, count):
        self.names = {f"i{number}": f"N{number}" for number in range(count)}
        self.pages = self.lists = 0

    def _live(self, ids):
        return {id: live("persona", id, {"pal_id": id, "pal_name": self.names[id]}) for id in ids}

    def list(self, kind):
        self.lists += 1
        return Listing(kind, self._live(self.names))

    def list_page(self, kind, place):
        self.pages += 1
        start = place // 10 * 10
        return ListPage(start, self._live(list(self.names)[start : start + 10]), len(self.names))


def looking_of_shared_looks(count):
    account, clock = Listed(count), JumpingClock()
    lists = AccountLists(account, clock, 0.0, {"persona": tuple(account.names)})
    clock.sleep(FRESH)
    return account, clock, lists


@pytest.mark.parametrize("count", [0, 5, 10, 95])
@pytest.mark.parametrize("new", [0, 1, 9, 10, 25])
def test_what_came_since_is_found_where_the_list_ended(count, new):
    account, _, lists = looking_of_shared_looks(count)
    account.names |= {f"new{number}": f"X{number}" for number in range(new)}
    assert lists.added_names("persona") == {f"new{number}": f"X{number}" for number in range(new)}
    assert account.lists == 0
    assert account.pages <= math.ceil((new + 1) / 10) + 1
    lists.added_names("persona")
    assert account.pages <= math.ceil((new + 1) / 10) + 1, "for five seconds one reading is enough"


@pytest.mark.parametrize("place", [0, 3, 12, 19])
def test_a_list_that_is_not_as_it_was_is_read_whole(place):
    """Somebody takes one object away and makes another: as many as before, and one of them is new."""
    account, _, lists = looking_of_shared_looks(20)
    items = list(account.names.items())
    del items[place]
    account.names = dict(items) | {"new": "X"}
    assert lists.added_names("persona") == {"new": "X"}
    assert account.lists == 1


def test_an_object_of_ours_that_is_not_in_the_list_makes_the_list_doubtful():
    account, _, lists = looking_of_shared_looks(12)
    lists.note_created("persona", "ours")
    lists.added_names("persona")
    assert account.lists == 1


def test_somebody_elses_object_of_that_name_is_found_in_the_middle_of_a_run():
    lab = Lab()
    theirs = []

    def meanwhile(number, document):
        if not theirs and lab.clock.monotonic() >= FRESH:
            theirs.append(lab.client.post("/pals", json={"pal_name": "P0059", **BODY}).json()["pal_id"])
        return document

    lab.transport = wire = Slowly(lab, seconds=0.5, change=meanwhile)
    result = lab.apply(*personas(60))
    assert wire.asked
    outcomes = {str(step.address): step for step in result.steps}
    failed = outcomes.pop("persona.p0059")
    assert (failed.outcome, failed.exit_code) == ("failed", 5)
    assert theirs[0] in failed.message
    assert {step.outcome for step in outcomes.values()} == {"done"}
    assert at("persona.p0059") not in lab.state.resources
