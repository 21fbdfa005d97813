"""The schema check of the simulated API out of the field tables: types, closed lists, limits and what must be there.

The facts are those of the rules, the walk and the words are the API's: one error map, nested as the body is.
"""

from __future__ import annotations

import re

from reconciler.core.canonical.field_tree import Node, shape
from reconciler.core.fields.required_fields import missing
from reconciler.platforms.tavus.simulator.schema_check import note
from reconciler.platforms.tavus.simulator.secret_masks import SEALED
from reconciler.types.bounds import Bounds
from reconciler.types.json import Json, Object, lookup, split
from reconciler.types.kind import Field, KindSpec, Type

MISSING = "Missing data for required field."
NULL = "Field may not be null."
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


def table_errors(spec: KindSpec, body: Object, *, whole: bool = True) -> dict[str, Json]:
    """What the API refuses of `body` (canonical words) by its schema alone; empty when all is well.

    `whole`: what a new object needs is looked for, too.
    """
    errors: dict[str, Json] = {}
    _members(shape(spec), body, (), errors)
    if whole:
        name = spec.name_field[1:]
        named = any(row.path == spec.name_field and row.required for row in spec.fields)
        places = [place for place, _ in missing(spec, body)] + (
            [spec.name_field] if named and not body.get(name) else []
        )
        for place in places:
            note(errors, list(split(place)), _absent(body, place))
    return errors


def _absent(body: Object, place: str) -> str:
    above, _, word = place.rpartition("/")
    holder = lookup(body, above)
    if not isinstance(holder, dict) or word not in holder:
        return MISSING
    return NULL if holder[word] is None else "Shorter than minimum length 1."


def _members(node: Node, body: Object, path: tuple[str, ...], errors: dict[str, Json]) -> None:
    for word, value in body.items():
        name = node.renames.get(word, word)
        child = node.children.get(name) or node.star
        if child is None or value is None or word.startswith("$"):
            continue
        row = child.row
        if row is not None and row.server:
            continue
        problem = _judge(row, value) if row is not None else None
        if problem is not None:
            note(errors, [*path, word], problem)
        elif isinstance(value, dict):
            _members(child, value, (*path, word), errors)
        elif isinstance(value, list) and child.star is not None:
            _items(child.star, value, (*path, word), errors)


def _items(node: Node, items: list[Json], path: tuple[str, ...], errors: dict[str, Json]) -> None:
    for index, item in enumerate(items):
        if isinstance(item, dict):
            _members(node, item, (*path, str(index)), errors)
        else:
            note(errors, [*path, str(index)], "Not a valid mapping type.")


def _judge(row: Field, value: Json) -> str | None:
    if row.secret and isinstance(value, dict) and SEALED in value:
        return None
    wrong = _type_problem(row.type, value)
    if wrong is not None:
        free = row.path.endswith("/*") and (row.secret or bool(row.by_look)) and isinstance(value, str | int | float)
        return None if free or any(_type_problem(kind, value) is None for kind in row.also) else wrong
    if row.closed and value not in (*row.enum, *row.seen):
        return f"Must be one of: {', '.join(row.enum)}."
    return _limit_problem(row.bounds, value) if row.bounds is not None else None


def _type_problem(wanted: Type, value: Json) -> str | None:
    """Numbers and booleans may be written as text: the documentation itself does so."""
    match wanted:
        case Type.STRING:
            return None if isinstance(value, str) else "Not a valid string."
        case Type.BOOLEAN:
            text = isinstance(value, str) and value.strip().lower() in ("true", "false")
            return None if text or isinstance(value, bool) else "Not a valid boolean."
        case Type.NUMBER | Type.INTEGER:
            return _number_problem(wanted, value)
        case Type.OBJECT:
            return None if isinstance(value, dict) else "Not a valid mapping type."
        case Type.STRINGS | Type.LIST:
            if not isinstance(value, list):
                return "Not a valid list."
            texts = wanted is Type.LIST or all(isinstance(item, str) for item in value)
            return None if texts else "Not a valid string."
        case Type.ANY:
            return None


def _number_problem(wanted: Type, value: Json) -> str | None:
    if isinstance(value, str) and len(value.strip()) < 30 and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "Not a valid number." if wanted is Type.NUMBER else "Not a valid integer."
    return None if wanted is Type.NUMBER or float(value).is_integer() else "Not a valid integer."


def _limit_problem(bounds: Bounds, value: Json) -> str | None:
    if isinstance(value, str):
        return _text_problem(bounds, value)
    if isinstance(value, list):
        return _list_problem(bounds, value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if bounds.above is not None and value <= bounds.above:
        return f"Must be greater than {bounds.above:g}."
    if bounds.least is not None and value < bounds.least:
        return f"Must be greater than or equal to {bounds.least:g}."
    return (
        f"Must be less than or equal to {bounds.most:g}." if bounds.most is not None and value > bounds.most else None
    )


def _text_problem(bounds: Bounds, value: str) -> str | None:
    if len(value) < bounds.shortest:
        return f"Shorter than minimum length {bounds.shortest}."
    if bounds.longest is not None and len(value) > bounds.longest:
        return f"Longer than maximum length {bounds.longest}."
    fits = not value or not bounds.pattern or re.fullmatch(bounds.pattern, value)
    return None if fits else "String does not match expected pattern."


def _list_problem(bounds: Bounds, value: list[Json]) -> str | None:
    if len(value) < bounds.fewest:
        return f"Shorter than minimum length {bounds.fewest}."
    if bounds.many is not None and len(value) > bounds.many:
        return f"Longer than maximum length {bounds.many}."
    if bounds.item is not None:
        each = (_text_problem(bounds.item, item) for item in value if isinstance(item, str))
        return next((problem for problem in each if problem), None)
    if bounds.unique:
        keys = [item.get(bounds.unique) for item in value if isinstance(item, dict)]
        texts = [key for key in keys if isinstance(key, str)]
        return f"Duplicate {bounds.unique} values are not allowed." if len(set(texts)) != len(texts) else None
    return None
