"""What a document that is no manifest looks like, and what would make it one."""

from __future__ import annotations

from difflib import get_close_matches

from reconciler.core.canonical.field_tree import shape
from reconciler.core.kind_table import KINDS
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec

API_VERSION = "personas/v1"
NOTHING = f"a manifest starts with apiVersion: {API_VERSION} and a kind; else list the file under sources.exclude"
COMMON = frozenset(
    {"name", "description", "type", "tags", "status", "data", "rules", "limits", "channel", "url", "uuid", "id"}
    | {"owner_id", "created_at", "updated_at", "callback_url", "password", "properties", "parameters", "origin"}
)
"""Words that say nothing about whose body it is."""
_SETS = {"objective_name": "objectives", "guardrail_name": "guardrail_set"}


def looks_like(value: Json) -> tuple[str, str]:
    """(what it looks like, what to do), for people."""
    if isinstance(value, list):
        return _list(value)
    if not isinstance(value, dict):
        return "it holds a single value", NOTHING
    kind = _set_kind(value) or body_kind(value)
    if kind is not None:
        return f"it looks like the bare body of a {kind.name}", _envelope(kind)
    function = value.get("function")
    if isinstance(function, dict) and body_kind(function) is not None:
        return "it looks like an inline tool", f"put the members of `function` under spec, with kind: Tool{_HEAD}"
    for key, member in value.items():
        kind = body_kind(member) if isinstance(member, dict) else None
        if kind is not None:
            return (
                f"it looks like the body of a {kind.name} inside `{key}`",
                f"put what stands under `{key}` under spec instead, with kind: {kind.manifest_kinds[0]}{_HEAD}",
            )
        if isinstance(member, list) and (kind := _kind_of_items(member)) is not None:
            return f"it looks like a list answer of the API, with bodies of a {kind.name} in `{key}`", _each(kind)
    word = value.get("kind")
    if isinstance(word, str):
        version = value.get("apiVersion")
        return f"it is a {word} of {version or 'no apiVersion'}, which is not ours", NOTHING
    near = _near(value)
    if near is not None:
        return "it has no kind, and no key of a known body", f"did you mean {near!r}?"
    return "it has no kind, and no key of a known body", NOTHING


def body_kind(value: Object) -> KindSpec | None:
    """The kind whose fields a body has, where its words tell."""
    found: tuple[int, KindSpec | None] = (0, None)
    for kind in KINDS.all().values():
        node = shape(kind)
        words = {*node.children, *node.renames} & value.keys()
        told = words - COMMON or (kind.bare_with and kind.bare_with < words)
        if told and 2 * len(words) >= len(value) and len(words) > found[0]:
            found = (len(words), kind)
    return found[1]


def _set_kind(value: Object) -> KindSpec | None:
    """The kind of a body that is told by its items alone; an answer of the API says how many there are."""
    items = value.get("data")
    if not isinstance(items, list) or "total_count" in value:
        return None
    keys = {key for item in items if isinstance(item, dict) for key in item}
    return next((KINDS.get(kind) for word, kind in _SETS.items() if word in keys), None)


def _list(items: list[Json]) -> tuple[str, str]:
    if items and all(isinstance(item, dict) and {"op", "path"} <= item.keys() for item in items):
        return "it looks like a JSON Patch (RFC 6902)", "a manifest says how an object should be, not what changes"
    kind = _kind_of_items(items)
    if kind is not None:
        return f"it looks like a list with bodies of a {kind.name}", _each(kind)
    return "it holds a list", NOTHING


def _kind_of_items(items: list[Json]) -> KindSpec | None:
    return next((kind for item in items if isinstance(item, dict) and (kind := body_kind(item)) is not None), None)


_HEAD = f", apiVersion: {API_VERSION} and metadata.name"


def _envelope(kind: KindSpec) -> str:
    return f"put it under spec, with kind: {kind.manifest_kinds[0]}{_HEAD}"


def _each(kind: KindSpec) -> str:
    return f"write a document for each: its body under spec, with kind: {kind.manifest_kinds[0]}{_HEAD}"


def _near(value: Object) -> str | None:
    """A key of a known body that one of the keys is a slip of."""
    known = sorted({key for kind in KINDS.all().values() if not kind.bare_with for key in kind.bare_keys} - COMMON)
    return next((match for key in value for match in get_close_matches(key, known, n=1, cutoff=0.85)), None)
