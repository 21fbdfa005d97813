"""A client of the simulated API, and short ways to make objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.platforms.tavus.simulator.faults import Faults, Mood, parse_faults, parse_mood

FACE = "r5dc7c7d0bcb"
CUSTOM = {"model": "nw-claims-1", "base_url": "https://llm.northwind.example/v1", "api_key": "sk-northwind"}


class Clock:
    """Another microsecond on every look."""

    def __init__(self) -> None:
        self.ticks = 0

    def __call__(self) -> str:
        self.ticks += 1
        return f"2026-11-21T05:13:47.{self.ticks:06d}Z"


class Api:
    """An httpx client with the fixtures' habits: /v2 in front, a good key, `live(id)` instead of GET and parse."""

    def __init__(self, transport: SimulatorTransport, key: str | None = "key") -> None:
        self.transport = transport
        headers = {} if key is None else {"x-api-key": key}
        self.client = httpx.Client(transport=transport, base_url="http://simulator/v2", headers=headers)

    def __call__(self, method: str, path: str, **rest: Any) -> httpx.Response:
        return self.client.request(method, path, **rest)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.client.post(path, json=body)

    def patch(self, path: str, body: Any, **query: Any) -> httpx.Response:
        return self.client.patch(path, json=body, params=query)

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.client.put(path, json=body)

    def delete(self, path: str) -> httpx.Response:
        return self.client.delete(path)

    def pal(self, **fields: Any) -> str:
        body = {"pal_name": "Claims Desk", "system_prompt": "You handle claims.", "default_face_id": FACE, **fields}
        answer = self.post("/pals", body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["pal_id"])

    def tool(self, **fields: Any) -> str:
        answer = self.post("/tools", {"name": "lookup_policy", "description": "Find a policy.", **fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["tool_id"])

    def live(self, id: str) -> Any:
        return self.get(f"/pals/{id}")

    @property
    def statuses(self) -> list[int]:
        return [seen.status for seen in self.transport.requests]


OpenApi = Callable[..., Api]


@pytest.fixture
def open_api() -> Iterator[OpenApi]:
    """`open_api(key=, world=, faults={...}, **mood)` -> Api."""
    opened: list[Api] = []

    def make(
        *,
        key: str | None = "key",
        world: Path | None = None,
        faults: Faults | dict[str, Any] | None = None,
        **mood: Any,
    ) -> Api:
        rules = parse_faults(faults) if isinstance(faults, dict) else faults
        transport = SimulatorTransport(world, faults=rules, mood=parse_mood(mood) if mood else None, clock=Clock())
        opened.append(Api(transport, key))
        return opened[-1]

    yield make
    for api in opened:
        api.client.close()


@pytest.fixture
def api(open_api: OpenApi) -> Api:
    """The API in its default mood, in memory."""
    return open_api()


@pytest.fixture
def custom() -> dict[str, str]:
    """The llm layer of a custom LLM."""
    return dict(CUSTOM)


@pytest.fixture
def mood() -> Mood:
    return Mood()
