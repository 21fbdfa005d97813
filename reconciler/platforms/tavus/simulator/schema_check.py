"""The schema check of the simulated API: out of the field tables, by rules of a handler, and its error map.

The facts are those of the rules, the walk and the words are the API's: one error map, nested as the body is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.core.fields.field_hints import missing_members
from reconciler.platforms.tavus.simulator.world import SEALED
from reconciler.types.json import Json, Object, lookup, split
from reconciler.types.kind import Bounds, Field, KindSpec, Type

Rule: TypeAlias = Callable[[Json], str | None]
Rules: TypeAlias = Mapping[str, Rule]


def strings(most: int = 0, length: int = 0) -> Rule:
    """A list of strings with at most `most` items of at most `length` characters (0: any)."""

    def check(value: Json) -> str | None:
        if not isinstance(value, list):
            return "Not a valid list."
        if any(not isinstance(item, str) for item in value):
            return "Not a valid string."
        if most and len(value) > most:
            return f"Longer than maximum length {most}."
        if length and any(isinstance(item, str) and len(item) > length for item in value):
            return f"Longer than maximum length {length}."
        return None

    return check


def text(most: int = 0, least: int = 0, pattern: str = "") -> Rule:
    """A string within limits."""

    def check(value: Json) -> str | None:
        if not isinstance(value, str):
            return "Not a valid string."
        if least and len(value) < least:
            return f"Shorter than minimum length {least}."
        if most and len(value) > most:
            return f"Longer than maximum length {most}."
        if pattern and not re.fullmatch(pattern, value):
            return "String does not match expected pattern."
        return None

    return check


def find_errors(body: Object, rules: Rules, *, never_null: tuple[str, ...] = ()) -> dict[str, Json]:
    """The error map of `body`, nested as the body is; empty when all is well.

    Rules are keyed by dotted path (`layers.stt.stt_engine`); absent members are fine, null is unless listed.
    """
    errors: dict[str, Json] = {}
    for path, rule in rules.items():
        found, value = _find(body, path.split("."))
        if not found or (value is None and path not in never_null):
            continue
        problem = "Field may not be null." if value is None else rule(value)
        if problem:
            note(errors, path.split("."), problem)
    return errors


def require(body: Object, errors: dict[str, Json], *names: str) -> None:
    """Add an entry for each of `names` that the body lacks."""
    for name in names:
        if name not in body:
            errors.setdefault(name, ["Missing data for required field."])


def _find(body: Json, tokens: list[str]) -> tuple[bool, Json]:
    for token in tokens:
        if not isinstance(body, dict) or token not in body:
            return False, None
        body = body[token]
    return True, body


def note(errors: dict[str, Json], tokens: list[str], problem: str) -> None:
    """Put a problem into the error map at its place; one that stands there already stays."""
    for token in tokens[:-1]:
        inner = errors.setdefault(token, {})
        if not isinstance(inner, dict):
            return
        errors = inner
    errors.setdefault(tokens[-1], [problem])


MISSING = "Missing data for required field."
NULL = "Field may not be null."
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


def table_errors(spec: KindSpec, body: Object, *, whole: bool = True) -> dict[str, Json]:
    """What the API refuses of `body` (canonical words) by its schema alone; empty when all is well.

    `whole`: what a new object needs is looked for, too.
    """
    errors: dict[str, Json] = {}
    _members(build_field_tree(spec), body, (), errors)
    if whole:
        name = spec.name_field[1:]
        named = any(row.path == spec.name_field and row.required for row in spec.fields)
        places = [place for place, _ in missing_members(spec, body)] + (
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
        if row is not None and row.server_owned:
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
        return None if free or any(_type_problem(kind, value) is None for kind in row.tolerated_types) else wrong
    if row.closed and value not in (*row.enum, *row.observed_values):
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
    if isinstance(value, dict):
        many = bounds.max_members is not None and len(value) > bounds.max_members
        return f"Longer than maximum length {bounds.max_members}." if many else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if bounds.exclusive_minimum is not None and value <= bounds.exclusive_minimum:
        return f"Must be greater than {bounds.exclusive_minimum:g}."
    if bounds.minimum is not None and value < bounds.minimum:
        return f"Must be greater than or equal to {bounds.minimum:g}."
    return (
        f"Must be less than or equal to {bounds.maximum:g}."
        if bounds.maximum is not None and value > bounds.maximum
        else None
    )


def _text_problem(bounds: Bounds, value: str) -> str | None:
    if len(value) < bounds.min_length:
        return f"Shorter than minimum length {bounds.min_length}."
    if bounds.max_length is not None and len(value) > bounds.max_length:
        return f"Longer than maximum length {bounds.max_length}."
    fits = not value or not bounds.pattern or re.fullmatch(bounds.pattern, value)
    return None if fits else "String does not match expected pattern."


def _list_problem(bounds: Bounds, value: list[Json]) -> str | None:
    if len(value) < bounds.min_items:
        return f"Shorter than minimum length {bounds.min_items}."
    if bounds.max_items is not None and len(value) > bounds.max_items:
        return f"Longer than maximum length {bounds.max_items}."
    if bounds.each is not None:
        each = (_text_problem(bounds.each, item) for item in value if isinstance(item, str))
        return next((problem for problem in each if problem), None)
    if bounds.unique_member:
        keys = [item.get(bounds.unique_member) for item in value if isinstance(item, dict)]
        texts = [key for key in keys if isinstance(key, str)]
        return f"Duplicate {bounds.unique_member} values are not allowed." if len(set(texts)) != len(texts) else None
    return None
