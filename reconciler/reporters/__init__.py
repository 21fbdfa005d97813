"""Report -> text of one format; pure. One file, one line here."""

from __future__ import annotations

from reconciler.registry import Registry
from reconciler.types.ports import Reporter

REPORTERS: Registry[Reporter] = Registry(
    "report format",
    "reconciler.reporters",
    {
        "text": "text:render",
        "json": "plan_json:render",
        "ndjson": "ndjson:render",
        "markdown": "markdown:render",
        "html": "html:render",
        "junit": "junit:render",
        "sarif": "sarif:render",
        "github": "github:render",
        "gitlab": "gitlab:render",
        "codequality": "gitlab:render_quality",
        "openmetrics": "openmetrics:render",
        "prometheus": "openmetrics:render_textfile",
    },
)
