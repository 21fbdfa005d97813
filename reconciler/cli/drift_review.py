"""`reconciler drift --review`: one question for each field that somebody edited, and what the answers do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.cli import exit_codes
from reconciler.cli.output import home_of, is_terminal, say
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.cli.settings import Settings
    from reconciler.engine.plan.accept_drift import Wanted
    from reconciler.types.address import Address
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import DriftField, DriftItem, Plan

ACCEPT, REVERT, IGNORE, SKIP, QUIT = "accept", "revert", "ignore", "skip", "quit"
MEANS = {
    ACCEPT: "write the live value into the manifest",
    REVERT: "put the manifest's value back into the account (the plan is shown, and asks once more)",
    IGNORE: "leave the field to others: write it into lifecycle.ignore, and never compare it again",
    SKIP: "decide another time",
    QUIT: "ask no more; what was decided so far is done",
}


@dataclass(slots=True)
class Answers:
    """What was decided."""

    accepted: list[Wanted] = field(default_factory=list)
    ignored: list[Wanted] = field(default_factory=list)
    reverted: list[Wanted] = field(default_factory=list)
    skipped: list[Wanted] = field(default_factory=list)

    def put_back(self) -> list[Address]:
        """The objects that an apply may put back whole: of which nothing was skipped."""
        held = {wanted.address for wanted in self.skipped}
        return [
            address for address in dict.fromkeys(wanted.address for wanted in self.reverted) if address not in held
        ]


def require_terminal() -> None:
    """Raise `UsageError` where nobody could answer."""
    if not is_terminal(sys.stdin):
        raise UsageError(
            "drift --review asks, and there is no terminal to ask on",
            hint="drift --accept ADDR/POINTER takes a value without a question, apply --target ADDR puts one back",
        )


def review(settings: Settings, session: Session, options: PlanOptions, ref: str | None) -> int:
    """Ask about each edited field, carry the answers out; 2 while something is left as it drifted."""
    from reconciler.api.plan import accept_now, drift_now
    from reconciler.cli.drift import show_accepted

    if ref is not None:
        raise UsageError("--review writes into the files of the work tree; leave --ref out")
    looked = drift_now(session, options)
    session.hooks.settle()
    if not looked.plan.drift:
        say("No drift: there is nothing to review.")
        return exit_codes.DONE
    answers = ask_all(looked.plan, frozenset(looked.addresses), settings)
    code = exit_codes.DIFFERENCES if answers.skipped else exit_codes.DONE
    if answers.accepted or answers.ignored:
        done = accept_now(session, options, answers.accepted, answers.ignored)
        show_accepted(settings, replace(done, left=len(answers.skipped)), home_of(session), len(answers.ignored))
    back = answers.put_back()
    for address in dict.fromkeys(wanted.address for wanted in answers.reverted if wanted.address not in back):
        say(f"{address} stays as it is: a field of it was skipped, and an apply puts back the whole object.")
    return exit_codes.worst([code, revert(settings, back)]) if back else code


def revert(settings: Settings, addresses: Sequence[Address]) -> int:
    """Plan these objects anew, with the files as they are now; show, ask, apply."""
    from reconciler.api.apply import apply_now, apply_options
    from reconciler.api.boundary import plan_options
    from reconciler.cli.apply import show_and_carry_out
    from reconciler.cli.composition import open_session

    session = open_session(settings)
    options = plan_options(record=True, targets=addresses)
    how = apply_options(session, force_maker=False, lock_timeout=0.0, accept_account=False)
    return show_and_carry_out(
        "apply", settings, session, lambda run, confirm: apply_now(run, options, how, confirm),
        auto_approve=False, declined="nothing was put back",
    )  # fmt: skip


def ask_all(plan: Plan, declared: frozenset[str], settings: Settings) -> Answers:
    """The answers, field by field, in the order of the report."""
    from reconciler.engine.plan.accept_drift import Wanted

    answers = Answers()
    lists = {
        ACCEPT: answers.accepted, IGNORE: answers.ignored, REVERT: answers.reverted, SKIP: answers.skipped,
        QUIT: answers.skipped,
    }  # fmt: skip
    places = [(item, change) for item in plan.drift for change in item.changes]
    answer = SKIP
    for number, (item, change) in enumerate(places, 1):
        if answer != QUIT:
            show(plan, item, change, settings, f"{number} of {len(places)}")
            answer = ask_one(possible(item, change, declared))
        lists[answer].append(Wanted(item.address, change.path))
    return answers


def possible(item: DriftItem, change: DriftField, declared: frozenset[str]) -> tuple[str, ...]:
    """What can be done about one field: without a manifest nothing, and a secret or a lost object is not accepted."""
    if str(item.address) not in declared:
        return (SKIP, QUIT)
    if change.path == "":
        return (REVERT, SKIP, QUIT)
    if change.sensitive:
        return (REVERT, IGNORE, SKIP, QUIT)
    if item.reason == "observe":
        return (ACCEPT, IGNORE, SKIP, QUIT)
    return (ACCEPT, REVERT, IGNORE, SKIP, QUIT)


def show(plan: Plan, item: DriftItem, change: DriftField, settings: Settings, place: str) -> None:
    """One field, as the report shows it."""
    for line in shown_lines(plan, item, change, settings):
        say(line)
    say(f"[{place}] ", end="")


def shown_lines(plan: Plan, item: DriftItem, change: DriftField, settings: Settings) -> Iterator[str]:
    """The block of the report about one field."""
    from reconciler.cli.output import gate, style
    from reconciler.reporters.shown_leaves import with_names
    from reconciler.reporters.text.paint import Paint
    from reconciler.reporters.text.sections import drift_item_lines
    from reconciler.types.report import Report

    alone = replace(plan, drift=(replace(item, changes=(change,)),))
    report = with_names(gate().record(Report("drift", plan.workspace, alone)))
    yield ""
    if report.plan is not None:
        yield from drift_item_lines(report.plan.drift[0], Paint(replace(style(settings), color=False)))


def ask_one(choices: Sequence[str]) -> str:
    """One of the choices, by its name or first letter; asked again until it is one. The end of the input: quit."""
    from reconciler.reporters.messages import choice_lines

    question = ", ".join(f"[{choice[0]}]{choice[1:]}" for choice in choices)
    while True:
        say(f"{question}, ? for help: ", end="")
        try:
            line = sys.stdin.readline()
        except (OSError, UnicodeDecodeError):
            line = ""
        answer = line.strip().lower()
        if not line:
            say("")
            return QUIT
        for choice in choices:
            if answer in {choice, choice[0]}:
                return choice
        if answer != "?":
            say(f"{answer!r} is no answer." if answer else "Nothing was answered.")
        for help_line in choice_lines({choice: MEANS[choice] for choice in choices}):
            say(help_line)
