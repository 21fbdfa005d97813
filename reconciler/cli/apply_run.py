"""A writing run, from the question to the last line: shared by apply and destroy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.cli import exit_codes
from reconciler.cli.global_settings import Settings
from reconciler.cli.plan_flags import options_of
from reconciler.errors import PlanBlocked

if TYPE_CHECKING:
    from reconciler.cli.composition import Run
    from reconciler.engine.apply.writing_runs import Surroundings
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.plan import Plan
    from reconciler.types.report import ApplyResult


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
    from reconciler.cli.composition import open_run
    from reconciler.cli.confirmation import Declined, require_someone
    from reconciler.cli.output import reporting

    options = options_of(**flags, record=True)
    if not auto_approve:
        require_someone(verb)
    with reporting(verb, settings):
        run = open_run(settings, ref=ref)
        how = apply_options(
            run, force_maker=force_maker, lock_timeout=lock_timeout, accept_account=options.accept_account
        )

        def confirm(plan: Plan, manifests: ManifestSet) -> bool:
            present(plan, verb, run, manifests, asking=not auto_approve)
            return auto_approve or approve(plan, verb, run)

        try:
            done = apply_now(run, options, how, lambda: writing(run), confirm)
        except PlanBlocked as error:
            return refused(verb, run, error)
        if done.result is None:
            raise Declined(f"{verb} cancelled; nothing was sent")
        if not done.plan.differences:
            present(done.plan, verb, run, done.manifests, asking=False)
        return finish(verb, done.plan, done.result, run, done.manifests)


def carry_out_saved(
    settings: Settings, data: bytes, *, force_maker: bool, accept_account: bool, lock_timeout: float
) -> int:
    """Apply exactly this plan; its workspace is the default, and nobody is asked."""
    import os

    from reconciler.api.apply import apply_options, apply_plan
    from reconciler.api.session import plan_key
    from reconciler.cli.composition import open_run
    from reconciler.cli.output import reporting
    from reconciler.core.planning.plan_file import load_plan

    with reporting("apply", settings):
        plan = load_plan(data, plan_key(os.environ))
        run = open_run(settings, prefer=plan.workspace)
        how = apply_options(run, force_maker=force_maker, lock_timeout=lock_timeout, accept_account=accept_account)
        return finish("apply", plan, apply_plan(run, plan, how, lambda: writing(run)), run)


def for_machines(settings: Settings) -> bool:
    """Whether somebody wants more than a sentence on standard error."""
    return settings.format not in {None, "text"} or bool(settings.reports)


def refused(verb: str, run: Run, error: PlanBlocked) -> int:
    """Deliver the plan that was refused, and on standard error what blocks it and the ways out."""
    from reconciler.cli.error_output import told
    from reconciler.cli.output import deliver
    from reconciler.cli.stdio import say
    from reconciler.types.report import Report

    run.settle()
    code = deliver(Report(verb, run.workspace.name, error.plan, exit_code=error.exit_code), run.settings)
    for line in told(error):
        say(line)
    return code


@contextmanager
def writing(run: Run) -> Iterator[Surroundings]:
    """Backend, clock and events of the run; Ctrl-C is gentle from the first change on."""
    from reconciler.cli.interrupt import listening
    from reconciler.engine.apply.writing_runs import Surroundings
    from reconciler.types.event import Event, RunStarted

    with listening() as interrupts:

        def emit(event: Event) -> None:
            if isinstance(event, RunStarted):
                interrupts.graceful = True
            run.emit(event)

        run.claim()
        with closing(run.backend()) as backend:
            yield Surroundings(backend, run.clock, emit, interrupts.stop.is_set, run.rescue())


def present(plan: Plan, verb: str, run: Run, manifests: ManifestSet, *, asking: bool) -> None:
    """Show the plan: as the text report where that was asked for, else on standard error to who has to decide."""
    from reconciler.api.render import render_report as render
    from reconciler.cli.output import TEXT, style
    from reconciler.cli.stdio import gate, say, write
    from reconciler.types.report import Report, Style

    run.settle()
    without_files = plan.mode == "destroy" or plan.rollback is not None
    notes = () if without_files else run.remarks(manifests)
    report = Report("plan", run.workspace.name, plan, diagnostics=manifests.diagnostics, notes=notes)
    if run.settings.format in {None, TEXT}:
        write(render(report, TEXT, style(run.settings), gate()))
        write("\n")
    elif asking:
        say(render(report, TEXT, Style(), gate()))


def approve(plan: Plan, verb: str, run: Run) -> bool:
    """Ask the person at the terminal."""
    from reconciler.cli.confirmation import ask

    where = f"in workspace {run.workspace.name!r} ({plan.account.base_url})"
    if verb == "destroy":
        return ask("Do you really want to destroy all of these?", f"The objects are deleted {where}. No way back.")
    return ask("Do you want to perform these actions?", f"They are carried out {where}.")


def finish(verb: str, plan: Plan, result: ApplyResult, run: Run, manifests: ManifestSet | None = None) -> int:
    """Deliver what was done; the exit code says the worst of it."""
    from reconciler.cli.output import deliver
    from reconciler.types.report import Report

    run.settle()
    codes = [exit_codes.INTERRUPTED] if result.interrupted else []
    codes += [step.exit_code for step in result.steps if step.outcome != "done"]
    # A person has seen the findings about the manifests together with the plan.
    findings = manifests.diagnostics if manifests is not None else ()
    if not for_machines(run.settings):
        plan, findings = replace(plan, diagnostics=()), ()
    return deliver(Report(verb, run.workspace.name, plan, result, findings, exit_codes.worst(codes)), run.settings)
