"""A round of `watch`: with `auto` it ends as an apply of the same files does, and so does one of a plan that was
approved; looking, waiting, rejected or paused it writes nothing."""

from __future__ import annotations

import random
from collections.abc import Callable

from reconciler.api import watch_requests
from reconciler.api.project import OpenedProject
from reconciler.api.watch import Fleet, Watched
from reconciler.types.plan import Plan
from reconciler.types.watch import Mode, Round, Status, Watch
from tests.properties.world import laws
from tests.properties.world.machine import Kind, Step, Violated, World
from tests.properties.world.steps_migrate import facts
from tests.properties.world.steps_runs import workspace_of


def propose_watch(world: World, rnd: random.Random) -> Step | None:
    if not world.project.docs and not any(world.memory.values()):
        return None
    return {"workspace": workspace_of(rnd), "mode": rnd.choice(["auto", "drift", "approve", "reject", "pause"])}


def watch(world: World, workspace: str, mode: str) -> None:
    """The account afterwards is that of an apply without flags, and the status says how that went."""
    world.project.write()
    if mode not in ("auto", "drift"):
        asked(world, workspace, mode)
        return
    twin, rounds, complaints = world.fork(), list[Round](), list[str]()

    def one_round(project: OpenedProject, confirm: Callable[[Plan], bool]) -> None:
        watched = Watched(project.session, Watch(mode=Mode(mode)))
        rounds.extend(Fleet([watched], lambda one, done, before: None, complaints.append).once())

    outcome = world.run(workspace, one_round)
    (done,) = rounds
    laws.check_secrets(world, outcome)
    laws.check_twins(world, workspace, outcome)
    if complaints or "this is a bug" in done.reason:
        raise Violated("a round ended in a bug", (done, complaints))
    applied = twin.apply(workspace)
    if mode == "drift":
        if outcome.writes:
            raise Violated("a round that looks wrote something", outcome.writes)
        if done.status is Status.SYNCED and applied.writes:
            raise Violated("a round said all is well, and an apply wrote", applied.writes)
        return
    if (applied.code == 0) != (done.status is Status.SYNCED) or facts(applied.after) != facts(outcome.after):
        raise Violated("a round and an apply end differently", (done, applied.code, applied.error))
    world.memory[workspace] = world.recalled(workspace)


def asked(world: World, workspace: str, say: str) -> None:
    """Of what a person may say no round but that of an approved plan writes; that one ends as an apply does."""
    twin, before = world.fork(), world.wires[workspace].account()
    rounds, complaints = list[Round](), list[str]()

    def a_round(project: OpenedProject) -> Round:
        watched = Watched(project.session, Watch(mode=Mode.APPROVE))
        rounds.extend(Fleet([watched], lambda one, done, before: None, complaints.append).once())
        return rounds[-1]

    def look(project: OpenedProject, confirm: Callable[[Plan], bool]) -> None:
        if say == "pause":
            watch_requests.pause(project.session)
        a_round(project)
        if rounds[-1].status is Status.AWAITING_APPROVAL and say == "reject":
            watch_requests.reject(project.session, rounds[-1].plan or "")
            a_round(project)
        if say == "pause":
            watch_requests.resume(project.session)

    def carry_out(project: OpenedProject, confirm: Callable[[Plan], bool]) -> None:
        watch_requests.approve(project.session, rounds[-1].plan or "")
        a_round(project)

    outcome = world.run(workspace, look)
    if outcome.writes or facts(outcome.after) != facts(before):
        raise Violated("a round that waits for a person wrote something", (outcome.writes, rounds))
    wanted = {"pause": {Status.PAUSED}, "reject": set(Status) - {Status.AWAITING_APPROVAL}}.get(say, set(Status))
    if rounds and rounds[-1].status not in wanted:
        raise Violated("what a person said does not hold", rounds)
    if say == "approve" and rounds and rounds[-1].status is Status.AWAITING_APPROVAL:
        outcome = world.run(workspace, carry_out)
        laws.check_secrets(world, outcome)
        laws.check_twins(world, workspace, outcome)
        applied = twin.apply(workspace, allow_deletes=True, allow_mass_change=True)
        synced = rounds[-1].status is Status.SYNCED
        if (applied.code == 0) != synced or facts(applied.after) != facts(outcome.after):
            raise Violated("an approved plan and an apply end differently", (rounds, applied.code, applied.error))
        world.memory[workspace] = world.recalled(workspace)
    if complaints or any("this is a bug" in done.reason for done in rounds):
        raise Violated("a round ended in a bug", (rounds, complaints))


STEPS = {"watch": Kind(3, propose_watch, watch)}
