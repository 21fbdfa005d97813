"""Secrets that the server never shows, but says whether they are set: what stands there in their place."""

from __future__ import annotations

from functools import cache

from reconciler.types.json import Json, Object, lookup
from reconciler.types.kind import Field, KindSpec

SET_SECRET = "********"


@cache
def told(spec: KindSpec) -> tuple[Field, ...]:
    """The rows of such secrets; all of them are members at the top."""
    return tuple(row for row in spec.fields if row.told_by is not None)


def with_told(spec: KindSpec, document: Object) -> Object:
    """The canonical live document with a mask where the server says that there is a secret, and an empty text where
    it says that there is none. What it shows, or says nothing about, stays as it is."""
    for row in told(spec):
        says = lookup(document, str(row.told_by))
        if isinstance(says, bool) and document.get(row.path[1:]) is None:
            document = {**document, row.path[1:]: SET_SECRET if says else ""}
    return document


def is_unset(row: Field | None, value: Json) -> bool:
    """Whether the server says that there is no such secret."""
    return row is not None and row.told_by is not None and value == ""
