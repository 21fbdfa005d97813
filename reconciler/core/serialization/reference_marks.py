"""References and masks as JSON, for plan files, the history and reports.

`{"$secret": {"env": X}}`, `{"$ref": "kind.name"}`, `{"$mask": true}`. Data that looks like one of them has one more
`$`, so that it reads back as data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import SENSITIVE, Json, Object, escape, is_mask

SECRET, REF, MASK = "$secret", "$ref", "$mask"
KINDS = frozenset({"env", "file", "literal"})
_ADDRESS = re.compile(r"[a-z_]+\..+", re.DOTALL)


def write_marks(value: Json, *, masks: bool = True) -> Json:
    """`value` as JSON that `read_marks` reads back. Without `masks` they stand as the text that people see."""
    if isinstance(value, SecretRef):
        return {SECRET: {**value.written()}}
    if isinstance(value, ResourceRef):
        return {REF: value.address}
    if isinstance(value, dict):
        found: Object = {key: write_marks(member, masks=masks) for key, member in value.items()}
        return {f"${key}": member for key, member in found.items()} if _imitates(value) else found
    if isinstance(value, list):
        return [write_marks(item, masks=masks) for item in value]
    return {MASK: True} if masks and is_mask(value) else value


def read_marks(value: Json) -> Json:
    """The inverse of `write_marks`."""
    if isinstance(value, dict):
        found: Object = {key: read_marks(member) for key, member in value.items()}
        if not _imitates(value):
            return found
        ((word, inner),) = value.items()
        if word == SECRET and isinstance(inner, dict):
            return SecretRef.of({kind: str(name) for kind, name in inner.items()})
        if word == REF:
            return ResourceRef(str(inner))
        return SENSITIVE if word == MASK else {word[1:]: found[word]}
    return [read_marks(item) for item in value] if isinstance(value, list) else value


def lookalikes(value: Json, here: str = "") -> Iterator[str]:
    """Where something reads as a reference: JSON pointers, items of lists by number."""
    if isinstance(value, dict):
        if _imitates(value) and MASK not in value:
            yield here
        for key, member in value.items():
            yield from lookalikes(member, f"{here}/{escape(key)}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from lookalikes(item, f"{here}/{place}")


def _imitates(value: Object) -> bool:
    """Whether it has the shape of a mark, with one `$` or more."""
    if len(value) != 1:
        return False
    ((word, inner),) = value.items()
    if not word.startswith("$"):
        return False
    name = "$" + word.lstrip("$")
    if name == SECRET:
        return isinstance(inner, dict) and len(inner) == 1 and inner.keys() <= KINDS and _is_text(*inner.values())
    return (name == REF and _is_text(inner) and _ADDRESS.fullmatch(str(inner)) is not None) or (
        name == MASK and inner is True
    )


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and not is_mask(value)
