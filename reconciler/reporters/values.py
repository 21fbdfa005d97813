"""JSON values in words: one value on one line, and what differs inside lists and objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.text import visible
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import SENSITIVE, Json, Object, is_mask

UNKNOWN = "(known after apply)"
LONG_TEXT = 120
KEPT = 40


def show(value: Json, limit: int = LONG_TEXT) -> str:
    """`"text"`, `42`, `null`, `(sensitive)`; `tool.x (known after apply)` for a reference; or compact JSON."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return value if is_mask(value) else quote(value, limit)
    if isinstance(value, SecretRef):
        return SENSITIVE
    if isinstance(value, ResourceRef):
        return f"{visible(value.address)} {UNKNOWN}"
    if isinstance(value, dict | list):
        return shorten(visible(json.dumps(_readable(value), ensure_ascii=False)), limit)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 2**13:
        return hex(value)[:KEPT] + "…"
    return json.dumps(value)


def quote(text: str, limit: int = LONG_TEXT) -> str:
    """A text in quotes, with JSON's escapes for quotes and line ends, and ours for what no screen shows."""
    short = shorten(text, limit)
    return (
        '"' + visible(short.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")) + '"'
    )


def shorten(text: str, limit: int = LONG_TEXT) -> str:
    """Both ends of a long text, and how much stands between them."""
    if len(text) <= limit:
        return text
    kept = max(min(KEPT, limit // 3), 8)
    return f"{text[:kept]} …{len(text) - 2 * kept:,} characters… {text[-kept:]}"


def summarize(value: Json, limit: int = LONG_TEXT) -> str:
    """`show`, but an empty list or object stays itself and a long one is counted."""
    text = show(value, limit=10_000)
    if len(text) <= limit:
        return text
    if isinstance(value, list):
        return f"[{len(value):,} items]"
    if isinstance(value, dict):
        return f"{{{len(value):,} members}}"
    return show(value, limit)


def _readable(value: Json) -> Json:
    if isinstance(value, SecretRef):
        return SENSITIVE
    if isinstance(value, ResourceRef):
        return value.address
    if isinstance(value, dict):
        result: Object = {key: _readable(member) for key, member in value.items()}
        return result
    return [_readable(item) for item in value] if isinstance(value, list) else value


MAX_LEAVES = 2_000


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """One difference inside an atomic value. `where` reads like `properties.city.type` or `required[]`."""

    sign: str
    where: str
    before: Json = None
    after: Json = None


def explain_value(before: Json, after: Json) -> list[ValueDifference] | None:
    """Leaf by leaf, items of lists matched by what they are and not by their number; None where it cannot be done
    (values of different sorts, texts that are no Unicode, too large to compare in good time)."""
    comparable = (isinstance(before, dict) and isinstance(after, dict)) or (
        isinstance(before, list) and isinstance(after, list)
    )
    if not comparable or _size(before) + _size(after) > MAX_LEAVES:
        return None
    try:
        found = sorted(_deep(before, after), key=lambda inside: inside.where)
    except UnicodeEncodeError:  # half of a surrogate pair, which the comparison cannot digest
        return None
    if not found and not json_equal(before, after):
        return [ValueDifference("~", "(the order of its items)")]
    return found


def _deep(before: Json, after: Json) -> Iterator[ValueDifference]:
    # Imported here: a plan without such a change never loads it.
    from deepdiff import DeepDiff
    from deepdiff.model import DiffLevel

    tree = DeepDiff(
        before,
        after,
        view="tree",
        ignore_order=True,
        report_repetition=True,
        ignore_numeric_type_changes=False,
        threshold_to_diff_deeper=0,
        cutoff_intersection_for_pairs=1,
        cutoff_distance_for_pairs=0.6,
        max_passes=10_000,
        cache_size=500,
    )
    signs = {
        "dictionary_item_added": "+",
        "iterable_item_added": "+",
        "dictionary_item_removed": "-",
        "iterable_item_removed": "-",
        "values_changed": "~",
        "type_changes": "~",
        "repetition_change": "~",
    }
    for name, levels in cast("Mapping[str, object]", tree).items():
        if name not in signs:
            continue
        for level in cast("list[DiffLevel]", levels):
            sign = signs[name]
            old, new = _side(level.t1, sign != "+"), _side(level.t2, sign != "-")
            if sign == "~" and json_equal(old, new):
                continue
            yield ValueDifference(sign, _where(level.path(output_format="list")), old, new)


def _side(value: object, present: bool) -> Json:
    return cast("Json", value) if present and isinstance(value, str | int | float | list | dict) else None


def _where(path: object) -> str:
    text = ""
    for token in cast("list[object]", path):
        text += "[]" if isinstance(token, int) else (f".{token}" if text else str(token))
    return text


def _size(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + sum(_size(member) for member in value.values())
    return 1 + sum(_size(item) for item in value) if isinstance(value, list) else 1


def list_items(before: list[Json], after: list[Json]) -> list[ValueDifference]:
    """Items that came and went, in the order of the lists. Items that only changed places give one line."""
    left = list(before)
    added: list[ValueDifference] = []
    for item in after:
        index = next((number for number, old in enumerate(left) if json_equal(old, item)), None)
        if index is None:
            added.append(ValueDifference("+", "", None, item))
        else:
            del left[index]
    removed = [ValueDifference("-", "", item, None) for item in left]
    if not removed and not added and before != after:
        return [ValueDifference("~", "(the order of its items)")]
    return removed + added


def flatten(value: Json, where: str = "") -> Iterator[tuple[str, Json]]:
    """The leaves of an object by dotted name; lists are leaves."""
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from flatten(member, f"{where}.{key}" if where else key)
    else:
        yield where, value
