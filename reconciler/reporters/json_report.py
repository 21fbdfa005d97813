"""The report as one JSON document in the shape of Terraform's plan."""

from __future__ import annotations

from reconciler.reporters.json_dump import dump
from reconciler.reporters.plan_json import report_object
from reconciler.types.report import Report, Style


def render(report: Report, style: Style) -> str:
    """One line, as `terraform show -json` writes it (some readers of plans take the first line for the document);
    UTF-8, with a newline at the end; keys keep their order, so that two runs compare byte by byte."""
    return dump(report_object(report), indent=None) + "\n"
