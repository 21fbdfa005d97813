"""From inline tools to the registry: no moment in which a persona lacks a tool, whatever breaks."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.simulator.faults import Fault, Faults, Mood
from tests.support.lab import Lab
from tests.support.making import env, manifest

COUNT = 4
FUNCTION = {"name": "look_up", "description": "Looks it up", "parameters": {"type": "object", "properties": {}}}
INLINE = {"type": "function", "function": FUNCTION}
TOOL = manifest("tool.look_up", {**FUNCTION, "origin": "llm", "on_call": "silent", "delivery": {"app_message": True}})


def personas(inline: bool):
    for number in range(COUNT):
        llm = {"model": "m", "base_url": "https://u.example", "api_key": env("KEY")}
        body = {
            "pal_name": f"P{number}",
            "system_prompt": "x",
            "default_face_id": "rfe12d8b9597",
            "layers": {"llm": {**llm, **({"tools": [INLINE]} if inline else {})}, "tts": {"tts_engine": "azure"}},
        }
        yield manifest(f"persona.p{number}", body if inline else {**body, "tools": ["look_up"]})


OLD, NEW = tuple(personas(True)), (TOOL, *personas(False))


class Watching(httpx.BaseTransport):
    """Looks at every persona after every request, as a call that is running would."""

    def __init__(self, inner, kill=0):
        self.inner, self.left, self.gaps, self.seen = inner, kill, [], 0

    def handle_request(self, request):
        response = self.inner.handle_request(request)
        self.look(f"{request.method} {request.url.path}")
        self.left -= 1
        if self.left == 0:
            raise Killed
        return response

    def look(self, after):
        client = httpx.Client(transport=self.inner, base_url="http://127.0.0.1/v2", headers={"x-api-key": "watch"})
        for pal in client.get("/pals", params={"limit": 100, "pal_type": "user"}).json()["data"]:
            attached = client.get(f"/pals/{pal['pal_id']}/tools").json()["data"]
            names = [tool["name"] for tool in attached]
            names += [tool["function"]["name"] for tool in pal["layers"]["llm"].get("tools") or []]
            self.seen += 1
            if "look_up" not in names or pal["layers"]["tts"] is None:
                self.gaps.append((after, pal["pal_name"]))


class Killed(BaseException):
    """kill -9."""


def started(mood=None):
    lab = Lab(mood or Mood())
    lab.apply(*OLD)
    return lab


def swap(lab, kill=0):
    calm, watching = lab.transport, Watching(lab.transport, kill)
    lab.transport = watching
    try:
        lab.apply(*NEW, migrate=True)
    except (Killed, ReconcilerError):
        pass
    lab.transport = calm
    assert watching.gaps == []
    return watching


def expect_finished(lab):
    result = lab.apply(*NEW, migrate=True)
    assert [step.message for step in result.steps if step.outcome != "done"] == []
    assert lab.plan(*NEW).differences == ()
    assert lab.names("tools") == ["look_up"]
    for pal in lab.client.get("/pals", params={"limit": 100, "pal_type": "user"}).json()["data"]:
        assert not pal["layers"]["llm"].get("tools")


@pytest.mark.parametrize("mood", [Mood(), Mood(tool_ids=False), Mood(stale_reads=1)], ids=["plain", "no ids", "late"])
def test_the_tool_is_there_all_the_time(mood):
    lab = started(mood)
    assert swap(lab).seen > COUNT
    expect_finished(lab)


def requests_of_a_swap():
    lab = started()
    before = len(lab.requests("POST", "PATCH", "DELETE"))
    lab.apply(*NEW, migrate=True)
    return len(lab.requests("POST", "PATCH", "DELETE")) - before


def test_one_tool_is_created_and_each_persona_costs_one_attach_and_one_patch():
    assert requests_of_a_swap() == 1 + 2 * COUNT


@pytest.mark.parametrize("nth", range(1, 5 + 4 * COUNT))
def test_killed_at_each_request_it_goes_on_where_it_was(nth):
    lab = started()
    swap(lab, kill=nth)
    expect_finished(lab)


@pytest.mark.parametrize("seed", range(4))
def test_under_faults(seed):
    rules = (Fault(rate=0.05, drop="after"), Fault(rate=0.05, status=503), Fault(rate=0.03, status=502, at="after"))
    lab = started()
    service = lab.transport.service
    book = service._book
    service._book = type(book)(Faults(tuple(replace(rule, method=("POST", "PATCH")) for rule in rules), seed=seed))
    for _ in range(3):
        swap(lab)
    service._book = book
    expect_finished(lab)


def test_an_attachment_that_does_not_show_leaves_the_inline_tool_in_place():
    lab = started()

    class Forgetful(httpx.BaseTransport):
        def handle_request(self, request):
            if request.method == "POST" and request.url.path.endswith("/tools") and "/pals/" in request.url.path:
                return httpx.Response(200, json={"data": []})
            return calm.handle_request(request)

    calm, lab.transport = lab.transport, Forgetful()
    result = lab.apply(*NEW, migrate=True)
    lab.transport = calm
    assert {step.outcome for step in result.steps if step.address.kind == "persona"} == {"failed"}
    assert "is not there" in next(step.message for step in result.steps if step.outcome == "failed")
    swap(lab)
    expect_finished(lab)
