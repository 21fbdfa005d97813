"""What a person decides about findings: drift answered field by field, warnings accepted in a baseline."""

from __future__ import annotations

import random
from typing import Any, cast
from unittest.mock import patch

from reconciler.api.boundary import plan_options
from reconciler.api.plan import accept_now, drift_now
from reconciler.api.validate import write_new_baseline
from reconciler.cli.drift_review import ACCEPT, IGNORE, REVERT, SKIP, Answers, ask_all
from reconciler.errors import ReconcilerError
from reconciler.types.diagnostic import Severity
from reconciler.types.plan import Plan
from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Step, Violated, World
from tests.properties.world.project import WORKSPACES
from tests.properties.world.steps_account import target
from tests.properties.world.steps_runs import workspace_of
from tests.properties.world.trees import under

BROKEN = ("findings: nonsense\n", "- [\n", "kind: Baseline\nfindings: [{code: L18}]\n")


def propose_review(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    said = rnd.choices([ACCEPT, REVERT, IGNORE, SKIP], k=4)
    return at and {"workspace": at[0], "answers": said}


def review(world: World, workspace: str, answers: list[str]) -> None:
    """`drift --review`: the files take in what was accepted or ignored, the account what was reverted, and what was
    skipped stays as it drifted."""
    if not world.memory[workspace] or world.project.moves or world.project.removed:
        raise Gone
    for doc in world.project.docs.values():
        doc.shared = False  # what is shared is not written into one manifest
    world.project.write()
    texts, raw = dict(world.project.written), world.wires[workspace].raw()
    session = world.open(workspace).session
    try:
        found = drift_now(session, plan_options())
    except ReconcilerError:
        raise Gone from None
    said = decide(found.plan, frozenset(found.addresses), answers)
    if said.accepted or said.ignored:
        try:
            accept_now(session, plan_options(), said.accepted, said.ignored)
        except ReconcilerError:
            world.project.reread()
            if world.project.written != texts:
                raise Violated("a refused review changed files", said) from None
            return
    if world.wires[workspace].raw() != raw:
        raise Violated("answers to drift wrote to the account", said)
    world.project.reread()
    wanted = world.wanted(workspace)
    for one in said.ignored:
        if not under(one.pointer, wanted[str(one.address)].ignore):
            raise Violated("what was to be ignored is not", (one, wanted[str(one.address)].ignore))
    left = places(drift_now(world.open(workspace).session, plan_options()).plan)
    done = {(str(one.address), one.pointer) for one in (*said.accepted, *said.ignored)}
    if left & done:
        raise Violated("an answer did not end the drift", left & done)
    stay = {(str(one.address), one.pointer) for one in (*said.reverted, *said.skipped)}
    if lost := stay - left:
        raise Violated("an answer ended the drift of what it was not about", (lost, said))
    if back := [str(address) for address in said.put_back()]:
        needed = {address: oracle.needs(one.spec) for address, one in wanted.items()}
        run = oracle.Run(frozenset(oracle.closure(back, needed)))
        memory, verdict = world.judge(workspace, world.wires[workspace].account(), run)
        outcome = world.apply(workspace, targets=back)
        laws.check_as_judged(world, workspace, outcome, verdict, memory)


def decide(plan: Plan, declared: frozenset[str], answers: list[str]) -> Answers:
    """What a person answers who says these words in turn; SKIP where one of them is not offered."""
    left = answers * (1 + sum(len(item.changes) for item in plan.drift))

    def ask(choices: tuple[str, ...]) -> str:
        word = left.pop(0)
        return word if word in choices else SKIP

    at = "reconciler.cli.drift_review"
    with patch(f"{at}.ask_one", ask), patch(f"{at}.show", lambda *shown: None):
        return ask_all(plan, declared, cast("Any", None))


def places(plan: Plan) -> set[tuple[str, str]]:
    """Everything that drifted."""
    return {(str(item.address), one.path) for item in plan.drift for one in item.changes}


def propose_baseline(world: World, rnd: random.Random) -> Step | None:
    return (
        {"workspace": workspace_of(rnd), "broken": rnd.choice([None, None, *BROKEN])} if world.project.docs else None
    )


def baseline(world: World, workspace: str, broken: str | None) -> None:
    """`validate --write-baseline`: no warning is left, the plan is the same, and twice is once; a broken one is an
    error that sends nothing, until it is written anew."""
    world.project.write()
    file = world.project.manifests / ".baseline.yaml"
    before = planned(world, workspace)
    accept_findings(world, workspace)
    kept = file.read_bytes() if file.exists() else b""
    accept_findings(world, workspace)
    if kept != (file.read_bytes() if file.exists() else b""):
        raise Violated("a second baseline says something else", kept)
    for name in WORKSPACES:
        warnings = [
            one for one in world.open(name).validate()
            if one.severity is Severity.WARNING and not one.accepted
        ]  # fmt: skip
        if warnings:
            raise Violated("a baseline left a warning", warnings)
    if planned(world, workspace) != before:
        raise Violated("a baseline changed the plan", before)
    if broken is not None:
        file.write_text(broken, "utf-8")
        outcome = world.apply(workspace, allow_deletes=True, allow_mass_change=True)
        if outcome.writes or outcome.code not in (1, 3):
            raise Violated("a broken baseline was passed over", (outcome.code, outcome.writes))
        accept_findings(world, workspace)


def accept_findings(world: World, workspace: str) -> None:
    try:
        write_new_baseline(world.open(workspace).session)
    except ReconcilerError:
        raise Gone from None


def planned(world: World, workspace: str) -> object:
    """What a plan would send, or how it fails."""
    try:
        return laws.requests_of(world.open(workspace).plan(allow_deletes=True, allow_mass_change=True))
    except ReconcilerError as error:
        return f"{error!r}"


def propose_policy(world: World, rnd: random.Random) -> Step | None:
    return {
        "deletes": rnd.choice(["deny", "deny", "allow", "never"]), "percent": rnd.choice([0, 30, 50, 100]),
        "least": rnd.choice([1, 3, 10]), "most": rnd.choice([None, None, 0, 1]),
        "protected": rnd.choice(["", "", "", "tool", "guardrail"]),
    }  # fmt: skip


def policy(world: World, **said: Any) -> None:
    """The project file says what a plan may do."""
    world.project.policy = oracle.Policy(**said)


STEPS = {
    "policy": Kind(2, propose_policy, policy),
    "review": Kind(4, propose_review, review),
    "baseline": Kind(2, propose_baseline, baseline),
}
