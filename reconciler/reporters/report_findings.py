"""Everything in a report that somebody should look at, as one flat list: what the formats of code scanners share.

Flags of the plan, diagnostics, blocks, drift, what could not be compared, failed steps. Messages hold no values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from posixpath import normpath

from reconciler.core.serialization.digest import digest
from reconciler.core.text import visible
from reconciler.reporters.plan_json import all_diagnostics
from reconciler.reporters.wording import flags_of, incomplete_line
from reconciler.types.address import Address
from reconciler.types.change import Direction
from reconciler.types.diagnostic import Severity
from reconciler.types.plan import DriftItem, Plan
from reconciler.types.report import Report, StepResult

DRIFT = "drift"
FAILED = "apply-failed"
SKIPPED = "apply-skipped"
INCOMPLETE = "incomplete"
PLANNED = "planned-with"
PROJECT_FILE = "reconciler.yaml"
"""Where findings without a place are shown: scanners want a file for each."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Texts are safe to show; `line` and `column` count from 1."""

    code: str
    severity: Severity
    message: str
    hint: str = ""
    address: Address | None = None
    pointer: str = ""
    path: str = PROJECT_FILE
    line: int = 1
    column: int = 1

    @property
    def fingerprint(self) -> str:
        """Stays the same when lines move: it is made of what was found and where, without line numbers."""
        return digest([self.code, str(self.address or ""), self.pointer, self.path, self.message])

    @property
    def text(self) -> str:
        """Message and way out as one text."""
        return f"{self.message.rstrip('.')}. {_as_sentence(self.hint)}" if self.hint else self.message


def collect_findings(report: Report, folder: str = "") -> list[Finding]:
    """What the plan was made with, then errors, warnings and infos; else in the order of the report.

    Codes and messages are never empty, and paths are relative where the files are below `folder` (see `Style`):
    scanners refuse a whole report for one that is not.
    """
    ranks = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    found = [_presentable(finding, folder) for finding in _all(report)]
    return sorted(found, key=lambda finding: (finding.code != PLANNED, ranks[finding.severity]))


def _presentable(finding: Finding, folder: str) -> Finding:
    code = finding.code or finding.severity.value
    path = finding.path.replace("\\", "/") or PROJECT_FILE
    if not path.startswith("/"):
        path = normpath(f"{folder}/{path}" if folder else path)
    return replace(finding, code=code, message=finding.message or code, path=path)


def _as_sentence(hint: str) -> str:
    """Behind a full stop a sentence begins with a capital letter, unless it begins with something to type."""
    first, space, _ = hint.partition(" ")
    plain = space and first.isalpha() and first.islower() and first != "reconciler"
    return hint[:1].upper() + hint[1:] if plain else hint


def _all(report: Report) -> Iterator[Finding]:
    if flags := flags_of(report.plan):
        yield Finding(PLANNED, Severity.INFO, visible(f"Planned with {flags}"))
    for diagnostic in all_diagnostics(report):
        source = diagnostic.source.path if diagnostic.source else ""
        path = visible(diagnostic.span.path if diagnostic.span else _at(report, source))
        line, column = (diagnostic.span.line, diagnostic.span.column) if diagnostic.span else (1, 1)
        yield Finding(
            visible(diagnostic.code),
            diagnostic.severity,
            visible(f"{diagnostic.summary}: {diagnostic.detail}" if diagnostic.detail else diagnostic.summary),
            visible(diagnostic.hint or ""),
            diagnostic.address,
            visible(diagnostic.pointer or ""),
            path,
            line,
            column,
        )
    if report.plan and report.result is None:
        yield from _of_plan(report.plan, report)
    if report.result:
        for step in report.result.steps:
            if step.outcome != "done":
                yield _of_step(step)


def _at(report: Report, source: str | None) -> str:
    """A file of the manifests as the run sees it; the project file where none is known."""
    path = source or PROJECT_FILE
    return path if path.startswith("/") or not report.home else f"{report.home}/{path}"


def _of_plan(plan: Plan, report: Report) -> Iterator[Finding]:
    sources = {change.address: change.source for change in plan.changes if change.source}
    for block in plan.blocked:
        yield Finding(visible(f"block-{block.rule}"), Severity.ERROR, visible(block.message), visible(block.hint))
    for change in plan.changes:
        for block in change.blocked:
            known = str(change.address) in block.message
            message = visible(block.message if known else f"{change.address}: {block.message}")
            span = block.span
            path = visible(span.path if span else _at(report, change.source))
            yield Finding(
                visible(f"block-{block.rule}"),
                Severity.ERROR,
                message,
                visible(block.hint),
                change.address,
                visible(block.pointer or ""),
                path,
                span.line if span else 1,
                span.column if span else 1,
            )
    for incomplete in plan.incomplete:
        yield Finding(
            INCOMPLETE,
            Severity.ERROR if plan.options.strict_complete else Severity.INFO,
            visible(f"could not be compared: {incomplete_line(incomplete)}"),
            "",
            incomplete.address,
            visible(incomplete.path),
            visible(_at(report, sources.get(incomplete.address) if incomplete.address else None)),
        )
    for item in plan.drift:
        yield from _of_drift(item, visible(_at(report, sources.get(item.address) or item.source)))


def _of_drift(item: DriftItem, path: str) -> Iterator[Finding]:
    for change in item.changes:
        hint = "run plan to see it, apply to undo it"
        if change.direction is Direction.VENDOR:
            message, hint = f"{item.address}: {change.path} was changed by the vendor", change.note or hint
        elif change.path:
            moved = "both the manifest and the account" if change.direction.value == "both" else "the account"
            message = f"{item.address}: {change.path} changed outside of manifests ({moved})"
        else:
            message = f"{item.address} was deleted outside of manifests"
        yield Finding(
            DRIFT, Severity.WARNING, visible(message), visible(hint), item.address,
            visible(change.path), path,
        )  # fmt: skip


def _of_step(step: StepResult) -> Finding:
    failed = step.outcome == "failed"
    return Finding(
        FAILED if failed else SKIPPED,
        Severity.ERROR if failed else Severity.WARNING,
        visible(f"{step.address}: {step.outcome}: {step.message or ''}"),
        visible(step.hint or ""),
        step.address,
    )
