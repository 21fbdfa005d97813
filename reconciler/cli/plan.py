"""`reconciler plan`: what apply would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exits
from reconciler.cli.group import command
from reconciler.cli.planning import CHOICE, MODES, PATHS, REF, SAFETY, options_of, with_flags
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.types.plan import Plan

EXAMPLES = """
reconciler plan                                  the whole project
reconciler plan manifests/personas/claims.yaml   one file of it
reconciler plan --target persona.claims-desk
reconciler plan --out pr.plan --detailed-exitcode --report markdown=plan.md
reconciler plan --ref origin/main --format json
"""


@command("plan", examples=EXAMPLES)
@PATHS
@click.option("--out", metavar="FILE", help="Keep the plan, so that apply carries out exactly this one.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@click.option("--unmanaged", is_flag=True, help="Also list the account's objects that nothing claims, of every kind.")
@REF
@with_flags(CHOICE, MODES, SAFETY)
def plan(
    settings: Settings,
    paths: tuple[str, ...],
    out: str | None,
    detailed_exitcode: bool,
    ref: str | None,
    **flags: Any,
) -> int:
    """Show what apply would do. Reads the account and changes nothing, by construction.

    Every difference says who moved: git (the manifest), live (somebody edited the account) or both.
    """
    from reconciler.api.reading import plan_now
    from reconciler.cli.outcome import deliver, reporting
    from reconciler.cli.wiring import open_run
    from reconciler.types.report import Report

    settings = settings.with_paths(paths)
    flags.pop("lock_timeout")
    options = options_of(**flags, record=out is not None)
    with reporting("plan", settings):
        run = open_run(settings, ref=ref)
        looked = plan_now(run, options)
        made = looked.plan
        notes = (*looked.notes, *unmanaged_lines(made))
        if out is not None:
            notes = (*notes, keep(made, out))
        differs = bool(made.differences or made.all_blocks)
        code = exits.DIFFERENCES if detailed_exitcode and differs else exits.DONE
        findings = looked.manifests.diagnostics
        return deliver(Report("plan", run.workspace.name, made, None, findings, code, notes), settings)


def unmanaged_lines(made: Plan) -> tuple[str, ...]:
    """One line for each object that nothing claims, where the plan lists them."""
    return tuple(f"unmanaged: {one.kind} {one.id} {one.name or '(no name)'}" for one in made.unmanaged)


def keep(made: Any, out: str) -> str:
    """Write the plan file, readable by its owner only; a line that says how to apply it."""
    from reconciler.api.files import write_file
    from reconciler.core.planfile import dump_plan

    write_file(out, dump_plan(made), mode=0o600)
    return f"Saved the plan to {out}. To carry out exactly this: reconciler apply {out}"
