"""`reconciler apply | destroy | import`: a plan, saved or made on the spot, shown, approved and carried out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import command
from reconciler.cli.flags import REF, approval, option, options_for, options_of, spelling
from reconciler.cli.global_options import ADDRESS, DURATION
from reconciler.cli.output import ask, is_terminal
from reconciler.cli.settings import Settings
from reconciler.errors import PlanBlocked, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.api.apply import Carried
    from reconciler.api.session import Session
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.plan import Plan
    from reconciler.types.report import ApplyResult

    Confirm: TypeAlias = Callable[[Plan, ManifestSet], bool]
    from reconciler.types.address import Address

EXAMPLES = """
reconciler apply                          plan, show, ask, carry out
reconciler apply manifests/personas       the same for a part of the manifests
reconciler apply --auto-approve --lock-timeout 5m
reconciler apply pr.plan                  exactly what `plan --out pr.plan` saved; never asks
"""
DESTROY_EXAMPLES = """
reconciler -w sandbox destroy
reconciler destroy --target persona.claims-desk
reconciler destroy --auto-approve --exclude tool.lookup_policy
"""


@command("apply", examples=EXAMPLES)
@click.argument("paths", nargs=-1, metavar="[PLANFILE | PATH...]")
@approval("apply")
@REF
@options_for("apply")
def apply(settings: Settings, paths: tuple[str, ...], **flags: Any) -> int:
    """Carry out a plan: a saved one as it is, or one made now, shown, and approved by you.

    Ctrl-C lets running requests finish, saves and ends; a second one aborts at once.
    """
    saved = saved_plan(paths)
    if saved is None:
        if flags["ref"] is None:
            refuse_missing(paths)
        return carry_out("apply", settings.with_paths(paths), **flags)
    refuse_flags(flags)
    return carry_out_saved(
        settings, saved, force_maker=flags["force_maker"], accept_account=flags["accept_account"],
        lock_timeout=flags["lock_timeout"],
    )  # fmt: skip


@command("destroy", examples=DESTROY_EXAMPLES)
@approval("destroy")
@options_for("destroy")
def destroy(settings: Settings, **flags: Any) -> int:
    """Delete everything that this project manages; what is protected stays, and stops the run.

    What somebody outside of the run still uses is kept, and said.
    """
    return carry_out("destroy", settings, destroy=True, **flags)


def saved_plan(paths: tuple[str, ...]) -> bytes | None:
    """The bytes of the plan file among the arguments; None where they are manifests. Told apart by content."""
    from reconciler.api.paths import read_file
    from reconciler.core.planning.plan_file import looks_like_plan

    found = [path for path in paths if Path(path).is_file() and looks_like_plan(read_file(path))]
    if not found:
        return None
    if len(paths) > 1:
        raise UsageError(f"{found[0]} is a saved plan; it stands alone", hint="apply it, then the rest")
    return read_file(found[0])


def refuse_missing(paths: tuple[str, ...]) -> None:
    """Raise `UsageError` for a path that leads nowhere, before anybody is asked for approval."""
    from reconciler.manifests.tree.file_tree import missing_hint

    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                f"{path}: no such file or folder", hint=f"{missing_hint(path)}; or a plan: plan --out FILE"
            )


def refuse_flags(flags: dict[str, Any]) -> None:
    """A saved plan is carried out as it is: raise `UsageError` for what would have changed it."""
    harmless = {"auto_approve", "force_maker", "accept_account", "lock_timeout"}
    wrong = [name for name, value in flags.items() if value and name not in harmless]
    if wrong:
        raise UsageError(
            f"{spelling(wrong[0])} cannot change a saved plan",
            hint="make a new plan with it: reconciler plan --out FILE",
        )


class Declined(ReconcilerError):
    """The person at the terminal said no; nothing was sent."""


def require_someone(verb: str) -> None:
    """Raise `UsageError` when nobody could answer: known before anything is read."""
    if not is_terminal(sys.stdin):
        raise UsageError(
            f"{verb} asks before it writes, and there is no terminal to ask on",
            hint=f"give --auto-approve, or save a plan (plan --out FILE) and run: reconciler {verb} FILE"
            if verb == "apply"
            else "give --auto-approve; --out FILE keeps the plan, to be looked at first"
            if verb == "state rollback"
            else "give --auto-approve",
        )


def carry_out(
    verb: str,
    settings: Settings,
    *,
    auto_approve: bool,
    force_maker: bool,
    lock_timeout: float,
    ref: str | None = None,
    **flags: Any,
) -> int:
    """Plan under the lock, show, ask, apply; the worst exit code of what happened."""
    from reconciler.api.apply import apply_now, apply_options
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import reporting

    options = options_of(**flags, record=True)
    if not auto_approve:
        require_someone(verb)
    with reporting(verb, settings):
        session = open_session(settings, ref=ref)
        how = apply_options(
            session, force_maker=force_maker, lock_timeout=lock_timeout, accept_account=options.accept_account
        )
        return show_and_carry_out(
            verb, settings, session, lambda run, confirm: apply_now(run, options, how, confirm),
            auto_approve=auto_approve, declined=f"{verb} cancelled",
        )  # fmt: skip


def show_and_carry_out(
    verb: str,
    settings: Settings,
    session: Session,
    carry: Callable[[Session, Confirm], Carried],
    *,
    auto_approve: bool,
    declined: str,
) -> int:
    """Let `carry` make its plan under the lock and carry it out once it was shown and approved.

    Raises `Declined`, whose message begins with `declined`, where the person said no.
    """

    def confirm(plan: Plan, manifests: ManifestSet) -> bool:
        present(plan, settings, session, manifests, asking=not auto_approve)
        return auto_approve or approve(plan, verb, session)

    try:
        with interruptible(session) as run:
            done = carry(run, confirm)
    except PlanBlocked as error:
        return refused(verb, settings, session, error)
    if done.result is None:
        raise Declined(f"{declined}; nothing was sent")
    if not done.plan.differences:
        present(done.plan, settings, session, done.manifests, asking=False)
    return finish(verb, settings, session, done.plan, done.result, done.manifests.diagnostics)


def carry_out_saved(
    settings: Settings, data: bytes, *, force_maker: bool, accept_account: bool, lock_timeout: float
) -> int:
    """Apply exactly this plan; its workspace is the default, and nobody is asked."""
    import os

    from reconciler.api.apply import apply_options, apply_plan
    from reconciler.api.offline import load_plan
    from reconciler.api.session import plan_key
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import reporting

    with reporting("apply", settings):
        plan = load_plan(data, plan_key(os.environ))
        session = open_session(settings, prefer=plan.workspace)
        how = apply_options(
            session, force_maker=force_maker, lock_timeout=lock_timeout, accept_account=accept_account
        )
        with interruptible(session) as run:
            result = apply_plan(run, plan, how)
        return finish("apply", settings, session, plan, result)


def for_machines(settings: Settings) -> bool:
    """Whether somebody wants more than a sentence on standard error."""
    return settings.format not in {None, "text"} or bool(settings.reports)


def refused(verb: str, settings: Settings, session: Session, error: PlanBlocked) -> int:
    """Deliver the plan that was refused, and on standard error what blocks it and the ways out."""
    from reconciler.cli.output import deliver, home_of, say
    from reconciler.reporters.messages import error_lines
    from reconciler.types.report import Report

    session.hooks.settle()
    report = Report(verb, session.workspace.name, error.plan, exit_code=error.exit_code, home=home_of(session))
    code = deliver(report, settings)
    for line in error_lines(error):
        say(line)
    return code


@contextmanager
def interruptible(session: Session) -> Iterator[Session]:
    """The session of a run that writes: Ctrl-C is gentle from the first change on."""
    from reconciler.cli.composition import listening
    from reconciler.types.event import Event, RunStarted

    with listening() as interrupts:

        def emit(event: Event) -> None:
            if isinstance(event, RunStarted):
                interrupts.graceful = True
            session.emit(event)

        yield replace(session, emit=emit, stop=interrupts.stop.is_set)


def present(plan: Plan, settings: Settings, session: Session, manifests: ManifestSet, *, asking: bool) -> None:
    """Show the plan: as the text report where that was asked for, else on standard error to who has to decide."""
    from reconciler.api.manifests import manifest_notes
    from reconciler.api.render import render_report as render
    from reconciler.cli.output import TEXT, gate, say, style, write, write_as
    from reconciler.types.report import Report, Style

    session.hooks.settle()
    without_files = plan.mode == "destroy" or plan.rollback is not None
    notes = () if without_files else manifest_notes(session, manifests)
    report = Report("plan", session.workspace.name, plan, diagnostics=manifests.diagnostics, notes=notes)
    if settings.format in {None, TEXT}:
        write_as(TEXT, render(report, TEXT, style(settings), gate()))
        write("\n")
    elif asking:
        say(render(report, TEXT, Style(), gate()))


def approve(plan: Plan, verb: str, session: Session) -> bool:
    """Ask the person at the terminal."""
    where = f"in workspace {session.workspace.name!r} ({plan.account.base_url})"
    if verb == "destroy":
        return ask("Do you really want to destroy all of these?", f"The objects are deleted {where}. No way back.")
    return ask("Do you want to perform these actions?", f"They are carried out {where}.")


def finish(
    verb: str,
    settings: Settings,
    session: Session,
    plan: Plan,
    result: ApplyResult,
    findings: Sequence[Diagnostic] = (),
) -> int:
    """Deliver what was done; the exit code says the worst of it."""
    from reconciler.cli.output import deliver
    from reconciler.types.report import Report

    session.hooks.settle()
    codes = [exit_codes.INTERRUPTED] if result.interrupted else []
    codes += [step.exit_code for step in result.steps if step.outcome != "done"]
    # A person has seen the findings about the manifests together with the plan.
    if not for_machines(settings):
        plan, findings = replace(plan, diagnostics=()), ()
    report = Report(verb, session.workspace.name, plan, result, tuple(findings), exit_codes.worst(codes))
    return deliver(report, settings)


IMPORT_EXAMPLES = """
reconciler import persona.claims-desk p7c1e0a9b42d
reconciler -w production import tool.lookup_policy t0a1b2c3d4e5
"""


@command("import", examples=IMPORT_EXAMPLES)
@click.argument("address", type=ADDRESS, metavar="ADDR")
@click.argument("id", metavar="ID")
@option("accept_account")
@click.option("--lock-timeout", type=DURATION, default=0.0, metavar="DURATION", help="Wait this long for a lock.")
def import_(settings: Settings, address: Address, id: str, accept_account: bool, lock_timeout: float) -> int:
    """Record that the live object ID is ADDR. Writes nothing to the account.

    The manifest has to be there. Where it and the object differ, the next plan says so.
    """
    from reconciler.api.apply import apply_options, import_now
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import reporting

    with reporting("import", settings):
        session = open_session(settings)
        how = apply_options(session, lock_timeout=lock_timeout, accept_account=accept_account)
        with interruptible(session) as run:
            plan, result = import_now(run, address, id, how)
        return finish("import", settings, session, plan, result)
