"""The one comparable form: leaves of a document by canonical pointer, their normal values, equality and defaults.

Every other part of the program that asks "is this the same?" asks here: the planner, drift, the read-back, digests
and export. In short: absent, null and the default are one; 1 and 1.0 are equal, true and 1
are not; sets have no order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache, lru_cache

from reconciler.core.canonical.field_tree import Node, build_field_tree, node_at
from reconciler.types.address import is_reference
from reconciler.types.json import Json, Object, escape, join, lookup, split
from reconciler.types.kind import Field, KindSpec, Type

MASK = re.compile(r"^\*{4,}$")
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
SET_SECRET = "********"
_TEXT = Type.STRING


def is_masked(value: Json) -> bool:
    """Whether the server hides this value: `********` (seen: exactly eight, any four or more are taken)."""
    return isinstance(value, str) and value.startswith("****") and MASK.match(value) is not None


def json_equal(a: Json, b: Json) -> bool:
    """JSON equality: `1 == 1.0`, `true != 1`, members in any order."""
    if a is b:
        return True
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(json_equal(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(json_equal(x, y) for x, y in zip(a, b, strict=True))
    if is_reference(a) or is_reference(b):
        return a == b
    return type(a) in (int, float) and type(b) in (int, float) and a == b


def tool_name(item: Json) -> str | None:
    """The function name of an inline tool, in the OpenAI form or the flat form."""
    if not isinstance(item, dict):
        return None
    function = item.get("function")
    name = function.get("name") if isinstance(function, dict) else item.get("name")
    return name if isinstance(name, str) and name else None


def keyed_items(value: Json) -> dict[str, Json] | None:
    """Inline tools by function name; None where the list cannot be read that way (unnamed or doubled)."""
    if not isinstance(value, list):
        return None
    items: dict[str, Json] = {}
    for item in value:
        name = tool_name(item)
        if name is None or name in items:
            return None
        items[name] = item
    return items


def normalize(row: Field | None, value: Json) -> Json:
    """The normal form of one leaf's value: declared booleans and numbers out of strings, sets sorted, atomic objects
    filled with the server's defaults and without nulls."""
    if row is None or value is None:
        return value
    if isinstance(value, str):
        return value if row.type is _TEXT else _from_text(row.type, value)
    if isinstance(value, list) and row.set_like:
        return sorted_set(value)
    if isinstance(value, list) and row.server_defaults:
        return [_filled(row, item) if isinstance(item, dict) else item for item in value]
    if row.atomic and isinstance(value, dict):
        return _filled(row, value)
    return value


def _from_text(kind: Type, value: str) -> Json:
    if kind is Type.BOOLEAN and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind in (Type.NUMBER, Type.INTEGER):
        number = float(value) if NUMBER.fullmatch(value.strip()) else math.inf
        if not math.isfinite(number):
            return value  # `nan` equals nothing, itself included: it would never be in sync
        return int(number) if number.is_integer() else number
    return value


def sorted_set(items: list[Json]) -> list[Json]:
    """Sorted without doubles; texts first, references after them by what they name."""
    texts = sorted({item for item in items if isinstance(item, str)})
    others: list[Json] = []
    for item in items:
        if not isinstance(item, str) and not any(json_equal(item, other) for other in others):
            others.append(item)
    return [*texts, *sorted(others, key=repr)]


def _filled(row: Field, value: dict[str, Json]) -> Json:
    result = _without_nulls(value)
    assert isinstance(result, dict)
    for pointer, default in row.server_defaults.items():
        *above, last = split(pointer)
        parent = lookup(result, join(*above)) if above else result
        if not isinstance(parent, dict):
            continue
        beside, values = row.server_default_conditions.get(pointer, ("", ()))
        if beside and lookup(result, beside) not in values:
            if json_equal(parent.get(last), default):
                parent.pop(last, None)
        elif last not in parent and default is not None:
            parent[last] = default
    return result


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    return value


def leaves(spec: KindSpec, document: Object) -> dict[str, Json]:
    """Pointer -> normal value of every leaf of a canonical document, server-owned fields left out.

    Objects are descended, free ones too; an empty object or any list is a leaf; inline tools are one leaf each;
    atomic objects are one leaf without their secrets, which are leaves of their own.
    """
    found: dict[str, Json] = {}
    _collect(build_field_tree(spec), document, "", found)
    return found


def _collect(node: Node, value: Json, path: str, found: dict[str, Json]) -> None:
    """Add the leaves of `value`, which stands at `path`."""
    row = node.row
    if row is not None and row.server_owned:
        return
    if isinstance(value, dict):
        if row is not None and row.atomic:
            secrets = list(_secrets_below(node, value, path))
            found[path] = normalize(row, without_pointers(value, [pointer[len(path) :] for pointer, _ in secrets]))
            found.update(secrets)
        elif value:
            for key, member in value.items():
                _collect(node.child(key), member, _below(path, key), found)
        elif path and not node.structural:
            found[path] = {}
        return
    if row is not None and row.keyed:
        items = keyed_items(value)
        if items:
            found.update({f"{path}/{escape(name)}": item for name, item in items.items()})
            return
    found[path] = value if row is None else normalize(row, value)


