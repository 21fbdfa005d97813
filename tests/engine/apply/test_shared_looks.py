"""What a run of many creates asks of the account: pages of lists, shared by all that finished since the last one."""

from __future__ import annotations

import json
import math
import threading

import httpx
import pytest

from reconciler.engine.apply.known_lists import FRESH, KnownLists
from reconciler.engine.plan.make_plan import make_plan
from reconciler.types.live import Listing, ListPage
from reconciler.types.options import PlanOptions
from tests.support.lab import JumpingClock, Lab, as_set
from tests.support.making import at, live, manifest

BODY = {"system_prompt": "x", "default_face_id": "rfe12d8b9597"}


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


def looking(count):
    account, clock = Listed(count), JumpingClock()
    lists = KnownLists(account, clock, 0.0, {"persona": tuple(account.names)})
    clock.sleep(FRESH)
    return account, clock, lists


@pytest.mark.parametrize("count", [0, 5, 10, 95])
@pytest.mark.parametrize("new", [0, 1, 9, 10, 25])
def test_what_came_since_is_found_where_the_list_ended(count, new):
    account, _, lists = looking(count)
    account.names |= {f"new{number}": f"X{number}" for number in range(new)}
    assert lists.newcomers("persona") == {f"new{number}": f"X{number}" for number in range(new)}
    assert account.lists == 0
    assert account.pages <= math.ceil((new + 1) / 10) + 1
    lists.newcomers("persona")
    assert account.pages <= math.ceil((new + 1) / 10) + 1, "for five seconds one reading is enough"


@pytest.mark.parametrize("place", [0, 3, 12, 19])
def test_a_list_that_is_not_as_it_was_is_read_whole(place):
    """Somebody takes one object away and makes another: as many as before, and one of them is new."""
    account, _, lists = looking(20)
    items = list(account.names.items())
    del items[place]
    account.names = dict(items) | {"new": "X"}
    assert lists.newcomers("persona") == {"new": "X"}
    assert account.lists == 1


def test_an_object_of_ours_that_is_not_in_the_list_makes_the_list_doubtful():
    account, _, lists = looking(12)
    lists.made("persona", "ours")
    lists.newcomers("persona")
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
