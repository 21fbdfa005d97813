"""A report as JSON in the shape of Terraform's plan: one document, and what other formats share of it.

Names and shapes follow Terraform's JSON output (format 1.2), so that policies and bots written for it work unchanged;
what Terraform has no word for stands beside it under a key of its own. Secrets are hidden here, on both sides, once
more: a reporter must be safe whatever it is handed.
"""

from __future__ import annotations

import json
import re
from math import isfinite

from reconciler.core.serialization.record_codec import write_marks
from reconciler.core.text import UNSEEN
from reconciler.reporters.change_json import (
    ACTIONS,
    block_object,
    change_object,
    configuration,
    drift_object,
    planned_values,
    span_object,
)
from reconciler.reporters.comparison import comparison_object
from reconciler.reporters.shown_leaves import safe_body
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.change import Request
from reconciler.types.diagnostic import Diagnostic, Span
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.plan import Incomplete, Plan, Summary, Unmanaged
from reconciler.types.report import ApplyResult, Report, Style
from reconciler.version import __version__

FORMAT_VERSION = "1.2"
TERRAFORM_VERSION = "1.9.0"


def report_object(report: Report) -> Object:
    """The whole report. Keys are always there and always in this order; `result` only after an apply,
    `comparison` only beside another workspace."""
    plan = report.plan
    diagnostics = all_diagnostics(report)
    errored = report_errored(report)
    changes: list[Json] = [change_object(change) for change in plan.differences] if plan else []
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
        "planned_values": planned_values(changes),
        "configuration": configuration(changes),
        "resource_changes": changes,
        "resource_drift": [drift_object(item) for item in plan.drift] if plan else [],
        "blocked": blocked_objects(plan) if plan else [],
        "diagnostics": [diagnostic_object(diagnostic) for diagnostic in diagnostics],
        "summary": summary_object(_summary(report), len(plan.drift) if plan else 0),
        "unmanaged": [unmanaged_object(unmanaged) for unmanaged in plan.unmanaged] if plan else [],
        "requests": [request_object(change.kind, request) for change in plan.changes for request in change.requests]
        if plan
        else [],
        "inputs_digest": plan.inputs_digest if plan else "",
        "notes": list(report.notes),
        "incomplete": [incomplete_object(incomplete) for incomplete in plan.incomplete] if plan else [],
        "kept": [{"address": str(kept.address), "users": list(kept.users)} for kept in plan.kept] if plan else [],
        "accepted_diagnostics": [diagnostic_object(diagnostic) for diagnostic in accepted_diagnostics(report)],
    }
    if plan:
        result["mode"] = plan.mode
        result["flags"] = list(plan.options.flags)
        result["commit"] = plan.commit
        result["project"] = plan.project
        result["account"] = {
            "base_url": plan.account.base_url,
            "vocabulary": plan.account.vocabulary,
            "owner": plan.account.owner,
        }
        result["state"] = {"lineage": plan.lineage, "serial": plan.serial}
    if report.comparison is not None:
        result["comparison"] = comparison_object(report.comparison)
    if report.result:
        result["result"] = result_object(report.result)
    return result


def all_diagnostics(report: Report) -> tuple[Diagnostic, ...]:
    """Those of the report and of its plan that no baseline holds, each once, errors first, else in their order."""
    return tuple(diagnostic for diagnostic in _ranked(report) if not diagnostic.accepted)


def accepted_diagnostics(report: Report) -> tuple[Diagnostic, ...]:
    """Those that a baseline holds, in the same order."""
    return tuple(diagnostic for diagnostic in _ranked(report) if diagnostic.accepted)


def _ranked(report: Report) -> list[Diagnostic]:
    found = dict.fromkeys((*report.diagnostics, *(report.plan.diagnostics if report.plan else ())))
    ranks = {"error": 0, "warning": 1, "info": 2}
    return sorted(found, key=lambda diagnostic: ranks[diagnostic.severity.value])


def report_errored(report: Report) -> bool:
    """Whether something went wrong, as opposed to: differences were found, or a rule refused them."""
    failed = report.result is not None and report.result.count("failed") > 0
    return failed or report.exit_code in (1, 4, 5, 64, 130) or any(d.is_error for d in all_diagnostics(report))