@lru_cache(maxsize=4096)
def _below(path: str, word: str) -> str:
    """The pointer of a member; one text for all objects of a kind."""
    return f"{path}/{escape(word)}"


def _secrets_below(node: Node, value: Json, path: str) -> Iterator[tuple[str, Json]]:
    if not isinstance(value, dict):
        return
    for key, member in value.items():
        child = node.child(key)
        if child.row is not None and (child.row.secret or child.row.by_look):
            yield f"{path}/{escape(key)}", member
        else:
            yield from _secrets_below(child, member, f"{path}/{escape(key)}")


def without_pointers(value: Json, pointers: list[str]) -> Json:
    """A copy of `value` without the members at `pointers`."""
    for pointer in pointers:
        tokens = split(pointer)
        value = _drop(value, tokens)
    return value


def _drop(value: Json, tokens: tuple[str, ...]) -> Json:
    if not isinstance(value, dict) or tokens[0] not in value:
        return value
    if len(tokens) == 1:
        return {key: member for key, member in value.items() if key != tokens[0]}
    return {**value, tokens[0]: _drop(value[tokens[0]], tokens[1:])}


@lru_cache(maxsize=4096)
def _way(spec: KindSpec, pointer: str) -> tuple[tuple[tuple[str, bool], ...], Node]:
    """The members on the way to `pointer`, each with whether it may be the name of an inline tool; and the place."""
    node, way = build_field_tree(spec), []
    for token in split(pointer):
        way.append((token, node.row is not None and node.row.keyed))
        node = node.child(token)
    return tuple(way), node


def leaf_at(spec: KindSpec, document: Object, pointer: str) -> Json:
    """The normal value at `pointer` of a canonical document; None for absent and for null.

    Understands the name in the path of an inline tool, and gives an atomic object without its secrets.
    """
    value: Json = document
    way, node = _way(spec, pointer)
    for token, keyed in way:
        if isinstance(value, dict):
            value = value.get(token)
        elif keyed and isinstance(value, list):
            value = next((item for item in value if tool_name(item) == token), None)
        else:
            return None
        if value is None:
            return None
    row = node.row
    if row is None or (type(value) is str and row.type is _TEXT):
        return value  # the common case, without a call
    if row.atomic and isinstance(value, dict):
        secrets = [inner for inner, _ in _secrets_below(node, value, "")]
        return normalize(row, without_pointers(value, secrets))
    return normalize(row, value)


def keyed_parent(spec: KindSpec, pointer: str) -> str | None:
    """The pointer of the list when `pointer` names one inline tool in it."""
    parent, _, _ = pointer.rpartition("/")
    row = node_at(spec, parent).row if parent else None
    return parent if row is not None and row.keyed else None


def has_parent(document: Object, pointer: str) -> bool:
    """Whether the object that `pointer` stands in is there: some defaults hold only then."""
    parent = pointer.rpartition("/")[0]
    return not parent or isinstance(lookup(document, parent), dict)


def effective_value(row: Field | None, value: Json, *, parent_present: bool = True) -> Json:
    """What a value means: absent and null mean the documented default."""
    if value is None and row is not None and (parent_present or not row.default_needs_parent):
        return normalize(row, row.default)
    return value


def is_at_default(row: Field | None, value: Json) -> bool:
    """Whether a live value says no more than its absence would."""
    if value is None or is_unset(row, value):
        return True
    if row is None:
        return False
    return row.default is not None and json_equal(normalize(row, value), normalize(row, row.default))


def may_be_omitted(row: Field | None, value: Json) -> bool:
    """Whether a server is known to leave this value out on read because it is its default, or says as little."""
    if value in ("", [], {}):
        return True
    if row is None:
        return value is False
    if value is False and row.default is None:
        return True
    return is_at_default(row, value) or any(json_equal(value, hidden) for hidden in row.omitted_values)


def comparable_document(spec: KindSpec, document: Object) -> Object:
    """A canonical document without server-owned members: what digests of whole objects are made of."""
    result = _strip(build_field_tree(spec), document)
    assert isinstance(result, dict)
    return result


def _strip(node: Node, value: Json) -> Json:
    if not isinstance(value, dict) or not (node.children or node.star):
        return value
    kept = {
        key: _strip(child, member)
        for key, member in value.items()
        if not ((child := node.child(key)).row is not None and child.row.server_owned)
    }
    same = len(kept) == len(value) and all(kept[key] is member for key, member in value.items())
    return value if same else kept


@cache
def write_only_fields(spec: KindSpec) -> tuple[Field, ...]:
    """The rows of such secrets; all of them are members at the top."""
    return tuple(row for row in spec.fields if row.presence_field is not None)


def with_known_masks(spec: KindSpec, document: Object) -> Object:
    """The canonical live document with a mask where the server says that there is a secret, and an empty text where
    it says that there is none. What it shows, or says nothing about, stays as it is."""
    for row in write_only_fields(spec):
        says = lookup(document, str(row.presence_field))
        if isinstance(says, bool) and document.get(row.path[1:]) is None:
            document = {**document, row.path[1:]: SET_SECRET if says else ""}
    return document


def is_unset(row: Field | None, value: Json) -> bool:
    """Whether the server says that there is no such secret."""
    return row is not None and row.presence_field is not None and value == ""
