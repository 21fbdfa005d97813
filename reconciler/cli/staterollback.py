"""`reconciler state rollback`: an ordinary plan back to an earlier apply, kept in a file or carried out."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import exits
from reconciler.cli.apply import APPROVAL
from reconciler.cli.group import command
from reconciler.cli.planning import CHOICE, SAFETY, with_flags
from reconciler.cli.settings import Settings

EXAMPLES = """
reconciler state history                       the serials to go back to
reconciler state rollback 12                   plan, show, ask, carry out
reconciler state rollback 12 --out back.plan   keep the plan; `reconciler apply back.plan` carries it out
reconciler state rollback 12 --target persona.claims-desk --auto-approve
"""


@command("rollback", examples=EXAMPLES)
@click.argument("serial", type=click.IntRange(min=0))
@click.option("--out", metavar="FILE", help="Change nothing: keep the plan, so that apply carries out exactly this.")
@click.option("--detailed-exitcode", is_flag=True, help="With --out: exit with 2 when there are differences.")
@with_flags(APPROVAL, CHOICE[:2], SAFETY)
def rollback(
    settings: Settings,
    serial: int,
    out: str | None,
    detailed_exitcode: bool,
    auto_approve: bool,
    force_maker: bool,
    lock_timeout: float,
    **flags: Any,
) -> int:
    """Go back to the moment right after the apply of SERIAL: a plan like any other, reviewed and applied.

    Puts back what runs have written since, and nothing else. Inline tools return before registry tools are detached;
    deleted objects are made again; personas made since are deletes (blocked without --allow-deletes); tools and other
    shared objects made since stay as orphans. The manifests in git are then ahead: take them back, too.
    """
    from reconciler.cli.outcome import reporting
    from reconciler.cli.planning import options_of

    options = options_of(**flags, record=True)
    with reporting("rollback", settings):
        if out is not None:
            return plan_back(settings, serial, options, out, detailed_exitcode)
        return go_back(settings, serial, options, auto_approve, force_maker, lock_timeout)


def plan_back(settings: Settings, serial: int, options: Any, out: str, detailed_exitcode: bool) -> int:
    """Make the plan with a client that cannot write, show it and keep it."""
    from reconciler.cli.outcome import deliver
    from reconciler.cli.plan import keep
    from reconciler.cli.planning import look
    from reconciler.cli.wiring import open_run
    from reconciler.engine.rollback import plan_rollback
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.report import Report

    run = open_run(settings)
    secrets = run.secrets()
    with run.provider(secrets, reading=True) as provider:
        made = look(
            run, provider, ManifestSet(), secrets,
            lambda state, setting: plan_rollback(serial, state, options, setting)[0],
        )  # fmt: skip
    differs = bool(made.differences or made.all_blocks)
    code = exits.DIFFERENCES if detailed_exitcode and differs else exits.DONE
    return deliver(Report("plan", run.workspace.name, made, exit_code=code, notes=(keep(made, out),)), settings)


def go_back(
    settings: Settings, serial: int, options: Any, auto_approve: bool, force_maker: bool, lock_timeout: float
) -> int:
    """Plan under the lock, show, ask, carry out."""
    from reconciler.cli.confirm import Declined, require_someone
    from reconciler.cli.wiring import open_run
    from reconciler.cli.writing import apply_options, approve, finish, present, refused, writing
    from reconciler.engine.run import apply_rollback
    from reconciler.errors import PlanBlocked
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.plan import Plan

    if not auto_approve:
        require_someone("state rollback")
    run = open_run(settings)
    secrets, none = run.secrets(), ManifestSet()
    how = apply_options(run, force_maker, lock_timeout, options.accept_account)

    def confirm(plan: Plan) -> bool:
        present(plan, "apply", run, none, asking=not auto_approve)
        return auto_approve or approve(plan, "apply", run)

    try:
        with run.placing(none), run.provider(secrets, reading=False) as provider, writing(run) as around:
            setting = run.setting(provider, secrets)
            plan, result = apply_rollback(serial, setting, around, options, how, confirm=confirm)
    except PlanBlocked as error:
        return refused("apply", run, error)
    if result is None:
        raise Declined("rollback cancelled; nothing was sent")
    if not plan.differences:
        present(plan, "apply", run, none, asking=False)
    return finish("apply", plan, result, run)
