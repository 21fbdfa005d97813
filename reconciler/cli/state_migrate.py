"""`reconciler state migrate`: the same state in another backend, or in that of another workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.global_options import SELECTOR
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command
from reconciler.cli.state_repair import WAIT
from reconciler.types.number import number_in

if TYPE_CHECKING:
    from reconciler.types.json import Json, Object

EXAMPLES = """
reconciler state migrate --to http --set address=https://states.example/claims --set token=env:STATE_TOKEN
reconciler state migrate --to s3 --set bucket=our-states --set region=eu-central-1
reconciler state migrate --to postgres --set dsn=env:STATE_DSN
reconciler state migrate --to local
reconciler state migrate --to-workspace shared
reconciler state migrate --from-project old-name
"""


@command("migrate", examples=EXAMPLES)
@click.option("--to", "backend", metavar="BACKEND", help="The backend to copy into: local, http, postgres, s3.")
@click.option(
    "--set", "pairs", type=SELECTOR, multiple=True, metavar="KEY=VALUE",
    help="A setting of that backend; env:NAME for the value of a variable. Any number.",
)  # fmt: skip
@click.option("--to-workspace", "other", metavar="NAME", help="The workspace whose backend to copy into.")
@click.option(
    "--from-project", "former", metavar="NAME", help="What the project was called before: take its state along."
)
@click.option("--force", is_flag=True, help="Also over a newer state, or one of another lineage.")
@WAIT
def migrate(
    settings: Settings,
    backend: str | None,
    pairs: tuple[tuple[str, str], ...],
    other: str | None,
    former: str | None,
    force: bool,
    lock_timeout: float,
) -> int:
    """Copy the state of the workspace into another backend; both are locked meanwhile, the old copy stays.

    Afterwards put the new place into the project file: until then every command goes on with the old one. With
    --from-project the state of a project that was renamed becomes that of this one, and nothing else is to be done.
    """
    from reconciler.api.state import access, in_workspace, with_backend
    from reconciler.cli.composition import open_run
    from reconciler.cli.stdio import write
    from reconciler.engine.state.state_operations import migrate_state
    from reconciler.errors import UsageError

    if sum(one is not None for one in (backend, other, former)) != 1 or (pairs and backend is None):
        raise UsageError(
            "say where to: --to BACKEND (with --set KEY=VALUE) or --to-workspace NAME; or --from-project NAME",
            hint="reconciler state migrate --to http --set address=https://states.example/claims",
        )
    run = open_run(settings)
    if former is not None:
        from reconciler.api.state import take_name

        stored = take_name(run, former, lock_timeout)
        write(f"Serial {stored.serial} in {run.backend().describe()} is now that of project {stored.project}.\n")
        return 0
    target = in_workspace(run, other) if other is not None else with_backend(run, backend or "", _settings(pairs))
    before, after = run.backend(), target.backend()
    source, goal = access(run, lock_timeout, before), access(target, lock_timeout, after)
    stored = migrate_state(source, goal, force=force)
    count = len(stored.resources)
    noun = "resource" if count == 1 else "resources"
    write(f"Serial {stored.serial} with {count} {noun} is now in {after.describe()}.\n")
    write(f"The copy in {before.describe()} stays, and is no longer looked at once the project file says\n")
    if other is None:
        write(f"  state: {_line(backend or '', _settings(pairs))}\n")
        write(f"for workspace {run.workspace.name}.\n")
    else:
        write(f"so: from now on use -w {other}.\n")
    return 0


def _settings(pairs: tuple[tuple[str, str], ...]) -> Object:
    """The settings as they would stand in the project file: references, numbers, true and false."""
    return {key: _value(text) for key, text in pairs}


def _value(text: str) -> Json:
    for kind in ("env", "file"):
        if text.startswith(f"{kind}:"):
            return {kind: text.removeprefix(f"{kind}:")}
    if text in {"true", "false"}:
        return text == "true"
    number = number_in(text)
    return text if number is None else number


def _line(type: str, settings: Object) -> str:
    """The mapping in one line of YAML (JSON is YAML)."""
    import json

    return json.dumps({"backend": type, **settings}, ensure_ascii=False)
