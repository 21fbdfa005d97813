"""A report as plain JSON values in the shape of Terraform's plan: what the json, ndjson and other reporters share.

Names and shapes follow Terraform's JSON output (format 1.2), so that policies and bots written for it work unchanged;
what Terraform has no word for stands beside it under a key of its own. Secrets are hidden here, on both sides, once
more: a reporter must be safe whatever it is handed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from reconciler import __version__
from reconciler.core.redact import SENSITIVE, is_secret, marked, redact, redact_at, sensitive_mask
from reconciler.kinds import KINDS
from reconciler.kinds.base import KindSpec
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, FieldChange, Request
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import Json, Object, ref_of, split
from reconciler.types.plan import DriftField, DriftItem, Plan, Summary
from reconciler.types.report import ApplyResult, Report

FORMAT_VERSION = "1.2"
TERRAFORM_VERSION = "1.9.0"
PROVIDER = "reconciler"
ACTIONS: Mapping[Action, str] = {
    Action.NOOP: "no-op",
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DELETE: "delete",
    Action.FORGET: "forget",
}


def report_object(report: Report) -> Object:
    """The whole report. Keys are always there and always in this order; `result` only after an apply."""
    plan = report.plan
    diagnostics = all_diagnostics(report)
    errored = report_errored(report)
    result: Object = {
        "format_version": FORMAT_VERSION,
        # Readers written for Terraform look for it. It names the release whose shape this is.
        "terraform_version": TERRAFORM_VERSION,
        "reconciler_version": __version__,
        "verb": report.verb,
        "workspace": report.workspace or (plan.workspace if plan else ""),
        "applyable": bool(plan and plan.applyable and plan.differences and not errored),
        "complete": not errored and not (report.result and _unfinished(report.result)),
        "errored": errored,
        "exit_code": report.exit_code,
        "resource_changes": [change_object(change) for change in plan.differences] if plan else [],
        "resource_drift": [drift_object(item) for item in plan.drift] if plan else [],
        "blocked": blocked_objects(plan) if plan else [],
        "diagnostics": [diagnostic_object(diagnostic) for diagnostic in diagnostics],
        "summary": summary_object(_summary(report), len(plan.drift) if plan else 0),
        "requests": [request_object(request) for request in plan_requests(plan)] if plan else [],
        "inputs_digest": plan.inputs_digest if plan else "",
        "notes": list(report.notes),
    }
    if plan:
        result["mode"] = plan.mode
        result["commit"] = plan.commit
        result["project"] = plan.project
        result["account"] = {
            "base_url": plan.account.base_url,
            "vocabulary": plan.account.vocabulary,
            "owner": plan.account.owner,
        }
        result["state"] = {"lineage": plan.lineage, "serial": plan.serial}
    if report.result:
        result["result"] = result_object(report.result)
    return result


def all_diagnostics(report: Report) -> tuple[Diagnostic, ...]:
    """Those of the report and of its plan, each once, errors first, else in their order."""
    found = dict.fromkeys((*report.diagnostics, *(report.plan.diagnostics if report.plan else ())))
    ranks = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda diagnostic: ranks[diagnostic.severity.value]))


def report_errored(report: Report) -> bool:
    """Whether something went wrong, as opposed to: differences were found, or a rule refused them."""
    failed = report.result is not None and report.result.count("failed") > 0
    return failed or report.exit_code in (1, 4, 5, 64, 130) or any(d.is_error for d in all_diagnostics(report))


def kind_of(address: Address) -> KindSpec | None:
    """What is known about the kind; None for one that this version does not have."""
    return KINDS.get(address.kind) if address.kind in KINDS else None


def change_object(change: Change) -> Object:
    """One entry of `resource_changes`."""
    kind = kind_of(change.address)
    before, after, hidden = sides(change)
    body: Object = {
        "actions": [ACTIONS[change.action]],
        "before": redact(kind, before, hidden) if before is not None else None,
        "after": _without_refs(redact(kind, after, hidden)) if after is not None else None,
        "after_unknown": _after_unknown(change, after),
        "before_sensitive": sensitive_mask(kind, before, hidden),
        "after_sensitive": sensitive_mask(kind, after, hidden),
    }
    if change.importing is not None:
        body["importing"] = {"id": change.importing}
    body["patch"] = [_safe_operation(kind, operation.to_json()) for operation in change.patch]
    body["directions"] = {field.path: field.direction.value for field in change.fields}
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


def sides(change: Change) -> tuple[Object | None, Object | None, frozenset[str]]:
    """`before`, `after`, and the pointers to hide in both: markers on either side, and fields known as secret."""
    before = change.before
    after = change.after
    flagged = frozenset(field.path for field in change.fields if field.sensitive)
    ours = frozenset(path for path, value in (change.managed or {}).items() for _ in _nested(path, value))
    return before, after, flagged | marked(before, after) | ours


def _nested(path: str, value: Json) -> Iterable[str]:
    return [path] if marked(value) == {""} else []


def drift_object(item: DriftItem) -> Object:
    """One entry of `resource_drift`: our list of leaves, and Terraform's `change` made of the same leaves."""
    kind = kind_of(item.address)
    gone = any(change.path == "" for change in item.changes)
    before, after = _assemble(kind, item.changes, "before"), _assemble(kind, item.changes, "after")
    hidden = frozenset(change.path for change in item.changes if change.sensitive)
    result = {**_resource(item.address), "id": item.id}
    if item.reason is not None:
        result["action_reason"] = item.reason
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
    return result


