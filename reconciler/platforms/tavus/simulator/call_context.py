"""What a handler gets: the world, the mood, the call with its parsed body, the ids of its path, and the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.platforms.tavus.simulator.behaviour import Mood
from reconciler.platforms.tavus.simulator.http_types import Call, Refusal, Reply, invalid
from reconciler.platforms.tavus.simulator.world import World, strings_of
from reconciler.types.json import Json, Object


@dataclass(frozen=True, slots=True)
class Context:
    """One call in progress."""

    world: World
    mood: Mood
    call: Call
    now: str
    """ISO 8601 UTC, as the clock gave it."""
    ids: tuple[str, ...] = ()
    vocabulary: str = "pal"
    """pal | persona: from the path."""
    body: Json = None
    query: Mapping[str, str] = field(default_factory=dict)

    def object(self) -> Object:
        """The body as an object. Raises `Refusal` (400)."""
        if not isinstance(self.body, dict):
            raise invalid({"_schema": ["Invalid input type."]})
        return self.body


Handler: TypeAlias = Callable[[Context], Reply]
Check: TypeAlias = Callable[[Context], None]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `check` looks at the body alone and runs before the key is looked at, as the API does."""

    method: str
    path: str
    """`/{P}/*/tools`: `{P}` is pals or personas, `*` is an id."""
    run: Handler
    check: Check | None = None


def merge(*groups: Sequence[Route]) -> tuple[Route, ...]:
    """All routes, in order."""
    return tuple(route for group in groups for route in group)


def timestamp(now: str, *, zone: bool = True) -> str:
    """The time as this resource writes it: tools leave the zone away."""
    return now if zone else now.removesuffix("Z")


def scrub(world: World, path: tuple[str, ...], id: str) -> None:
    """Take `id` out of every persona: out of a list, or null where it stands alone."""
    for pal_id, body in list(world.objects["pals"].items()):
        changed = _scrub(body, path, id)
        if changed is not None:
            world.put("pals", pal_id, changed)


def _scrub(body: Object, path: tuple[str, ...], id: str) -> Object | None:
    value = body.get(path[0])
    if len(path) > 1:
        inner = _scrub(value, path[1:], id) if isinstance(value, dict) else None
        return None if inner is None else {**body, path[0]: inner}
    if value == id:
        return {**body, path[0]: None}
    if isinstance(value, list) and id in value:
        kept: list[Json] = [item for item in value if item != id]
        return {**body, path[0]: kept}
    return None


def unknown_references(world: World, kind: str, value: Json) -> list[str]:
    """The ids in `value` (one id or a list) that no object of `kind` bears."""
    ids = [value] if isinstance(value, str) and value else strings_of(value)
    return [id for id in ids if world.find(kind, id) is None]


__all__ = ["Check", "Context", "Handler", "Refusal", "Route", "merge", "scrub", "timestamp", "unknown_references"]
