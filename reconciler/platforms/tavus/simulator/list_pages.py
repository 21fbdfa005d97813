"""Paging, sorting and the type filter, the same for every collection but for the base of `page`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from reconciler.platforms.tavus.simulator.http_types import invalid
from reconciler.platforms.tavus.simulator.world import World
from reconciler.types.json import Object

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
