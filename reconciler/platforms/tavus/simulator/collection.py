"""What all handlers share: the context of a call; finding, showing, pages, sorting, and JSON Patch of an object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.platforms.tavus.simulator.http_types import Call, Refusal, Reply, invalid, refused, write_json
from reconciler.platforms.tavus.simulator.server_json_patch import (
    Operation,
    PatchConflict,
    PatchMalformed,
    TestFailed,
    apply_patch,
    parse_patch,
)
from reconciler.platforms.tavus.simulator.world import Page, World, is_own, strings_of
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


MOST = 100
Item = TypeVar("Item")


def read_number(query: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    """A whole number of the query. Raises `Refusal` (400)."""
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise invalid({name: ["Not a valid integer."]})
    value = int(text)
    if value < least:
        raise invalid({name: [f"Must be greater than or equal to {least}."]})
    return value


def page_bounds(query: Mapping[str, str], *, base: int) -> tuple[int, int]:
    """(first index, limit). With base 1, page 0 is page 1: the vendor's own client sends it."""
    limit = min(read_number(query, "limit", 10, least=1), MOST)
    page = read_number(query, "page", base)
    return max(page - base, 0) * limit, limit


def newest_first(query: Mapping[str, str]) -> bool:
    """The `sort` of a list: asc | desc | ascending | descending, oldest first by default."""
    return query.get("sort", "").startswith("desc")


def select(world: World, kind: str, wanted: str) -> list[tuple[str, Object]]:
    """Objects of `kind` by type: user | system | all ("" too). Orphans are in `all` only."""
    objects = world.objects[kind]
    return [(id, objects[id]) for id in world.ids(kind, wanted)]


def matches(needle: str, id: str, name: object) -> bool:
    """The filter `name_or_uuid`: the id exactly, or a part of the name in any case."""
    return not needle or needle == id or (isinstance(name, str) and needle.lower() in name.lower())


def cut(items: Sequence[Item], query: Mapping[str, str], *, base: int) -> list[Item]:
    """The page that the query asks for."""
    first, limit = page_bounds(query, base=base)
    ordered = items[::-1] if newest_first(query) else items
    return list(ordered[first : first + limit])


Show: TypeAlias = Callable[[Context, str, Object], Object]


def find(ctx: Context, kind: str, what: str, *, word: str = "error", write: bool = False) -> Object:
    """The object of the call's id. Raises `Refusal` for none, and for a write to what is not the account's own."""
    body = ctx.world.find(kind, ctx.ids[0])
    if body is None:
        raise Refusal(ctx.mood.unknown_object, {word: f"{what} not found"})
    if write and not is_own(body):
        raise refused(f"Bad Request. This {what.lower()} cannot be modified.", word=word)
    return body


def show(id_word: str, id: str, body: Object) -> Object:
    """The object with its id in front and what only the simulator knows left out."""
    return {id_word: id, **{name: value for name, value in body.items() if not name.startswith("$")}}


def dated(ctx: Context, body: Object) -> Object:
    """A new object's body with its dates."""
    return {**body, "created_at": ctx.now, "updated_at": ctx.now}


def with_defaults(body: Object, defaults: Object) -> Object:
    """Absent and null members take the default."""
    return {**body, **{name: value for name, value in defaults.items() if body.get(name) is None}}


def check_patch(ctx: Context) -> None:
    """422 for a body that is no JSON Patch document."""
    try:
        parse_patch(ctx.body)
    except PatchMalformed:
        raise Refusal(422, {"message": "Invalid JSON patch format"}) from None


def apply_operations(ctx: Context, document: Json, operations: tuple[Operation, ...]) -> Json:
    """The document after the operations. Raises `Refusal` in the status that the mood says."""
    try:
        return apply_patch(document, operations)
    except TestFailed as error:
        raise Refusal(ctx.mood.failed_test, {"error": f"Bad Request. {error}"}) from None
    except PatchConflict as error:
        raise Refusal(ctx.mood.failed_op, {"message": f"Invalid JSON patch: {error}"}) from None


def patched(ctx: Context, document: Object, read_only: Sequence[str]) -> Object:
    """The document after the call's operations, read-only members as they were."""
    result = apply_operations(ctx, document, parse_patch(ctx.body))
    if not isinstance(result, dict):
        raise refused("Bad Request. The patched document is not an object.")
    kept = {name: document[name] for name in read_only if name in document}
    return {**{name: value for name, value in result.items() if name not in read_only}, **kept}


def write_items(ctx: Context, chosen: Sequence[tuple[str, Object]], shower: Show) -> tuple[bytes, ...]:
    """The items of one list page as JSON text."""
    return tuple(write_json(shower(ctx, id, body)) for id, body in chosen)


def page_of(
    ctx: Context,
    key: str,
    chosen: Sequence[tuple[str, Object]],
    shower: Show,
    *,
    base: int,
    echo: bool = False,
    newest_first: bool = False,
    total_word: str = "total_count",
) -> Page:
    """One page. `echo` adds `page` and `limit`, as the 0-based collections do; `newest_first` is the default."""
    order = ctx.call.query.get("sort", "desc" if newest_first else "asc")
    first, limit = page_bounds(ctx.call.query, base=base)
    ordered = list(reversed(chosen)) if order.startswith("desc") else chosen
    items = write_items(ctx, ordered[first : first + limit], shower)
    extras = (("page", first // limit + base), ("limit", limit)) if echo else ()
    return Page(key, items, len(chosen), extras, total_word)
