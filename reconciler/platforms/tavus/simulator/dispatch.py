"""Request in, reply out: finds the endpoint, reads the body, checks schema before key, runs the handler."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from math import inf
from urllib.parse import unquote

from reconciler.platforms.tavus.simulator import (
    attachments,
    deployment_handlers,
    dictionary_handlers,
    document_handlers,
    guardrail_handlers,
    objectives_handlers,
    persona_handlers,
    persona_patch,
    stock_library,
    tool_handlers,
)
from reconciler.platforms.tavus.simulator.behaviour import Mood
from reconciler.platforms.tavus.simulator.call_context import Context, Route, merge
from reconciler.platforms.tavus.simulator.http_types import Call, Refusal, Reply, invalid, missing, unauthorized
from reconciler.platforms.tavus.simulator.world import World
from reconciler.types.json import Json

PREFIX = "/v2"
COLLECTIONS = {"pals": "pal", "personas": "persona"}
FACES = {"faces": "pal", "replicas": "persona"}
WRITES = frozenset({"POST", "PUT", "PATCH"})

ROUTES: tuple[Route, ...] = merge(
    persona_handlers.ROUTES,
    persona_patch.ROUTES,
    attachments.ROUTES,
    tool_handlers.ROUTES,
    guardrail_handlers.ROUTES,
    objectives_handlers.ROUTES,
    document_handlers.ROUTES,
    dictionary_handlers.ROUTES,
    deployment_handlers.ROUTES,
    stock_library.ROUTES,
)


def answer(world: World, call: Call, *, mood: Mood, now: str, admits: Callable[[str], bool] = bool) -> Reply:
    """The API's reply to one call; the world is changed only when it is a success.

    `now` is the time of the call (ISO 8601 UTC), `admits` says whether a key is a good one.
    """
    try:
        route, ids, vocabulary = _find(call.method, call.path)
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
