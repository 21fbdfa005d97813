"""The leaves of a change or of drift for any format: without secrets, and with names for ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from reconciler.core.canonical.canonical_form import leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.planning.id_names import document_named, value_named
from reconciler.core.secrets.redact_document import NOTHING, is_secret, marked, redact, redact_at
from reconciler.reporters.values import LONG_TEXT, ValueDifference, explain_value, flatten, list_items, show
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Adoption, Change, Direction, FieldChange
from reconciler.types.json import SENSITIVE, Json, Object, is_mask, join, lookup, within
from reconciler.types.kind import KindSpec
from reconciler.types.plan import DriftField, DriftItem
from reconciler.types.report import Report


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
    row = field_at(kind, path) if kind is not None else None
    # A server may mask any header or parameter: what is sent in its place is no secret for that.
    hides_whole |= is_mask(before) and (row is None or not row.by_look)
    if sensitive or hides_whole or is_mask(after) or is_secret(kind, path):
        return (SENSITIVE if before is not None else None), (SENSITIVE if after is not None else None)
    everything = {*hidden, *(path + pointer for pointer in inside)}
    if is_mask(before):
        return SENSITIVE, redact_at(kind, path, after, everything)
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


LONG_LINE = 160
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """One line to be: both values are free of secrets already."""

    path: str
    before: Json
    after: Json
    direction: Direction | None = None
    """Shown where it is not None."""
    unknown: bool = False
    forgotten: bool = False
    """The value before is not known any more (`before_unknown`)."""
    names: bool = False
    """The items of the list are names of other resources: shown without quotes."""
    note: str | None = None

    @property
    def sign(self) -> str:
        if self.before is None and not self.forgotten:
            return "+"
        return "-" if self.after is None and not self.unknown else "~"


def is_prose(before: Json, after: Json) -> bool:
    """Whether a value reads better as lines than as one quoted text."""
    texts = [value for value in (before, after) if isinstance(value, str)]
    others = [value for value in (before, after) if value is not None and not isinstance(value, str)]
    return not others and any("\n" in text.strip("\n") or len(text) > LONG_LINE for text in texts)


def inner_differences(leaf: Leaf) -> list[ValueDifference] | None:
    """The differences inside a list or an object; None where the value is better shown whole. An empty list: what
    differs is a secret."""
    before, after = leaf.before, leaf.after
    if leaf.unknown or leaf.forgotten:
        return None
    if isinstance(before, list | None) and isinstance(after, list | None) and (before or after):
        if all(not isinstance(item, dict | list) for item in (before or [])) or not before or not after:
            return list_items(before or [], after or [])
        return explain_value(before, after)
    whole = after if before is None else before
    if isinstance(whole, dict) and (before is None or after is None) and len(show(whole, LONGEST)) > LONG_TEXT:
        sign = "+" if before is None else "-"
        return [
            ValueDifference(sign, where, None if sign == "+" else value, value if sign == "+" else None)
            for where, value in flatten(whole)
        ]
    return explain_value(before, after)


def change_leaves(change: Change, *, mixed: bool) -> list[Leaf]:
    """The changed leaves; for a create or a delete without such a list, all of them. `mixed` names git too."""
    kind = change.kind
    hidden = hidden_paths(change)
    if change.action is Action.DELETE and change.before is not None:
        parts = _parts(kind, change.before, hidden)
        return [_leaf(kind, path, (value, None)) for path, value in parts if value not in ([], {}, "")]
    if change.action is Action.CREATE and change.after is not None and not change.fields:
        return [_leaf(kind, path, (None, value)) for path, value in _parts(kind, change.after, hidden)]
    leaves = []
    for field in change.fields:
        before, after = safe_field(kind, field, hidden)
        named = _named(change, field) if field.after_unknown else None
        leaves.append(
            _leaf(
                kind,
                field.path,
                (before, after if named is None else named),
                direction=_shown(change, field.direction, mixed),
                unknown=field.after_unknown and named is None,
                note=field.remark,
            )
        )
    return leaves + [
        _leaf(
            kind, adoption.path, safe_adoption(kind, adoption, hidden), direction=Direction.VENDOR, note=adoption.note
        )
        for adoption in change.adopt
    ]


def _named(change: Change, field: FieldChange) -> Json:
    """What an unknown id stands for, by its address: a reference, or a list that holds some."""
    value = (change.managed or {}).get(field.path)
    if value is None and change.after is not None:
        value = lookup(change.after, field.path)
    items = value if isinstance(value, list) else [value]
    return value if any(isinstance(item, ResourceRef) for item in items) else None


def _leaf(
    kind: KindSpec | None,
    path: str,
    values: tuple[Json, Json],
    *,
    direction: Direction | None = None,
    unknown: bool = False,
    forgotten: bool = False,
    note: str | None = None,
) -> Leaf:
    names = kind is not None and kind.attachments == path
    return Leaf(path, *values, direction=direction, unknown=unknown, forgotten=forgotten, names=names, note=note)


def _shown(change: Change, direction: Direction, mixed: bool) -> Direction | None:
    """Edits of git are the ordinary case: only named where there are others in the same object."""
    if change.action is not Action.UPDATE or (direction is Direction.GIT and not mixed):
        return None
    return direction


def _parts(kind: KindSpec | None, document: Object, hidden: frozenset[str]) -> list[tuple[str, Json]]:
    safe = redact(kind, document, hidden)
    if kind is None:
        return [(join(key), value) for key, value in safe.items() if value is not None]
    return [(path, value) for path, value in leaves(kind, safe).items() if value is not None]


def drift_leaves(item: DriftItem) -> list[Leaf]:
    """The leaves that moved; none for an object that is gone."""
    kind = item.kind
    return [
        _leaf(
            kind,
            change.path,
            safe_drift(kind, change),
            direction=change.direction,
            forgotten=change.before_unknown,
            note=change.note,
        )
        for change in item.changes
        if change.path
    ]


def with_names(report: Report) -> Report:
    """The same report with what the plan knows of names told wherever an id stands for an object."""
    plan = report.plan
    if plan is None or not plan.names:
        return report
    changes = tuple(_change(change, plan.names) for change in plan.changes)
    drift = tuple(_drift(item, plan.names) for item in plan.drift)
    return replace(report, plan=replace(plan, changes=changes, drift=drift))


def _change(change: Change, names: Mapping[str, str]) -> Change:
    spec = change.kind
    fields = tuple(
        replace(field, before=value_named(row, field.before, names), after=value_named(row, field.after, names))
        if (row := field_at(spec, field.path)) is not None and row.ref
        else field
        for field in change.fields
    )
    before, after = (document and document_named(spec, document, names) for document in (change.before, change.after))
    return replace(change, fields=fields, before=before, after=after)


def _drift(item: DriftItem, names: Mapping[str, str]) -> DriftItem:
    spec = item.kind
    changes = tuple(
        replace(
            change,
            before=value_named(field_at(spec, change.path), change.before, names),
            after=value_named(field_at(spec, change.path), change.after, names),
        )
        for change in item.changes
    )
    return replace(item, changes=changes)