def blocked_objects(plan: Plan) -> list[Json]:
    """Blocks of the whole plan (address null), then those of single changes."""
    whole: list[Json] = [{"address": None, **block_object(block)} for block in plan.blocked]
    single = [(change.address, block) for change in plan.changes for block in change.blocked]
    return whole + [{"address": str(address), **block_object(block)} for address, block in single]


def incomplete_object(incomplete: Incomplete) -> Object:
    """Something that could not be compared; `path` is empty for a whole object, `address` null for a whole kind."""
    address = str(incomplete.address) if incomplete.address else None
    return {
        "address": address,
        "path": incomplete.path,
        "reason": incomplete.obstacle.value,
        "detail": incomplete.detail,
    }


def diagnostic_object(diagnostic: Diagnostic) -> Object:
    """`range` is null where the finding has no place in a file."""
    span = diagnostic.span
    if span is None and diagnostic.source is not None:
        span = Span(diagnostic.source.path, 1, 1)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "hint": diagnostic.hint,
        "address": str(diagnostic.address) if diagnostic.address else None,
        "pointer": diagnostic.pointer,
        "range": span_object(span),
    }


def unmanaged_object(unmanaged: Unmanaged) -> Object:
    """`{kind, id, name, made, is_new}`."""
    return {
        "kind": unmanaged.kind,
        "id": unmanaged.id,
        "name": unmanaged.name,
        "made": unmanaged.made,
        "is_new": unmanaged.is_new,
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
        "adopt": summary.adopted,
        "unchanged": summary.unchanged,
        "drifted": drifted,
        "unmanaged": summary.unmanaged,
        "not_looked_at": summary.not_looked_at,
        "incomplete": summary.incomplete,
    }


def _summary(report: Report) -> Summary:
    if report.result:
        return report.result.summary
    return report.plan.summary if report.plan else Summary()


def plan_requests(plan: Plan) -> list[Request]:
    """Every write that apply will send, in order."""
    return [request for change in plan.changes for request in change.requests]


def _requests(plan: Plan) -> list[Json]:
    return [request_object(change.kind, request) for change in plan.changes for request in change.requests]


def request_object(kind: KindSpec, request: Request) -> Object:
    """Bodies as JSON: references are marks (`core.serialization.record_codec`), a clear secret never passes."""
    return {
        "method": request.method,
        "path": request.path,
        "address": str(request.address),
        "purpose": request.purpose,
        "body": write_marks(safe_body(kind, request.body), masks=False),
    }


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


_SURROGATES = re.compile("[\ud800-\udfff]")


def dump(value: Json, *, indent: int | None = 2) -> str:
    """JSON in UTF-8. What strict readers refuse is never written: infinity and NaN become texts, a lone surrogate
    becomes U+FFFD (readers in C, Go, Rust and YAML refuse its escape, and with it the whole document). Characters
    that no screen shows, that end lines, turn the reading direction or may not stand in a file are written as
    escapes: some readers end a line there, others (YAML parsers, which many tools feed with JSON) refuse them. Beyond
    U+FFFF they stay: JSON has only pairs of escapes for those, which YAML parsers refuse."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False, default=_mark)
    except ValueError:
        value = _finite(value)
        text = json.dumps(value, ensure_ascii=False, indent=indent, default=_mark)
    if text.isascii() and "\x7f" not in text:
        return text
    if _SURROGATES.search(text):
        # Through UTF-16, where two halves that stand together are one character.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return UNSEEN.sub(lambda match: "".join(_escape(one) for one in match.group()), text)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1] if character <= "\uffff" else character


def _mark(value: object) -> Json:
    """What the encoder does not know: a reference is written as its mark, as in the plan file."""
    if isinstance(value, (SecretRef, ResourceRef)):
        return write_marks(value, masks=False)
    raise TypeError(f"{type(value).__name__} has no place in a report")


def _finite(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _finite(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    # Python refuses to print integers above 4,300 digits.
    return hex(value) if isinstance(value, int) and value.bit_length() > 2**13 else value


def render(report: Report, style: Style) -> str:
    """One line, as `terraform show -json` writes it (some readers of plans take the first line for the document);
    UTF-8, with a newline at the end; keys keep their order, so that two runs compare byte by byte."""
    return dump(report_object(report), indent=None) + "\n"
