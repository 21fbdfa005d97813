"""The three numbers of GitLab's merge request widget (`artifacts:reports:terraform`)."""

from __future__ import annotations

from reconciler.reporters.dump import dump
from reconciler.types.plan import Summary
from reconciler.types.report import Report, Style


def render(report: Report, style: Style) -> str:
    """An empty plan still gives zeros: the widget needs them. Imports, moves and forgets have no place there."""
    summary = report.plan.summary if report.plan else Summary()
    counts = {"create": summary.added, "update": summary.changed, "delete": summary.destroyed}
    return dump({**counts}, indent=None) + "\n"
