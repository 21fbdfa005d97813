"""One JSON value on one line: quoted, shortened in the middle with a count, references in words."""

from __future__ import annotations

import json

from reconciler.core.text import visible
from reconciler.types.json import Json, Object
from reconciler.types.mask import SENSITIVE, is_mask
from reconciler.types.reference import ResourceRef, SecretRef

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
