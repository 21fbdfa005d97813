"""`reconciler state rollback`: an ordinary plan back to an earlier apply, kept in a file or carried out."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import exit_codes
from reconciler.cli.flags import OUT_MODE, approval, options_for, options_of
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

EXAMPLES = """
reconciler state history                       the serials to go back to
reconciler state rollback 12                   plan, show, ask, carry out
reconciler state rollback 12 --out back.plan   keep the plan; `reconciler apply back.plan` carries it out
reconciler state rollback 12 --target persona.claims-desk --auto-approve
"""


@command("rollback", examples=EXAMPLES)
@click.argument("serial", type=click.IntRange(min=0))
@click.option("--out", metavar="FILE", help="Change nothing: keep the plan, so that apply carries out exactly this.")
@OUT_MODE
@click.option("--detailed-exitcode", is_flag=True, help="With --out: exit with 2 when there are differences.")
@approval("state rollback")
@options_for("state rollback")
def rollback(
    settings: Settings,
    serial: int,
    out: str | None,
    out_mode: int,
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
    from reconciler.cli.output import reporting

    options = options_of(**flags, record=True)
    with reporting("rollback", settings):
        if out is not None:
            return keep_plan(settings, serial, options, out, out_mode, detailed_exitcode)
        return carry_out(settings, serial, options, auto_approve, force_maker, lock_timeout)


def keep_plan(settings: Settings, serial: int, options: Any, out: str, out_mode: int, detailed_exitcode: bool) -> int:
    """Make the plan with a client that cannot write, show it and keep it."""
    from reconciler.api.state import plan_rollback_now
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import deliver
    from reconciler.cli.plan import save_plan
    from reconciler.types.report import Report

    session = open_session(settings)
    made = plan_rollback_now(session, serial, options).plan
    differs = bool(made.differences or made.all_blocks)
    code = exit_codes.DIFFERENCES if detailed_exitcode and differs else exit_codes.DONE
    notes = (save_plan(made, out, session.plan_key, out_mode),)
    return deliver(Report("plan", session.workspace.name, made, exit_code=code, notes=notes), settings)


def carry_out(
    settings: Settings, serial: int, options: Any, auto_approve: bool, force_maker: bool, lock_timeout: float
) -> int:
    """Plan under the lock, show, ask, carry out."""
    from reconciler.api.apply import apply_options
    from reconciler.api.state import rollback_now
    from reconciler.cli.apply import require_someone, show_and_carry_out
    from reconciler.cli.composition import open_session
    from reconciler.types.manifest import ManifestSet

    if not auto_approve:
        require_someone("state rollback")
    session = open_session(settings)
    how = apply_options(
        session, force_maker=force_maker, lock_timeout=lock_timeout, accept_account=options.accept_account
    )
    return show_and_carry_out(
        "apply", settings, session,
        lambda run, confirm: rollback_now(run, serial, options, how, lambda plan: confirm(plan, ManifestSet())),
        auto_approve=auto_approve, declined="rollback cancelled",
    )  # fmt: skip
