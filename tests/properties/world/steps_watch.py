"""A round of `watch`: with `auto` it ends as an apply of the same files does, looking alone it writes nothing."""

from __future__ import annotations

import random
from collections.abc import Callable

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
    return {"workspace": workspace_of(rnd), "mode": rnd.choice(["auto", "auto", "drift"])}


def watch(world: World, workspace: str, mode: str) -> None:
    """The account afterwards is that of an apply without flags, and the status says how that went."""
    world.project.write()
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


STEPS = {"watch": Kind(3, propose_watch, watch)}
