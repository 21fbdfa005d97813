"""The simulated service: request in, reply out, with store, behaviour, faults and a record of all requests."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from math import inf
from urllib.parse import unquote

from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.simulator import (
    connector_handlers,
    deployment_handlers,
    dictionary_handlers,
    document_handlers,
    guardrail_handlers,
    objectives_handlers,
    persona_handlers,
    persona_parts,
    stock,
    tool_handlers,
)
from reconciler.platforms.tavus.simulator.collection import Context, Route, merge
from reconciler.platforms.tavus.simulator.faults import Fault, FaultBook, Faults, Mood
from reconciler.platforms.tavus.simulator.http_types import (
    Call,
    Refusal,
    Reply,
    invalid,
    missing,
    unauthorized,
    write_json,
)
from reconciler.platforms.tavus.simulator.world import World
from reconciler.platforms.tavus.simulator.world_store import Store
from reconciler.types.json import Json

PREFIX = "/v2"
COLLECTIONS = {"pals": "pal", "personas": "persona"}
FACES = {"faces": "pal", "replicas": "persona"}
WRITES = frozenset({"POST", "PUT", "PATCH"})

ROUTES: tuple[Route, ...] = merge(
    persona_handlers.ROUTES,
    persona_parts.ROUTES,
    tool_handlers.ROUTES,
    guardrail_handlers.ROUTES,
    objectives_handlers.ROUTES,
    document_handlers.ROUTES,
    dictionary_handlers.ROUTES,
    connector_handlers.ROUTES,
    deployment_handlers.ROUTES,
    stock.ROUTES,
)


def answer(world: World, call: Call, *, mood: Mood, now: str, admits: Callable[[str], bool] = bool) -> Reply:
    """The API's reply to one call; the world is changed only when it is a success.

    `now` is the time of the call (ISO 8601 UTC), `admits` says whether a key is a good one.
    """
    try:
        route, ids, vocabulary = _find(call.method, call.path)
        if not mood.connectors and route.path.startswith("/connectors"):
            raise missing("Not Found", word="message")
        body = _read_body(call) if call.method in WRITES else None
        ctx = Context(world, mood, call, now, ids, vocabulary, body)
        if route.check is not None:
            route.check(ctx)
        if not admits(call.headers.get("x-api-key", "").strip()):
            raise unauthorized()
        return route.run(ctx)
    except Refusal as refusal:
        return refusal.reply


def is_write(call: Call) -> bool:
    """Whether this call can change the world."""
    return call.method not in ("GET", "HEAD", "OPTIONS")


def _read_body(call: Call) -> Json:
    if not call.body.strip():
        return None if call.method == "POST" else {}
    try:
        value: Json = json.loads(call.body, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise invalid({"_schema": ["The request body is not valid JSON."]}) from None
    return value


def _finite(text: str) -> float:
    value = float(text)
    if value in (inf, -inf):
        raise ValueError(text)
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


@lru_cache(maxsize=4096)
def _match(path: str) -> tuple[tuple[Route, tuple[str, ...], str], ...]:
    """All routes of a path, whatever the method. Trailing slashes do not matter."""
    parts = [unquote(part) for part in path.removeprefix(PREFIX).split("/") if part]
    if not path.startswith(PREFIX + "/") or not parts:
        return ()
    vocabulary = {**COLLECTIONS, **FACES}.get(parts[0], "pal")
    found = []
    for route in ROUTES:
        pattern = route.path.strip("/").split("/")
        if len(pattern) == len(parts) and all(map(_fits, pattern, parts)):
            ids = tuple(part for word, part in zip(pattern, parts, strict=True) if word == "*")
            found.append((route, ids, vocabulary))
    literal = [item for item in found if not item[1]]
    return tuple(literal or found)


def _fits(word: str, part: str) -> bool:
    return word in ("*", part) or (word == "{P}" and part in COLLECTIONS) or (word == "{F}" and part in FACES)


def _find(method: str, path: str) -> tuple[Route, tuple[str, ...], str]:
    routes = _match(path)
    if not routes:
        raise missing("Not Found", word="message")
    for route, ids, vocabulary in routes:
        if route.method == method:
            return route, ids, vocabulary
    raise Refusal(405, {"message": "Method Not Allowed"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that arrived, and the status it was answered with (0: the connection broke)."""

    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the client gets: `None` instead of a status line when the connection breaks, `cut` bytes of the body."""

    status: int | None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    """Break the connection after so many bytes of the body."""


class Service:
    """One account that answers calls. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        *,
        faults: Faults | None = None,
        mood: Mood | None = None,
        clock: Callable[[], str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`mood` wins over the one of the faults file; `clock` gives UTC as ISO 8601."""
        self._store = store
        self._faults = faults or Faults()
        self._book = FaultBook(self._faults)
        self.mood = mood or self._faults.mood or Mood()
        self._clock = clock or _utc_now
        self._sleep = sleep
        self._mutex = threading.Lock()
        self._requests: list[Seen] = []

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request so far, in the order of their answers."""
        with self._mutex:
            return tuple(self._requests)

    def exchange(self, call: Call, *, patience: float | None = None) -> Exchange:
        """Answer one call as the faults allow.

        `patience` is how long the client waits, in seconds; raises `TimeoutError` when a latency is longer. The
        request is carried out all the same, as it would be on a server.
        """
        met = self._book.strike(call.method, call.path)
        latency = sum(rule.latency for rule in met)
        late = patience is not None and latency > patience
        if latency:
            self._sleep(min(latency, patience) if patience is not None else latency)
        result = self._carry_out(call, met)
        with self._mutex:
            self._requests.append(Seen(call.method, call.path, 0 if late else result.status or 0))
        if late:
            raise TimeoutError
        return result

    def close(self) -> None:
        self._store.close()

    def _carry_out(self, call: Call, met: tuple[Fault, ...]) -> Exchange:
        _kill_if(met, "before")
        if any(rule.drop == "before" for rule in met):
            return Exchange(None)
        for rule in met:
            if rule.status and rule.at == "before":
                return _failure(rule)
        reply = _shorten(self._reply(call), sum(rule.omit for rule in met))
        _kill_if(met, "after")
        if any(rule.drop == "after" for rule in met):
            return Exchange(None)
        for rule in met:
            if rule.status and rule.at == "after":
                return _failure(rule)
        return _damage(_write(reply), met)

    def _reply(self, call: Call) -> Reply:
        run = self._store.write if is_write(call) else self._store.read
        try:
            return run(lambda world: answer(world, call, mood=self.mood, now=self._clock(), admits=self._admits))
        except ReconcilerError:
            raise
        except Exception as error:
            # A bug of ours. A real server would not show it to the client either; nothing was stored.
            return Reply(500, {"error": f"Internal server error ({type(error).__name__})"})

    def _admits(self, key: str) -> bool:
        return bool(key) and key not in self._faults.invalid_keys


def _utc_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _kill_if(met: tuple[Fault, ...], point: str) -> None:
    if any(rule.kill == point for rule in met):
        os.kill(os.getpid(), signal.SIGKILL)


def _failure(rule: Fault) -> Exchange:
    headers = {"content-type": "application/json"}
    if rule.retry_after is not None:
        moment = datetime.now(UTC) + timedelta(seconds=rule.retry_after)
        plain = f"{rule.retry_after:g}"
        headers["retry-after"] = format_datetime(moment, usegmt=True) if rule.retry_after_date else plain
    text = "Too many requests" if rule.status == 429 else "Internal server error"
    return Exchange(rule.status, headers, write_json({"error": text}))


def _shorten(reply: Reply, omit: int) -> Reply:
    """The list less its last objects, of which its total says nothing either."""
    body = json.loads(reply.body) if omit and isinstance(reply.body, bytes) else reply.body
    if omit and isinstance(body, list):
        return replace(reply, body=body[:-omit])
    if not omit or not isinstance(body, dict):
        return reply
    less = {word: one[:-omit] if isinstance(one, list) else one for word, one in body.items()}
    if isinstance(total := body.get("total_count"), int):
        less["total_count"] = max(0, total - omit)
    return replace(reply, body=less)


def _write(reply: Reply) -> Exchange:
    if reply.body is None:
        return Exchange(reply.status, dict(reply.headers))
    text = reply.body if isinstance(reply.body, bytes) else write_json(reply.body)
    return Exchange(reply.status, {"content-type": "application/json", **reply.headers}, text)


def _damage(result: Exchange, met: tuple[Fault, ...]) -> Exchange:
    for rule in met:
        if rule.body == "truncated":
            return Exchange(result.status, result.headers, result.body, cut=len(result.body) // 2)
        if rule.body == "garbage":
            return Exchange(result.status, {"content-type": "text/html"}, b"<html><body>Bad gateway")
        if rule.body == "empty":
            return Exchange(result.status, result.headers, b"")
    return result
