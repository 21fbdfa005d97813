"""Lists whose items bear a name, turned into objects by name and back: so that each member is a leaf of its own.

The steps of a set of objectives and the items of a legacy guardrail set stand in a list. Compared as lists, one word
moved in one item would be a write of all of them, and items written whole get new ids. Canonical documents therefore
hold them by name; patches on the wire name them by their place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.core.serialization.record_codec import write_marks
from reconciler.types.json import Json, Object, escape, lookup
from reconciler.types.kind import KindSpec


def lists_to_objects(spec: KindSpec, document: Object) -> Object:
    """A canonical document with its named lists as objects; the same object where the kind has none."""
    root = build_field_tree(spec)
    if not root.named_below:
        return document
    result = _by_name(root, document)
    return result if isinstance(result, dict) else document


def _by_name(node: Node, value: Json) -> Json:
    if node.row is not None and node.row.item_key is not None:
        return items_by_name(node.row.item_key, value)
    if not isinstance(value, dict):
        return value
    changed = {word: _by_name(node.children[word], value[word]) for word in node.named_below if word in value}
    return {**value, **changed} if changed else value


def items_by_name(member: str, value: Json) -> Json:
    """The items by their names; anything but a list of objects as it is."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return value
    return dict(zip(item_names(member, value), value, strict=True))


def objects_to_lists(spec: KindSpec, document: Object) -> Object:
    """The inverse of `lists_to_objects`: a document as the API has it, its named lists as lists again."""
    root = build_field_tree(spec)
    if not root.named_below:
        return document
    result = _by_place(root, document)
    return result if isinstance(result, dict) else document


def _by_place(node: Node, value: Json) -> Json:
    if is_named(node):
        return as_list(node, value)
    if not isinstance(value, dict):
        return value
    changed = {word: _by_place(node.children[word], value[word]) for word in node.named_below if word in value}
    return {**value, **changed} if changed else value


def item_names(member: str, items: list[Json]) -> list[str]:
    """One name for each item, all different: its own, with `~2` for a second of that name; `#3` for none at all."""
    names: list[str] = []
    for index, item in enumerate(items):
        own = item.get(member) if isinstance(item, dict) else None
        base = own if isinstance(own, str) and own else f"#{index + 1}"
        name, times = base, 1
        while name in names:
            times += 1
            name = f"{base}~{times}"
        names.append(name)
    return names


def item_places(spec: KindSpec, document: Object, pointer: str) -> dict[str, Object]:
    """The items at `pointer` that are objects, by the place that each has by name: what else stands beside them, and
    keeps the list a list, hides none."""
    items = lookup(document, pointer)
    if isinstance(items, list):
        items = dict(zip(item_names(spec.item_name_member or "", items), items, strict=True))
    named = items.items() if isinstance(items, dict) else ()
    return {f"{pointer}/{escape(name)}": item for name, item in named if isinstance(item, dict)}


@cache
def named_lists(spec: KindSpec) -> tuple[str, ...]:
    """Canonical pointers of the lists whose items are known by name."""
    return tuple(row.path for row in spec.fields if row.item_key is not None)


def enclosing_item(spec: KindSpec, pointer: str) -> str | None:
    """The pointer of the named item that `pointer` lies in (or is), None where it lies in none."""
    for path in named_lists(spec):
        if pointer.startswith(path + "/"):
            return path + "/" + pointer[len(path) + 1 :].partition("/")[0]
    return None


def as_list(node: Node, value: Json) -> Json:
    """The object of named items at `node` as the list that goes on the wire; anything else as it is."""
    if not is_named(node) or not isinstance(value, dict):
        return value
    return list(value.values())


def is_named(node: Node) -> bool:
    """Whether `node` is a list whose items are known by name."""
    return node.row is not None and node.row.item_key is not None


def item_index(node: Node, name: str, items: Json) -> int | None:
    """Where the item called `name` stands in a list of the wire; None where it does not, or `node` has no names."""
    if node.row is None or node.row.item_key is None or not isinstance(items, list):
        return None
    names = item_names(node.row.item_key, items)
    return names.index(name) if name in names else None


@dataclass(frozen=True, slots=True)
class ToolBody:
    """What a tool is called, and what equals in all tools that mean the same."""

    name: str
    digest: str


def inline_function(item: Json) -> Object | None:
    """The function of an inline tool, in the OpenAI form or the flat form; None for anything without a name."""
    if not isinstance(item, dict) or tool_name(item) is None:
        return None
    function = item.get("function")
    return function if isinstance(function, dict) else item


def inline_body(item: Json, origin: str) -> ToolBody | None:
    """An inline tool whose list stands for `origin`; None for anything without a name."""
    name, function = tool_name(item), inline_function(item)
    if name is None or function is None:
        return None
    return ToolBody(name, body_digest(function.get("description"), function.get("parameters"), origin))


def registry_tool(spec: Object, name: str) -> ToolBody:
    """A registry tool by its body; `name` counts where the body has none."""
    said, origin = spec.get("name"), spec.get("origin")
    return ToolBody(
        said if isinstance(said, str) and said else name,
        body_digest(
            spec.get("description"), spec.get("parameters"), origin if isinstance(origin, str) and origin else "llm"
        ),
    )


def body_digest(description: Json, parameters: Json, origin: str) -> str:
    """Equal for tools that mean the same."""
    text = json.dumps(write_marks([description or "", normalize_schema(parameters or {}), origin]), sort_keys=True)
    return sha256(text.encode()).hexdigest()


def normalize_schema(value: Json) -> Json:
    """Lists of required names as sets; everything else as it is."""
    if isinstance(value, list):
        return [normalize_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: Object = {}
    for key, member in value.items():
        if key == "required" and isinstance(member, list) and all(isinstance(item, str) for item in member):
            result[key] = [*sorted({str(item) for item in member})]
        else:
            result[key] = normalize_schema(member)
    return result
