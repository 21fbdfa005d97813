"""The report as one JSON document in the shape of Terraform's plan."""

from __future__ import annotations

import json

from reconciler.reporters.plan_json import report_object
from reconciler.types.json import Json
from reconciler.types.report import Report, Style


def render(report: Report, style: Style) -> str:
    """UTF-8 text with a newline at the end; keys keep their order, so that two runs compare byte by byte."""
    return dump(report_object(report)) + "\n"


def dump(value: Json, *, indent: int | None = 2) -> str:
    """JSON as people read it. A lone surrogate, which no file can hold, is written as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    if any("\ud800" <= character <= "\udfff" for character in text):
        return json.dumps(value, ensure_ascii=True, indent=indent, allow_nan=False)
    return text
