"""JSON Merge Patch (RFC 7386), as overlays are merged over base manifests."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.core.export.manifest_words import is_written_reference
from reconciler.types.json import Json, Object

NULL_KEY = "null"


def merge(target: Json, patch: Json, whole: Callable[[Json], bool] = lambda _: False) -> Json:
    """RFC 7386 with two additions: what is `whole` is replaced whole, and `{null: true}` sets null (null deletes).

    Neither argument is changed; what did not change is shared.
    """
    if not isinstance(patch, dict) or whole(patch):
        return patch
    if sets_null(patch):
        return None
    result: Object = dict(target) if isinstance(target, dict) and not whole(target) else {}
    for key, member in patch.items():
        if member is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), member, whole)
    return result


def merge_written(target: Object, patch: Object) -> Object:
    """The same for bodies as their authors wrote them, in which references are not resolved yet."""
    merged = merge(target, patch, is_written_reference)
    return merged if isinstance(merged, dict) else {}


def sets_null(value: Json) -> bool:
    """Whether `value` is `{null: true}`: null itself would delete the member."""
    return isinstance(value, dict) and len(value) == 1 and value.get(NULL_KEY) is True
