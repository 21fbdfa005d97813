"""The page of what `reconciler watch --listen` tells Prometheus."""

from __future__ import annotations

from reconciler.reporters.openmetrics import METRICS
from reference import code, table


def page() -> str:
    """One table."""
    rows = [
        (code(one.name), one.type, ", ".join(code(name) for name in ("workspace", one.label) if name), one.help)
        for one in METRICS
    ]
    intro = (
        "`reconciler watch --listen 9090` answers at `/metrics`. Besides these, `reconciler_build_info` has the "
        "label `version`."
    )
    return intro + "\n\n" + table(("metric", "type", "labels", "what it is"), rows)
