"""Where a value exceeds the bounds of its field, and how: the same walk for every field of every kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.types.bounds import Bounds
from reconciler.types.json import Json, Object, escape, lookup


def misfits(bounds: Bounds, value: Json, name: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the value of the field `name`: pointer below the field, and why. Values of another type than
    the bounds are about, and what is only known when it is sent, pass."""
    if isinstance(value, str):
        yield from (("", problem) for problem in _text(bounds, value, name))
    elif isinstance(value, list):
        yield from _items(bounds, value, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (("", problem) for problem in _number(bounds, value, name))


def _text(bounds: Bounds, value: str, name: str) -> Iterator[str]:
    if len(value) < bounds.shortest:
        yield f"{name} is empty" if not value else f"{name} is too short: {bounds.words()}"
    elif bounds.longest is not None and len(value) > bounds.longest:
        yield f"{name} has {len(value):,} characters; the limit is {bounds.longest:,}"
    elif value and bounds.pattern and not re.fullmatch(bounds.pattern, value):
        shown = value if len(value) <= 80 else value[:77] + "..."
        yield f"{name} is {shown!r}; it must be {bounds.looks or bounds.pattern}"


def _number(bounds: Bounds, value: float, name: str) -> Iterator[str]:
    low = bounds.least is not None and value < bounds.least
    high = bounds.most is not None and value > bounds.most
    if low or high or (bounds.above is not None and value <= bounds.above):
        yield f"{name} is {value:g}; it must be {bounds.words()}"


def _items(bounds: Bounds, value: list[Json], name: str) -> Iterator[tuple[str, str]]:
    if len(value) < bounds.fewest:
        yield "", f"{name} is empty" if not value else f"{name} has {len(value)} items; {bounds.words()}"
    if bounds.many is not None and len(value) > bounds.many:
        yield "", f"{name} has {len(value):,} items; the limit is {bounds.many:,}"
    if bounds.item is not None:
        for index, item in enumerate(value):
            for below, problem in misfits(bounds.item, item, f"an item of {name}") if isinstance(item, str) else ():
                yield f"/{index}{below}", problem
    if bounds.unique:
        yield from _repeated(value, bounds.unique, name)


def _repeated(items: list[Json], member: str, name: str) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        key = lookup(item, f"/{escape(member)}") if isinstance(item, dict) else None
        if isinstance(key, str) and seen.setdefault(key, index) != index:
            shown = key if len(key) <= 40 else key[:37] + "..."
            yield f"/{index}/{escape(member)}", f"{name} has the {member} {shown!r} twice"


def schema(bounds: Bounds, kind: str) -> Object:
    """The bounds as JSON Schema keywords of a value of the JSON type `kind`."""
    if kind == "string":
        pattern = f"^(?:{bounds.pattern})$" if bounds.pattern else None
        found: Object = {"minLength": bounds.shortest or None, "maxLength": bounds.longest, "pattern": pattern}
    elif kind == "array":
        found = {"minItems": bounds.fewest or None, "maxItems": bounds.many}
    else:
        found = {"minimum": bounds.least, "maximum": bounds.most, "exclusiveMinimum": bounds.above}
    return {word: value for word, value in found.items() if value is not None}
