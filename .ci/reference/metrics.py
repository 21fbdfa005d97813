"""The page of what watchers and workers tell Prometheus."""

from __future__ import annotations

from reconciler.reporters.openmetrics import METRICS, WORKER_METRICS
from reference import code, table


def page() -> str:
    """A table for watchers and one for workers."""
    rows = [
        (code(one.name), one.type, ", ".join(code(name) for name in ("workspace", one.label) if name), one.help)
        for one in METRICS
    ]
    intro = (
        "`reconciler watch --listen 9090` answers at `/metrics`. Besides these, `reconciler_build_info` has the "
        "label `version`."
    )
    head = ("metric", "type", "labels", "what it is")
    own = [(code(one.name), one.type, code(one.label) if one.label else "", one.help) for one in WORKER_METRICS]
    worker = "`reconciler fleet worker --listen 9090` tells of that worker alone, and `reconciler_build_info` too:"
    return "\n\n".join((intro, table(head, rows), worker, table(head, own)))
