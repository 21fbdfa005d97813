"""One change and one drifted object as JSON, in the shape of Terraform's `resource_changes` and `resource_drift`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from reconciler.core.canonical.keyed_lists import objects_to_lists
from reconciler.core.secrets.redact_document import redact, sensitive_mask
from reconciler.core.serialization.record_codec import write_marks
from reconciler.reporters.shown_leaves import hidden_paths, safe_adoption, safe_drift, safe_operation
from reconciler.types.address import Address, ResourceRef
from reconciler.types.change import Action, Adoption, Block, Change, Direction
from reconciler.types.diagnostic import Span
from reconciler.types.json import Json, Object, split
from reconciler.types.kind import KindSpec
from reconciler.types.plan import DriftField, DriftItem

PROVIDER = "reconciler"
ACTIONS: Mapping[Action, str] = {
    Action.NOOP: "no-op",
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DELETE: "delete",
    Action.FORGET: "forget",
}


def change_object(change: Change) -> Object:
    """One entry of `resource_changes`."""
    kind = change.kind
    before, after, hidden = change.before, change.after, hidden_paths(change)
    known = _without_refs(after) if after is not None else None
    body: Object = {
        "actions": [ACTIONS[change.action]],
        "before": _as_the_api(kind, redact(kind, before, hidden)) if before is not None else None,
        "after": _as_the_api(kind, redact(kind, known, hidden)) if known is not None else None,
        "after_unknown": _after_unknown(change, after),
        "before_sensitive": sensitive_mask(kind, before, hidden),
        "after_sensitive": sensitive_mask(kind, known, hidden),
    }
    if change.importing is not None:
        body["importing"] = {"id": change.importing}
    body["patch"] = [
        write_marks(safe_operation(kind, operation.to_json()), masks=False) for operation in change.patch
    ]
    moved = [(field.path, field.direction) for field in change.fields]
    moved += [(adoption.path, Direction.VENDOR) for adoption in change.adopt]
    body["directions"] = {path: direction.value for path, direction in moved}
    if gone := [field for field in change.fields if field.why]:
        body["removed"] = {field.path: {"why": field.remark, "range": span_object(field.span)} for field in gone}
    if change.adopt:
        body["adopt"] = [_adoption(kind, adoption, hidden) for adoption in change.adopt]
    result = _resource(change.address)
    if change.previous is not None:
        result["previous_address"] = str(change.previous)
    result["id"] = change.id
    result["change"] = body
    if change.reason is not None:
        result["action_reason"] = change.reason.value
    if change.blocked:
        result["blocked"] = [block_object(block) for block in change.blocked]
    if change.notes:
        result["notes"] = list(change.notes)
    return result


def _as_the_api(kind: KindSpec | None, document: Object) -> Object:
    """Lists whose items are known by name, as the lists that they are on the wire."""
    return objects_to_lists(kind, document) if kind is not None else document


def plan_word(change: Change) -> str:
    """The action in one word, also where nothing is sent: import, move or adopt."""
    if change.action is not Action.NOOP:
        return ACTIONS[change.action]
    if change.importing is not None:
        return "import"
    return "adopt" if change.adopt and change.previous is None else "move"


def _adoption(kind: KindSpec | None, adoption: Adoption, hidden: Collection[str]) -> Object:
    """One leaf that the vendor changed: what the manifest says, what is live, why, and the way to take it in."""
    manifest, live = safe_adoption(kind, adoption, hidden)
    return {
        "path": adoption.path,
        "manifest": manifest,
        "live": live,
        "reason": adoption.reason,
        "command": adoption.command,
    }


def planned_values(changes: Iterable[Json]) -> Object:
    """Terraform's second view of the same: what each of `resource_changes` will be. Many policies and readers look
    only here. Deleted and forgotten objects are not in it; what is not known yet is left out."""
    found: list[Json] = []
    for entry in changes:
        change = entry["change"] if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(change, dict) or change["after"] is None:
            continue
        about = {key: entry[key] for key in ("address", "mode", "type", "name", "provider_name")}
        values, hidden = change["after"], change["after_sensitive"]
        found.append({**about, "schema_version": 0, "values": values, "sensitive_values": hidden})
    return {"outputs": {}, "root_module": {"resources": found}}


def configuration(changes: Iterable[Json]) -> Object:
    """Terraform's third view, which some readers insist on: what the manifests declare, without expressions, as
    references are resolved by now. Only objects of `resource_changes` that stay are in it."""
    found: list[Json] = []
    for entry in changes:
        change = entry["change"] if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(change, dict) and change["after"] is not None:
            about = {key: entry[key] for key in ("address", "mode", "type", "name")}
            found.append({**about, "provider_config_key": PROVIDER, "schema_version": 0, "expressions": {}})
    provider: Object = {"name": PROVIDER, "full_name": PROVIDER}
    return {"provider_config": {PROVIDER: provider}, "root_module": {"resources": found}}


def _resource(address: Address) -> Object:
    return {
        "address": str(address),
        "mode": "managed",
        "type": address.kind,
        "name": address.name,
        "provider_name": PROVIDER,
    }


def block_object(block: Block) -> Object:
    """`pointer` and `range` are null for a block that is not about one value."""
    return {
        "rule": block.rule,
        "message": block.message,
        "hint": block.hint,
        "pointer": block.pointer,
        "range": span_object(block.span),
    }


def span_object(span: Span | None) -> Json:
    """`end` is the start: one place is all we know."""
    if span is None:
        return None
    start: Object = {"line": span.line, "column": span.column}
    return {"filename": span.path, "start": start, "end": dict(start)}


def _after_unknown(change: Change, after: Object | None) -> Object:
    unknown = _refs(after)
    result: Object = unknown if isinstance(unknown, dict) else {}
    for field in change.fields:
        if field.after_unknown:
            _put(result, split(field.path), True)
    return result


def _refs(value: Json) -> Json:
    """True where a reference stands whose id is not known yet; the same shape as `sensitive_mask`."""
    if isinstance(value, ResourceRef):
        return True
    if isinstance(value, dict):
        found = {key: mask for key, member in value.items() if (mask := _refs(member)) is not False}
        return found or False
    if isinstance(value, list):
        masks = [_refs(item) for item in value]
        return masks if any(mask is not False for mask in masks) else False
    return False


def _without_refs(document: Object) -> Object:
    """The document with null in the place of every id that is not known yet."""
    return {key: _without_ref(member) for key, member in document.items()}


def _without_ref(value: Json) -> Json:
    if isinstance(value, ResourceRef):
        return None
    if isinstance(value, dict):
        return _without_refs(value)
    return [_without_ref(item) for item in value] if isinstance(value, list) else value


def drift_object(item: DriftItem) -> Object:
    """One entry of `resource_drift`: our list of leaves, and Terraform's `change` made of the same leaves."""
    kind = item.kind
    gone = any(change.path == "" for change in item.changes)
    before, after = _assemble(kind, item.changes, "before"), _assemble(kind, item.changes, "after")
    hidden = frozenset(change.path for change in item.changes if change.sensitive)
    result = {**_resource(item.address), "id": item.id}
    if item.reason is not None:
        result["action_reason"] = item.reason
    if item.edited is not None:
        result["edited"] = item.edited
    if item.editor is not None:
        result["editor"] = item.editor
    result["changes"] = [_drift_field(kind, change) for change in item.changes]
    result["change"] = {
        "actions": ["delete" if gone else "update"],
        "before": before,
        "after": None if gone else after,
        "after_unknown": {},
        "before_sensitive": sensitive_mask(kind, before, hidden),
        "after_sensitive": False if gone else sensitive_mask(kind, after, hidden),
    }
    return result


def _drift_field(kind: KindSpec | None, change: DriftField) -> Object:
    before, after = safe_drift(kind, change)
    result: Object = {"path": change.path, "direction": change.direction.value, "before": before, "after": after}
    if change.before_unknown:
        result["before_unknown"] = True
    if change.note is not None:
        result["note"] = change.note
    return result


def _assemble(kind: KindSpec | None, changes: Iterable[DriftField], side: str) -> Object:
    """The leaves put back into a document, so that a policy written for `change.before` finds them."""
    document: Object = {}
    for change in changes:
        before, after = safe_drift(kind, change)
        value = before if side == "before" else after
        if change.path == "":
            return value if isinstance(value, dict) else {}
        if value is not None:
            _put(document, split(change.path), value)
    return document


def _put(document: Object, tokens: tuple[str, ...], value: Json) -> None:
    for token in tokens[:-1]:
        member = document.setdefault(token, {})
        if not isinstance(member, dict):
            return
        document = member
    document.setdefault(tokens[-1], value)
