"""The three numbers of GitLab's merge request widget (`artifacts:reports:terraform`), and the findings."""

from __future__ import annotations

from reconciler.reporters.codequality import quality
from reconciler.reporters.json_dump import dump
from reconciler.types.plan import Summary
from reconciler.types.report import Report, Style


def render(report: Report, style: Style) -> str:
    """An empty plan still gives zeros: the widget needs them, and no other key disturbs it (`has_required_keys?` in
    GitLab's `Tfplan` parser). Imports, moves and forgets have no place there. Findings are as in Code Quality."""
    summary = report.plan.summary if report.plan else Summary()
    counts = {"create": summary.added, "update": summary.changed, "delete": summary.destroyed}
    findings = quality(report, style)
    return dump({**counts, **({"findings": findings} if findings else {})}, indent=None) + "\n"
