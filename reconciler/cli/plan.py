"""`reconciler plan | show`: what apply would do, and a saved plan in any format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import command
from reconciler.cli.flags import OUT_MODE, PATHS, REF, SUMMARY, WHY, option, options_for, options_of
from reconciler.cli.settings import Settings
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import Plan

EXAMPLES = """
reconciler plan                                  the whole project
reconciler plan manifests/personas/claims.yaml   one file of it
reconciler plan --target persona.claims-desk
reconciler plan --summary                        one line an object; --full every change by itself
reconciler plan --out pr.plan --detailed-exitcode --report markdown=plan.md
reconciler plan --ref origin/main --format json
reconciler plan --why persona.claims-desk/layers/llm/model   the file, overlay, default or value behind it
reconciler -w staging plan --compare production  what promoting to production would change
"""


@command("plan", examples=EXAMPLES)
@PATHS
@click.option("--out", metavar="FILE", help="Keep the plan, so that apply carries out exactly this one.")
@OUT_MODE
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are differences.")
@click.option(
    "--compare",
    metavar="WORKSPACE",
    help="Show this workspace beside another one, and the plan of that one: what promoting would change there.",
)
@WHY
@SUMMARY
@option("unmanaged")
@REF
@options_for("plan")
def plan(
    settings: Settings,
    paths: tuple[str, ...],
    out: str | None,
    out_mode: int,
    detailed_exitcode: bool,
    compare: str | None,
    why: str | None,
    summary: bool,
    ref: str | None,
    **flags: Any,
) -> int:
    """Show what apply would do. Reads the account and changes nothing, by construction.

    Every difference says who moved: git (the manifest), live (somebody edited the account) or both.

    With --compare, each address is the same, differs, is only in one of the two accounts, or in neither yet: the
    manifests with the overlays of this workspace against the manifests with those of the other, references by name
    and secrets by where they come from; then what the other account does not hold of what its manifests want. Neither
    account is written to. --detailed-exitcode says 2 when promoting would change something.
    """
    from reconciler.api.plan import plan_now
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import deliver, home_of, reporting
    from reconciler.types.report import Report

    settings = settings.with_paths(paths).summarised(summary)
    flags.pop("lock_timeout")
    options = options_of(**flags, record=out is not None)
    with reporting("plan", settings):
        session = open_session(settings, ref=ref)
        if why is not None:
            from reconciler.cli.validate import show_why

            return show_why(settings, session, why)
        if compare is not None:
            from reconciler.api.compare import compare_now

            refuse_with_compare(options, out)
            found = compare_now(session, compare, options)
            return deliver(found.report(exit_code(found.plan, options, detailed=detailed_exitcode)), settings)
        looked = plan_now(session, options)
        made = looked.plan
        notes = (*looked.notes, *unmanaged_lines(made))
        if out is not None:
            notes = (*notes, save_plan(made, out, session, out_mode))
        code = exit_code(made, options, detailed=detailed_exitcode)
        findings = looked.findings
        report = Report("plan", session.workspace.name, made, None, findings, code, notes, home=home_of(session))
        return deliver(report, settings)


def exit_code(made: Plan, options: PlanOptions, *, detailed: bool) -> int:
    """2 for a plan that would do something, 1 for one that could not see all, where that was asked for."""
    if options.strict_complete and made.incomplete:
        return exit_codes.ERROR
    taken_in = made.mode == "refresh-only" and made.changes
    differs = bool(made.differences or made.all_blocks or taken_in)
    return exit_codes.DIFFERENCES if detailed and differs else exit_codes.DONE


def refuse_with_compare(options: PlanOptions, out: str | None) -> None:
    """Raise `UsageError` for flags that make a plan of another sort, or one to be carried out."""
    wrong = {
        "--out": out is not None,
        "--destroy": options.destroy,
        "--refresh-only": options.refresh_only,
        "--migrate": options.migrate,
        "--replace": bool(options.replace),
        "--unmanaged": options.unmanaged,
    }
    for flag in (flag for flag, given in wrong.items() if given):
        raise UsageError(
            f"--compare and {flag} exclude each other", hint="make the plan of one workspace with -w NAME"
        )


def unmanaged_lines(made: Plan) -> tuple[str, ...]:
    """One line for each object that nothing claims, where the plan lists them."""
    from reconciler.reporters.wording import unmanaged_line

    return tuple(unmanaged_line(replace(unmanaged, is_new=False)) for unmanaged in made.unmanaged)


def save_plan(made: Plan, out: str, session: Session, mode: int = 0o600) -> str:
    """Write the plan file, signed where there is a key; a line that says how to apply it."""
    from reconciler.api.paths import write_file
    from reconciler.core.planning.plan_file import dump_plan

    write_file(out, dump_plan(made, session.plan_key), mode=mode)
    if not made.applyable:
        return f"Saved the plan to {out}, to be looked at: apply refuses it as it stands."
    return f"Saved the plan to {out}. To carry out exactly this: {session.command('apply', out, workspace=False)}"


SHOW_EXAMPLES = """
reconciler show pr.plan
reconciler show pr.plan --format json
reconciler show pr.plan --report markdown=comment.md --report html=plan.html
"""


@command("show", examples=SHOW_EXAMPLES)
@SUMMARY
@click.argument("planfile", metavar="PLANFILE")
def show(settings: Settings, planfile: str, summary: bool) -> int:
    """Show a plan that `plan --out` saved; needs neither the project nor the account."""
    import os

    from reconciler.api.offline import load_plan
    from reconciler.api.paths import read_file
    from reconciler.api.session import plan_key
    from reconciler.cli.output import deliver, reporting
    from reconciler.types.report import Report

    with reporting("show", settings):
        if not os.path.lexists(planfile):
            raise ReconcilerError(
                f"{planfile}: no such file",
                hint="give a file that `reconciler plan --out FILE` wrote; what is recorded of one object is said by "
                "`reconciler state show ADDRESS`",
            )
        plan = load_plan(read_file(planfile), plan_key(os.environ))
        return deliver(Report("show", plan.workspace, plan), settings.summarised(summary))
