"""Any fault at any request, then one more run: healed, without a twin, an orphan, or a secret in sight."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.simulator.faults import Fault, Faults, Mood
from tests.support.lab import Lab
from tests.support.making import env, manifest

TOOL = {"name": "look_up", "description": "Looks it up", "origin": "llm"}
PERSONA = {
    "pal_name": "Coach",
    "system_prompt": "p",
    "default_face_id": "rfe12d8b9597",
    "layers": {"llm": {"model": "gpt", "base_url": "https://llm.example.com", "api_key": env("KEY")}},
}
FIRST = (
    manifest("tool.look_up", TOOL),
    manifest("persona.coach", {**PERSONA, "tools": ["look_up"]}),
    manifest("persona.second", {"pal_name": "Second", "system_prompt": "s", "default_face_id": "rfe12d8b9597"}),
)
SECOND = (
    manifest("tool.other", {**TOOL, "name": "other"}),
    manifest("persona.coach", {**PERSONA, "system_prompt": "new", "tools": ["other"]}),
)


class Killed(BaseException):
    """kill -9: nothing of the program runs any more."""


class KillingTransport(httpx.BaseTransport):
    """Dies at one request, before the service sees it or after it carried it out."""

    def __init__(self, inner: httpx.BaseTransport, nth: int, *, after: bool) -> None:
        self.inner, self.left, self.after = inner, nth, after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        response = self.inner.handle_request(request)
        if self.left == 0:
            raise Killed
        return response


def run(lab: Lab, manifests, **options) -> None:
    try:
        lab.apply(*manifests, **options)
    except (Killed, ReconcilerError):
        pass


def healthy(lab: Lab, manifests) -> None:
    """One more run, then everything is as the manifests say and nothing is there twice."""
    result = lab.apply(*manifests, allow_deletes=True)
    assert [(str(step.address), step.message) for step in result.steps if step.outcome != "done"] == []
    again = lab.plan(*manifests, allow_deletes=True)
    assert [(str(change.address), change.fields) for change in again.differences] == []
    assert lab.state.pending == ()
    wanted = sorted(str(one.spec.get("pal_name") or one.spec["name"]) for one in manifests)
    assert sorted(lab.names() + lab.names("tools")) == wanted
    assert sorted(entry.id for entry in lab.state.resources.values()) == sorted({*ids(lab)})
    assert "sk-" not in repr(lab.state)


def ids(lab: Lab) -> list[str]:
    pals = lab.client.get("/pals", params={"limit": 100, "pal_type": "user"}).json()["data"]
    tools = lab.client.get("/tools", params={"limit": 100}).json()["data"]
    return [row["pal_id"] for row in pals] + [row["tool_id"] for row in tools]


def count(manifests, *before) -> int:
    lab = Lab()
    for earlier in before:
        lab.apply(*earlier, allow_deletes=True)
    start = len(lab.requests())
    lab.apply(*manifests, allow_deletes=True)
    return len(lab.requests()) - start


CREATING, CHANGING = count(FIRST), count(SECOND, FIRST)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, CREATING + 1))
def test_killed_at_each_request_of_a_creating_run(nth, after):
    lab = Lab()
    calm = lab.transport
    lab.transport = KillingTransport(calm, nth, after=after)
    run(lab, FIRST)
    lab.transport = calm
    healthy(lab, FIRST)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, CHANGING + 1))
def test_killed_at_each_request_of_a_changing_run(nth, after):
    lab = Lab()
    lab.apply(*FIRST)
    calm = lab.transport
    lab.transport = KillingTransport(calm, nth, after=after)
    run(lab, SECOND, allow_deletes=True)
    lab.transport = calm
    healthy(lab, SECOND)


FAULTS = {
    "dropped before": Fault(drop="before"),
    "dropped after": Fault(drop="after"),
    "500 before": Fault(status=500),
    "500 after": Fault(status=500, at="after"),
    "503 with date": Fault(status=503, retry_after=2, retry_after_date=True),
    "429": Fault(status=429, retry_after=1),
    "truncated": Fault(body="truncated"),
    "garbage": Fault(body="garbage"),
    "empty": Fault(body="empty"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("nth", range(1, CREATING + 1))
def test_one_fault_at_each_request_of_a_creating_run(nth, name):
    lab = Lab(faults=Faults((replace(FAULTS[name], nth=(nth,)),)))
    run(lab, FIRST)
    healthy(lab, FIRST)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("nth", range(1, CHANGING + 1))
def test_one_fault_at_each_request_of_a_changing_run(nth, name):
    lab = Lab(faults=Faults((replace(FAULTS[name], nth=(CREATING + nth,)),)))
    lab.apply(*FIRST)
    run(lab, SECOND, allow_deletes=True)
    healthy(lab, SECOND)


@pytest.mark.parametrize("seed", range(12))
def test_a_flaky_service_is_worn_down(seed, tmp_path):
    rules = (
        Fault(rate=0.08, drop="after"),
        Fault(rate=0.05, status=502, at="after"),
        Fault(rate=0.05, status=503),
        Fault(rate=0.05, body="truncated"),
    )
    world = tmp_path / "world.json"
    lab = Lab(Mood(stale_reads=1), faults=Faults(rules, seed=seed), world=world)
    for _ in range(5):
        run(lab, FIRST)
    lab.transport.close()
    calm = Lab(world=world)
    calm.state = lab.state
    healthy(calm, FIRST)


def test_a_lost_answer_to_a_create_is_settled_in_the_same_run():
    lab = Lab(faults=Faults((Fault(method=("POST",), path="**/pals", drop="after", nth=(1,)),)))
    result = lab.apply(*FIRST)
    assert {step.outcome for step in result.steps} == {"done"}
    assert len([1 for method, path, _ in lab.requests("POST") if path == "/v2/pals"]) == 2
    healthy(lab, FIRST)


def test_a_create_that_did_not_happen_is_sent_again_only_after_looking():
    lab = Lab(faults=Faults((Fault(method=("POST",), path="**/pals", drop="before", nth=(1,)),)))
    result = lab.apply(*FIRST)
    assert {step.outcome for step in result.steps} == {"done"}
    lines = [(method, path) for method, path, _ in lab.requests() if path == "/v2/pals"]
    first = lines.index(("POST", "/v2/pals"))
    assert lines[first + 1 : first + 4] == [("GET", "/v2/pals"), ("GET", "/v2/pals"), ("POST", "/v2/pals")]
    healthy(lab, FIRST)


def test_a_dead_service_says_so_and_sends_nothing_more():
    lab = Lab(faults=Faults((Fault(status=503, path="**"),)))
    with pytest.raises(ReconcilerError, match="503"):
        lab.plan(*FIRST)
    assert lab.writes() == []