def safe_drift(kind: KindSpec | None, change: DriftField) -> tuple[Json, Json]:
    """Both sides of a drifted leaf, without secrets."""
    return _safe_pair(kind, change.path, change.before, change.after, change.sensitive)


def safe_field(kind: KindSpec | None, change: FieldChange, hidden: Collection[str] = ()) -> tuple[Json, Json]:
    """Both sides of a changed leaf, without secrets."""
    sensitive = change.sensitive or change.path in hidden
    return _safe_pair(kind, change.path, change.before, change.after, sensitive)


def _safe_pair(kind: KindSpec | None, path: str, before: Json, after: Json, sensitive: bool) -> tuple[Json, Json]:
    inside = marked(before, after)
    if sensitive or is_secret(kind, path) or "" in inside:
        return (SENSITIVE if before is not None else None), (SENSITIVE if after is not None else None)
    hidden = frozenset(path + pointer for pointer in inside)
    return redact_at(kind, path, before, hidden), redact_at(kind, path, after, hidden)


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


def _after_unknown(change: Change, after: Object | None) -> Object:
    unknown = _refs(after)
    result: Object = unknown if isinstance(unknown, dict) else {}
    for field in change.fields:
        if field.after_unknown:
            _put(result, split(field.path), True)
    return result


def _refs(value: Json) -> Json:
    """True where a reference stands whose id is not known yet; the same shape as `sensitive_mask`."""
    if ref_of(value) is not None:
        return True
    if isinstance(value, dict):
        found = {key: mask for key, member in value.items() if (mask := _refs(member)) is not False}
        return found or False
    if isinstance(value, list):
        masks = [_refs(item) for item in value]
        return masks if any(mask is not False for mask in masks) else False
    return False


def _without_refs(value: Json) -> Json:
    if ref_of(value) is not None:
        return None
    if isinstance(value, dict):
        return {key: _without_refs(member) for key, member in value.items()}
    return [_without_refs(item) for item in value] if isinstance(value, list) else value


def _resource(address: Address) -> Object:
    return {
        "address": str(address),
        "mode": "managed",
        "type": address.kind,
        "name": address.name,
        "provider_name": PROVIDER,
    }


def block_object(block: Block) -> Object:
    return {"rule": block.rule, "message": block.message, "hint": block.hint}


def blocked_objects(plan: Plan) -> list[Json]:
    """Blocks of the whole plan (address null), then those of single changes."""
    whole: list[Json] = [{"address": None, **block_object(block)} for block in plan.blocked]
    single = [(change.address, block) for change in plan.changes for block in change.blocked]
    return whole + [{"address": str(address), **block_object(block)} for address, block in single]


def diagnostic_object(diagnostic: Diagnostic) -> Object:
    """`range` is null where the finding has no place in a file; `end` is its start, as one place is all we know."""
    span = diagnostic.span
    place: Json = None
    if span is not None:
        start: Object = {"line": span.line, "column": span.column}
        place = {"filename": span.path, "start": start, "end": dict(start)}
    elif diagnostic.source is not None:
        place = {
            "filename": diagnostic.source.path,
            "start": {"line": 1, "column": 1},
            "end": {"line": 1, "column": 1},
        }
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "hint": diagnostic.hint,
        "address": str(diagnostic.address) if diagnostic.address else None,
        "pointer": diagnostic.pointer,
        "range": place,
    }


def summary_object(summary: Summary, drifted: int) -> Object:
    """Counts, by the words of the summary line."""
    return {
        "import": summary.imported,
        "add": summary.added,
        "change": summary.changed,
        "destroy": summary.destroyed,
        "move": summary.moved,
        "forget": summary.forgotten,
        "unchanged": summary.unchanged,
        "drifted": drifted,
        "unmanaged": summary.unmanaged,
        "not_looked_at": summary.not_looked_at,
    }


def _summary(report: Report) -> Summary:
    if report.result:
        return report.result.summary
    return report.plan.summary if report.plan else Summary()


def plan_requests(plan: Plan) -> list[Request]:
    """Every write that apply will send, in order."""
    return [request for change in plan.changes for request in change.requests]


def request_object(request: Request) -> Object:
    """Secrets in bodies are `$secret` markers, which name their origin; a clear value never passes."""
    return {
        "method": request.method,
        "path": request.path,
        "address": str(request.address),
        "purpose": request.purpose,
        "body": _safe_body(kind_of(request.address), request.body),
    }


def _safe_body(kind: KindSpec | None, body: Json) -> Json:
    if isinstance(body, list):
        return [_safe_operation(kind, item) if isinstance(item, dict) else item for item in body]
    return redact_at(kind, "", body, keep=True)


def _safe_operation(kind: KindSpec | None, operation: Object) -> Object:
    path = operation.get("path")
    if "value" not in operation or not isinstance(path, str):
        return operation
    return {**operation, "value": redact_at(kind, path, operation["value"], keep=True)}


def result_object(result: ApplyResult) -> Object:
    """What an apply did, step by step."""
    steps: list[Json] = [
        {
            "address": str(step.address),
            "action": ACTIONS[step.action],
            "outcome": step.outcome,
            "id": step.id,
            "message": step.message,
            "hint": step.hint,
            "seconds": step.seconds,
            "notes": list(step.notes),
        }
        for step in result.steps
    ]
    return {
        "done": result.count("done"),
        "failed": result.count("failed"),
        "skipped": result.count("skipped"),
        "interrupted": result.interrupted,
        "serial": result.serial,
        "steps": steps,
    }


def _unfinished(result: ApplyResult) -> bool:
    return result.interrupted or result.count("failed") > 0 or result.count("skipped") > 0
