"""Saved plans: fresh, stale, cut short and taken up again, and applied once too often."""

from __future__ import annotations

import random
from typing import Any

from reconciler.api.offline import load_plan
from reconciler.core.planning.plan_file import dump_plan
from reconciler.errors import ReconcilerError
from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Outcome, Step, Violated, World
from tests.properties.world.steps_runs import workspace_of
from tests.properties.world.wire import Fault

CUTS = ("kill-before", "kill-after", "lost-after", "500-before", "500-after")


def propose_save(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)}


def save(world: World, workspace: str) -> None:
    """`plan --out`."""
    account = world.wires[workspace].account()
    memory, verdict = world.judge(workspace, account, oracle.Run(deletes=True, mass=True))
    world.saved.pop(workspace, None)
    if verdict.code:
        raise Gone
    try:
        data = dump_plan(world.plan(workspace, allow_deletes=True, allow_mass_change=True, allow_empty=True))
    except ReconcilerError as error:
        raise Violated("no plan can be made", error) from error
    state, wanted = world.open(workspace).state.read(), world.wanted(workspace)
    world.saved[workspace] = {
        "data": data, "memory": memory, "verdict": verdict, "raw": world.wires[workspace].raw(),
        "env": dict(world.env), "state": (state.lineage, state.serial), "wanted": wanted,
    }  # fmt: skip


def propose_use(world: World, rnd: random.Random) -> Step | None:
    if not world.saved:
        return None
    cut = {"nth": rnd.randint(1, 4), "what": rnd.choice(CUTS)} if rnd.random() < 0.5 else None
    return {"workspace": rnd.choice(sorted(world.saved)), "cut": cut}


def use(world: World, workspace: str, cut: dict[str, Any] | None) -> None:
    """`apply PLANFILE`: as it was planned, or not at all; cut short, the rest is taken up (D4)."""
    kept = world.saved.get(workspace)
    if kept is None:
        raise Gone
    wire, state = world.wires[workspace], world.open(workspace).state.read()
    still = (state.lineage, state.serial) == kept["state"] or state.serial == kept["state"][1] == 0
    moved = wire.raw() != kept["raw"] or not still or world.env != kept["env"]
    if moved and not still:
        outcome = carry(world, workspace, kept["data"], None)
        writes = any(effect.action in {"create", "update", "delete"} for effect in kept["verdict"].effects)
        if outcome.code == 0 and outcome.writes:
            raise Violated("a stale plan was applied", outcome.writes)
        if outcome.code not in {0, 1, 5} and writes:
            raise Violated(f"a stale plan ended with {outcome.code}", outcome.error)
        if outcome.writes:
            raise Violated("a refused plan sent something", outcome.writes)
        return
    if moved:
        return
    before = wire.account()
    fault = Fault(**cut) if cut else None
    first = carry(world, workspace, kept["data"], fault)
    laws.check_secrets(world, first)
    last = first
    if fault and (first.killed or first.code):
        last = carry(world, workspace, kept["data"], None)
    last.before, last.plan = before, None
    memory = kept["memory"]
    laws.check_as_judged(world, workspace, last, kept["verdict"], memory, wanted=kept["wanted"])
    raw = wire.raw()
    third = carry(world, workspace, kept["data"], None)
    if third.writes or wire.raw() != raw:
        raise Violated("a plan was applied twice", third.writes)
    del world.saved[workspace]


def carry(world: World, workspace: str, data: bytes, fault: Fault | None) -> Outcome:
    """`apply PLANFILE`."""
    plan = load_plan(data)
    outcome = world.run(workspace, lambda project, confirm: project.apply(plan), fault=fault)
    outcome.plan = plan
    return outcome


STEPS = {"save": Kind(4, propose_save, save), "use": Kind(6, propose_use, use)}
