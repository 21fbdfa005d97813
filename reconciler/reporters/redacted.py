"""Values without secrets, whatever a report was handed: both sides of a leaf, operations and request bodies."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.core.secrets.redact_document import NOTHING, is_secret, marked, redact_at
from reconciler.types.change import Adoption, Change, FieldChange
from reconciler.types.json import SENSITIVE, Json, Object, is_mask, within
from reconciler.types.kind import KindSpec
from reconciler.types.plan import DriftField


def hidden_paths(change: Change) -> frozenset[str]:
    """Pointers to hide on both sides: references to secrets of either side and of what is ours, and fields known as
    secret. A live value whose place in the manifest holds a reference is that secret."""
    flagged = frozenset(field.path for field in change.fields if field.sensitive)
    ours = frozenset(path + inside for path, value in (change.managed or {}).items() for inside in marked(value))
    return flagged | ours | marked(change.before, change.after)


def safe_drift(kind: KindSpec | None, change: DriftField) -> tuple[Json, Json]:
    """Both sides of a drifted leaf, without secrets."""
    return _safe_pair(kind, change.path, (change.before, change.after), NOTHING, sensitive=change.sensitive)


def safe_field(kind: KindSpec | None, change: FieldChange, hidden: Collection[str] = NOTHING) -> tuple[Json, Json]:
    """Both sides of a changed leaf, without secrets. `hidden` is that of `hidden_paths`."""
    return _safe_pair(kind, change.path, (change.before, change.after), hidden, sensitive=change.sensitive)


def safe_adoption(kind: KindSpec | None, adoption: Adoption, hidden: Collection[str] = NOTHING) -> tuple[Json, Json]:
    """What the manifest says and what the vendor made of it, without secrets."""
    return _safe_pair(kind, adoption.path, (adoption.manifest, adoption.live), hidden, sensitive=False)


def _safe_pair(
    kind: KindSpec | None, path: str, sides: tuple[Json, Json], hidden: Collection[str], *, sensitive: bool
) -> tuple[Json, Json]:
    before, after = sides
    inside = marked(before, after)
    hides_whole = any(within(path, pointer) for pointer in hidden) or "" in inside
    if sensitive or hides_whole or is_mask(before) or is_mask(after) or is_secret(kind, path):
        return (SENSITIVE if before is not None else None), (SENSITIVE if after is not None else None)
    everything = {*hidden, *(path + pointer for pointer in inside)}
    return redact_at(kind, path, before, everything), redact_at(kind, path, after, everything)


def safe_body(kind: KindSpec | None, body: Json) -> Json:
    """A request's body, an object or a list of operations; references stay."""
    if isinstance(body, list):
        return [safe_operation(kind, item) if isinstance(item, dict) else item for item in body]
    return redact_at(kind, "", body, keep=True)


def safe_operation(kind: KindSpec | None, operation: Object) -> Object:
    """One RFC 6902 operation; references stay."""
    path = operation.get("path")
    if "value" not in operation or not isinstance(path, str):
        return operation
    return {**operation, "value": redact_at(kind, path, operation["value"], keep=True)}
