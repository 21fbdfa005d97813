"""The page of the project file: every key with its type, default and meaning."""

from __future__ import annotations

from reconciler.manifests.project.project_keys import keys, models, title_of
from reference import code, table


def page() -> str:
    """One table for each mapping of the file."""
    head = (
        "`manifests/reconciler.yaml`. Unknown keys are errors. Settings of providers and state backends are on "
        "[their page](plugins.md)."
    )
    return "\n\n".join([head, *(section(name) for name in models())])


def section(name: str) -> str:
    """One mapping."""
    rows = [(code(key), code(kind), code(default), doc) for key, kind, default, doc in keys(models()[name])]
    return f"## {title_of(name)}\n\n{table(('key', 'type', 'default', 'meaning'), rows)}"
