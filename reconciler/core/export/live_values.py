"""What a live value says, and how a manifest would read it: the questions that `manifest_body` asks at every step."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import is_at_default, is_masked, json_equal, normalize, without_pointers
from reconciler.core.canonical.field_tree import Node, looks_secret
from reconciler.types.json import Json, Object, escape, lookup
from reconciler.types.kind import Field

SURROGATE = re.compile(r"[\ud800-\udfff]")
LARGEST = 10**300
EMPTY: tuple[Json, ...] = (None, "", [], {})


def ordered_members(node: Node, value: Object) -> list[str]:
    """Declared members as the table has them, then the others by name."""
    known = [word for word in node.children if word in value]
    return [*known, *sorted(word for word in value if word not in node.children)]


def is_implied(row: Field | None, value: Json, path: str) -> bool:
    """Whether a manifest without the value means the same."""
    if row is None:
        return value is None or (value in ("", [], {}) and path.count("/") == 1)
    if row.required:
        return False
    return is_at_default(row, value) or (row.default in EMPTY and value in ("", [], {}))


def is_unwritable(value: Json) -> bool:
    """Whether no file can hold it: half of a surrogate pair, a number that is none or has too many digits."""
    if isinstance(value, str):
        return SURROGATE.search(value) is not None
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, (int, float)):
        return not abs(value) < LARGEST
    if isinstance(value, dict):
        return any(is_unwritable(key) or is_unwritable(member) for key, member in value.items())
    return isinstance(value, list) and any(is_unwritable(item) for item in value)


def has_mask(value: Json) -> bool:
    """Whether the server hides some text inside `value`."""
    if isinstance(value, dict):
        return any(has_mask(member) for member in value.values())
    if isinstance(value, list):
        return any(has_mask(item) for item in value)
    return is_masked(value)


def secrets_in(node: Node, value: Json, path: str) -> Iterator[tuple[str, Json]]:
    """(pointer, value) of what is declared secret below `node`."""
    if isinstance(value, dict):
        for key, member in value.items():
            child = node.child(key)
            if (child.row is not None and child.row.secret) or looks_secret(child.row, member):
                yield f"{path}/{escape(key)}", member
            else:
                yield from secrets_in(child, member, f"{path}/{escape(key)}")


def unfilled_object(row: Field, value: Json) -> Json:
    """Without nulls, and without members that the server would fill in the same way."""
    filled = normalize(row, value)
    result = _without_nulls(value)
    for pointer in sorted(row.server_defaults, key=len, reverse=True):
        smaller = without_pointers(result, [pointer])
        if smaller != {} and json_equal(normalize(row, smaller), filled):
            result = smaller
    return result


def unfilled_items(row: Field, value: list[Json]) -> Json:
    """The items of a list, less what the server fills into each."""
    result: list[Json] = []
    for item in value:
        if not isinstance(item, dict):
            result.append(item)
            continue
        smaller: Json = item
        for pointer, default in row.server_defaults.items():
            beside, values = row.server_default_conditions.get(pointer, ("", ()))
            told = bool(beside) and lookup(item, beside) not in values
            if default is not None and not told and json_equal(lookup(smaller, pointer), default):
                smaller = without_pointers(smaller, [pointer])
        result.append(_without_nulls(smaller))
    return result


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    return value


def with_member(value: Json, tokens: tuple[str, ...], member: Json) -> Object:
    """A copy with `member` in its place; parents are made."""
    here = dict(value) if isinstance(value, dict) else {}
    here[tokens[0]] = with_member(here.get(tokens[0]), tokens[1:], member) if len(tokens) > 1 else member
    return here


def sort_key(value: Json) -> str:
    """What a list of references is sorted by."""
    return str(value)
