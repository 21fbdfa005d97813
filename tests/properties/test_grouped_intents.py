"""A store without a journal: marks are made together, and before each request; a kill at any request is healed."""

from __future__ import annotations

import json

import httpx
import pytest

from reconciler.core.state.state_document import parse_state
from reconciler.errors import ReconcilerError
from tests.properties.test_faults import Killed
from tests.support.chronicle import Chronicle
from tests.support.making import at, manifest
from tests.support.nightly import tried
from tests.support.state import Memory

TOOLS = {"one": "persona.a", "two": "persona.b"}
BODY = {"system_prompt": "p", "default_face_id": "rfe12d8b9597"}
FIRST = (
    *(manifest(f"tool.{name}", {"name": name, "description": "d", "origin": "llm"}) for name in TOOLS),
    manifest("persona.a", {"pal_name": "A", **BODY, "tools": ["one"]}),
    manifest("persona.b", {"pal_name": "B", **BODY, "tools": ["two"]}),
    *(manifest(f"persona.{name}", {"pal_name": name.upper(), **BODY}) for name in "cd"),
)
SECOND = (
    *FIRST[:2],
    manifest("persona.a", {"pal_name": "A", **BODY, "system_prompt": "new", "tools": ["one", "two"]}),
    *(manifest(f"persona.{name}", {"pal_name": name.upper(), **BODY, "greeting": "hi"}) for name in "cd"),
    manifest("persona.h", {"pal_name": "H", **BODY}),
)


class Watched(httpx.BaseTransport):
    """Looks at the stored state before each write, and kills the run at one request."""

    def __init__(self, inner, store, nth, *, after):
        self.inner, self.store, self.left, self.after = inner, store, nth, after
        self.unmarked = []

    @property
    def requests(self):
        return self.inner.requests

    def handle_request(self, request):
        if request.method != "GET":
            self.look(request)
        self.left -= 1
        if self.left == 0:
            if self.after:
                self.inner.handle_request(request)
            self.store.dead = True
            raise Killed
        return self.inner.handle_request(request)

    def look(self, request):
        """A create has its intent in the store, and everything its pre-image."""
        state = parse_state(self.store.data)
        _, _, kind, *rest = request.url.path.split("/")
        if request.method == "POST" and not rest:
            body = json.loads(request.read())
            address = at(f"persona.{body['pal_name'].lower()}" if kind == "pals" else f"tool.{body['name']}")
            marked = address in {intent.address for intent in state.pending}
        else:
            address = next((one for one, entry in state.resources.items() if entry.id == rest[0]), None)
            marked = address is None or address in state.running.items
        if not marked:
            self.unmarked.append(f"{request.method} {request.url.path}")


class Store(Memory):
    dead = False

    def write(self, data):
        if self.dead:
            raise ReconcilerError("killed")
        super().write(data)


def world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Chronicle(tmp_path, Store())


def killed_at(chronicle, nth, manifests, *, after):
    calm = chronicle.lab.transport
    wire = chronicle.lab.transport = Watched(calm, chronicle.backend, nth, after=after)
    try:
        chronicle.apply(*manifests, allow_deletes=True)
    except (Killed, ReconcilerError):
        pass
    chronicle.lab.transport, chronicle.backend.dead = calm, False
    return wire


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("before", [(), FIRST], ids=["creating", "changing"])
def test_a_kill_at_each_request_is_healed_and_nothing_was_sent_unmarked(tmp_path, monkeypatch, before, after):
    wanted = SECOND if before else FIRST
    for nth in range(1, 60, tried(3, 1)):
        folder = tmp_path / str(nth)
        folder.mkdir()
        chronicle = world(folder, monkeypatch)
        if before:
            chronicle.apply(*before)
        wire = killed_at(chronicle, nth, wanted, after=after)
        assert wire.unmarked == []
        result = chronicle.apply(*wanted, allow_deletes=True)
        assert [(str(step.address), step.message) for step in result.steps if step.outcome != "done"] == []
        assert chronicle.differences(*wanted) == ()
        names = sorted(str(one.spec.get("pal_name") or one.spec["name"]) for one in wanted)
        assert sorted([*chronicle.lab.names(), *chronicle.lab.names("tools")]) == names
        assert chronicle.state().pending == ()
        if wire.left > 0:
            return
    raise AssertionError("the run never ends")
