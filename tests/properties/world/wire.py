"""The wire between the tool and a simulated account in this process: it records, breaks, and lets others act."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from reconciler.platforms.base import ProviderContext
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.ports import Provider
from reconciler.types.project import ProviderSettings
from tests.properties.world.words import Tree, read_account

BASE = "http://simulator.localhost/v2"
WRITES = {"POST", "PATCH", "PUT", "DELETE"}


class Killed(BaseException):
    """kill -9: nothing of the run goes on."""


@dataclass
class Fault:
    """What happens at the `nth` write of a run (1 is the first)."""

    nth: int
    what: (
        str  # kill-before | kill-after | lost-before | lost-after | 500-before | 500-after | 503 | 429 | page | edit
    )


@dataclass
class Lag:
    """One reading shows an object, another does not, for so many requests."""

    id: str
    side: str  # list | get | both
    times: int


@dataclass
class Sent:
    """One write that reached the account."""

    method: str
    path: str
    body: Any
    status: int


@dataclass
class Wire(httpx.BaseTransport):
    """One account, and the way to it."""

    inner: SimulatorTransport
    writes: list[Sent] = field(default_factory=list)
    fault: Fault | None = None
    lag: Lag | None = None
    met: int = 0
    key: str = "our-own-key"
    asked: int = 0
    """How many requests came, those that only read among them."""
    dead: bool = False
    """The run was killed: what other threads of it still send in this process would never have been sent."""
    on_kill: Callable[[], None] = lambda: None
    on_edit: Callable[[], None] = lambda: None
    on_write: Callable[[], None] = lambda: None

    @property
    def world(self) -> Any:
        """The simulator's own books."""
        return self.inner.service._store._world

    def account(self) -> dict[tuple[str, str], Tree]:
        """Every object of the account in canonical words."""
        return read_account(self.world)

    def raw(self) -> dict[str, dict[str, Any]]:
        """Every object as it is stored, to be compared byte for byte."""
        return {kind: dict(objects) for kind, objects in self.world.objects.items()}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.dead:
            raise Killed
        self.asked += 1
        if request.method not in WRITES:
            return self.lagging(request, self.inner.handle_request(request))
        self.met += 1
        what = self.fault.what if self.fault and self.fault.nth == self.met else ""
        if what == "edit":
            self.on_edit()
        if what == "kill-before":
            self.on_kill()
            self.dead = True
            raise Killed
        if what == "lost-before":
            raise httpx.ReadError("broken", request=request)
        if what in {"500-before", "503", "429"}:
            headers = {"retry-after": "1"} if what == "429" else {}
            return httpx.Response(int(what[:3]), json={"error": "no"}, headers=headers, request=request)
        answer = self.inner.handle_request(request)
        text = request.content
        body = json.loads(text) if text else None
        self.writes.append(Sent(request.method, request.url.path.removeprefix("/v2"), body, answer.status_code))
        self.on_write()
        if what == "kill-after":
            self.on_kill()
            self.dead = True
            raise Killed
        if what == "lost-after":
            raise httpx.ReadError("broken", request=request)
        if what == "500-after":
            return httpx.Response(500, json={"error": "no"}, request=request)
        if what == "page":
            return httpx.Response(200, html="<html>proxy</html>", request=request)
        return answer

    def lagging(self, request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        """The answer as one gets it from a part of the service that has not heard yet."""
        lag = self.lag
        if lag is None or not lag.times:
            return answer
        if lag.side in ("get", "both") and request.url.path.endswith(f"/{lag.id}"):
            lag.times -= 1
            return httpx.Response(404, json={"message": "Not found"}, request=request)
        is_list = request.url.path.removeprefix("/v2").count("/") == 1 and answer.status_code == 200
        body = json.loads(answer.read()) if lag.side in ("list", "both") and is_list else None
        shown = body.get("data") if isinstance(body, dict) else None
        left = [item for item in shown if lag.id not in item.values()] if isinstance(shown, list) else None
        if left is not None and len(left) < len(shown):
            lag.times -= 1
            totals = {word: body[word] - 1 for word in ("total_count", "total") if word in body}
            return httpx.Response(200, json={**body, **totals, "data": left}, request=request)
        return answer

    def others(self) -> httpx.Client:
        """Somebody else's client of the same account."""
        return httpx.Client(transport=self.inner, base_url=BASE, headers={"x-api-key": "others"})

    def fork(self) -> Wire:
        """A second account with the same history."""
        twin = open_wire(self.inner.service.mood)
        theirs, ours = twin.world, self.world
        for name in ("salt", "owner_id", "sequence"):
            setattr(theirs, name, getattr(ours, name))
        theirs.vault = ours.vault
        theirs.objects = {kind: dict(objects) for kind, objects in ours.objects.items()}
        theirs._ids.clear()
        return twin

    def close(self) -> None:
        """Stays open: runs come and go."""


def open_wire(mood: Mood | None = None) -> Wire:
    """An empty account."""
    return Wire(SimulatorTransport(None, mood=mood))


def behind(wires: dict[str, Wire], words: str = "pal") -> Callable[[ProviderSettings, ProviderContext], Provider]:
    """Opens accounts that are behind a wire each, by the name of the workspace, not in files."""

    def connect(settings: ProviderSettings, context: ProviderContext) -> Provider:
        wire = wires[context.workspace]
        return TavusProvider(
            api_key=wire.key, base_url=BASE, vocabulary=words, reading=context.reading, transport=wire,
            parallelism=1, clock=context.clock, random=lambda: 0.5, emit=context.emit, answers=context.answers,
            pace=context.pace(BASE, wire.key) if context.budget else None,
        )  # fmt: skip

    return connect
