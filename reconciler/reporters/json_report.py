"""The report as one JSON document in the shape of Terraform's plan."""

from __future__ import annotations

import json
import re
from math import isfinite

from reconciler.core.serialization.reference_marks import write_marks
from reconciler.core.text import UNSEEN
from reconciler.reporters.plan_json import report_object
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json
from reconciler.types.report import Report, Style

_SURROGATES = re.compile("[\ud800-\udfff]")


def dump(value: Json, *, indent: int | None = 2) -> str:
    """JSON in UTF-8. What strict readers refuse is never written: infinity and NaN become texts, a lone surrogate
    becomes U+FFFD (readers in C, Go, Rust and YAML refuse its escape, and with it the whole document). Characters
    that no screen shows, that end lines, turn the reading direction or may not stand in a file are written as
    escapes: some readers end a line there, others (YAML parsers, which many tools feed with JSON) refuse them."""
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
    return UNSEEN.sub(lambda match: json.dumps(match.group())[1:-1], text)


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
