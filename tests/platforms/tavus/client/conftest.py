"""A clock that jumps, an account made of canned answers, and a provider and a client over it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from reconciler.platforms.tavus.client.tavus_client import Client
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider

KEY = "tvs-5e7c-the-key"
BASE = "http://127.0.0.1:9/v2"

Handler = Callable[[httpx.Request], httpx.Response]


class JumpingClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds


@dataclass
class Script:
    """Answers in turn; the last one for ever. An exception is raised, a callable is asked."""

    answers: list[Any]
    seen: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        answer = self.answers[min(len(self.seen), len(self.answers) - 1)]
        self.seen.append(request)
        if callable(answer) and not isinstance(answer, httpx.Response):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, httpx.Response)
        # Each attempt needs a response of its own: a stream is read once.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.seen]

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) if request.content else None for request in self.seen]


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def script() -> type[Script]:
    return Script


@pytest.fixture
def client(clock: JumpingClock) -> Iterator[Callable[..., Client]]:
    """Makes clients over a handler; random numbers are 0.5."""
    made: list[Client] = []

    def make(handler: Handler, **options: Any) -> Client:
        options = {"api_key": KEY, "base_url": BASE, "clock": clock, "random": lambda: 0.5, **options}
        made.append(Client(transport=httpx.MockTransport(handler), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def provider(clock: JumpingClock) -> Iterator[Callable[..., TavusProvider]]:
    """Makes providers over a handler."""
    made: list[TavusProvider] = []

    def make(handler: Handler, **options: Any) -> TavusProvider:
        options = {"api_key": KEY, "base_url": BASE, "clock": clock, "random": lambda: 0.5, **options}
        made.append(TavusProvider(transport=httpx.MockTransport(handler), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
