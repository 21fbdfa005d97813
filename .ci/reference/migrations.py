"""The page of the migrations, in the order in which they run."""

from __future__ import annotations

from reconciler.platforms import PLATFORMS
from reconciler.reporters.migration_report import table_json
from reconciler.types.json import Json
from reference import code, table

SAFE = {"auto": "by itself", "ask": "after an answer", "never": "on request, or only reported"}


def page() -> str:
    """The table of `reconciler migrate --list`."""
    head = (
        "In this order. `reconciler migrate` shows what they would do, `--write` does it; `--only` and `--skip` take "
        "ids or names; questions are answered on a terminal, with `--answer NAME=VALUE`, or under `migrations:` in "
        "the project file."
    )
    return (
        head
        + "\n\n"
        + table(
            ("id", "name", "runs", "does"), [row(one) for one in table_json(PLATFORMS.migrations().all().values())]
        )
    )


def row(one: Json) -> tuple[str, ...]:
    """One migration."""
    assert isinstance(one, dict)
    safety = str(one["safety"])
    return str(one["id"]), code(str(one["name"])), SAFE.get(safety, safety), str(one["what"])
