"""JSON values as text, whatever they hold."""

from __future__ import annotations

import json
import re
from math import isfinite

from reconciler.types.json import Json

_SURROGATES = re.compile("[\ud800-\udfff]")


def dump(value: Json, *, indent: int | None = 2) -> str:
    """JSON as people read it. What JSON or UTF-8 cannot hold is never an error: infinity and NaN become texts, and a
    document with a lone surrogate is written in ASCII with escapes."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        value = _finite(value)
        text = json.dumps(value, ensure_ascii=False, indent=indent)
    if _SURROGATES.search(text):
        return json.dumps(value, ensure_ascii=True, indent=indent)
    return text


def _finite(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _finite(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    # Python refuses to print integers above 4,300 digits.
    return hex(value) if isinstance(value, int) and value.bit_length() > 2**13 else value
