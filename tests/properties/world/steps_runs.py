"""Runs of the tool: plain, narrowed, forced, interrupted by faults, and judged by the oracle."""

from __future__ import annotations

import random
from typing import Any

from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Outcome, Step, Violated, World
from tests.properties.world.project import WORKSPACES
from tests.properties.world.wire import Fault, Lag

FAULTS = ("kill-before", "kill-after", "lost-before", "lost-after", "500-before", "500-after", "503", "429", "page")


def workspace_of(rnd: random.Random) -> str:
    """Mostly the first one."""
    return rnd.choice(WORKSPACES[:1] * 3 + WORKSPACES[1:])


def propose_apply(world: World, rnd: random.Random) -> Step | None:
    if not world.project.docs and not any(world.memory.values()) and rnd.random() < 0.9:
        return None  # the same refusal again and again
    return {"workspace": workspace_of(rnd), "deletes": rnd.random() < 0.7, "mass": rnd.random() < 0.7,
            "words": rnd.choice(["pal", "pal", "persona"])}  # fmt: skip


def apply(world: World, workspace: str, deletes: bool, mass: bool, words: str) -> None:
    """An apply of everything; then the plan is empty, and twice is once."""
    before = world.wires[workspace].account()
    memory, verdict = world.judge(workspace, before, oracle.Run(deletes=deletes, mass=mass), empty=False)
    flags: dict[str, Any] = {"allow_deletes": deletes, "allow_mass_change": mass}
    outcome = watched(world, workspace, words=words, **flags)
    laws.check_as_judged(world, workspace, outcome, verdict, memory)
    if outcome.code == 0:
        laws.check_quiet(world, workspace, **flags)


def watched(world: World, workspace: str, **how: Any) -> Outcome:
    """An apply during which no persona is ever without a tool that it had before and has afterwards."""
    wire, seen = world.wires[workspace], []
    before = laws.tools_of(wire.account())
    wire.on_write = lambda: seen.append(laws.tools_of(wire.account()))
    try:
        outcome = world.apply(workspace, **how)
    finally:
        wire.on_write = lambda: None
    after = laws.tools_of(outcome.after)
    for id, names in before.items():
        for moment in seen:
            gap = (names & after.get(id, set())) - moment.get(id, set())
            if gap and id in after:
                raise Violated("a gap of tools during an apply", f"{id}: {gap}")
    return outcome


def propose_fault(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd), "nth": rnd.randint(1, 6), "what": rnd.choice(FAULTS)}


def fault(world: World, workspace: str, nth: int, what: str) -> None:
    """Anything goes wrong at one write; one more run, and everything is as if nothing had."""
    run = oracle.Run(deletes=True, mass=True)
    before = world.wires[workspace].account()
    memory, verdict = world.judge(workspace, before, run)
    if verdict.code:
        raise Gone
    flags = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True}
    broken = world.apply(workspace, fault=Fault(nth, what), **flags)
    laws.check_secrets(world, broken)
    laws.check_twins(world, workspace, broken)
    laws.check_announced(broken, broken=True)
    healed = world.apply(workspace, **flags)
    healed.before = before
    healed.writes, healed.plan = [], None
    laws.check_as_judged(world, workspace, healed, verdict, memory)
    laws.check_quiet(world, workspace, **flags)


def propose_lag(world: World, rnd: random.Random) -> Step | None:
    workspace = workspace_of(rnd)
    managed = sorted(entry.id for entry in world.memory[workspace].values())
    if not managed:
        return None
    side = rnd.choice(["list", "get", "both"])
    # What list and account deny again and again is gone, as far as anybody can tell.
    times = 2 if side == "both" else rnd.choice([1, 2, 3, 5, 99])
    return {"workspace": workspace, "id": rnd.choice(managed), "side": side, "times": times}


def lag(world: World, workspace: str, id: str, side: str, times: int) -> None:
    """One reading shows a managed object, another denies it: the run does its work, or says that it could not look;
    nothing is made or deleted for that, and once readings agree one more run does the rest."""
    wire = world.wires[workspace]
    before = wire.account()
    if id not in {key[1] for key in before}:
        raise Gone
    memory, verdict = world.judge(workspace, before, oracle.Run(deletes=True, mass=True))
    if verdict.code:
        raise Gone
    flags = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True}
    wire.lag = Lag(id, side, times)
    try:
        odd = world.apply(workspace, **flags)
    finally:
        wire.lag = None
    laws.check_secrets(world, odd)
    laws.check_twins(world, workspace, odd)
    laws.check_announced(odd, broken=True)
    if odd.code == 0 and odd.plan is not None and not odd.plan.incomplete:
        for text in oracle.faults(before, odd.after, verdict, world.ids(workspace)):
            raise Violated("a run that could not look said all is well", text)
    healed = world.apply(workspace, **flags)
    healed.before = before
    healed.writes, healed.plan = [], None
    laws.check_as_judged(world, workspace, healed, verdict, memory)
    laws.check_quiet(world, workspace, **flags)


def propose_narrow(world: World, rnd: random.Random) -> Step | None:
    docs = list(world.project.docs)
    if not docs:
        return None
    return {"workspace": workspace_of(rnd), "address": rnd.choice(docs), "how": rnd.choice(["targets", "excludes"])}


def narrow(world: World, workspace: str, address: str, how: str) -> None:
    """Only some addresses: a target takes in what it needs, an exclude takes out what needs it."""
    if address not in world.project.docs:
        raise Gone
    needed = {a: oracle.needs(m.spec) for a, m in world.wanted(workspace).items()}
    users = {a: {other for other, them in needed.items() if a in them} for a in needed}
    everything = set(needed) | set(world.memory[workspace])
    scope = oracle.closure([address], needed) if how == "targets" else everything - oracle.closure([address], users)
    if world.project.moves or world.project.removed:
        raise Gone
    run = oracle.Run(frozenset(scope), deletes=True, mass=True)
    memory, verdict = world.judge(workspace, world.wires[workspace].account(), run)
    flags: dict[str, Any] = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True, how: [address]}
    laws.check_as_judged(world, workspace, watched(world, workspace, **flags), verdict, memory)


def propose_read(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)}


def read(world: World, workspace: str) -> None:
    """Readers write nothing: neither in the account nor in the state."""
    wire, folder = world.wires[workspace], world.project.folder / ".reconciler" / workspace
    raw = wire.raw()
    files = lambda: {p.name: p.read_bytes() for p in folder.glob("*") if p.is_file()}  # noqa: E731
    kept = files()
    world.project.write()
    for verb in ("plan", "validate", "drift"):
        try:
            getattr(world.open(workspace), verb)()
        except Exception as error:
            if not hasattr(error, "exit_code"):
                raise
    if wire.raw() != raw or files() != kept:
        raise Violated("a reader wrote something", set(files()) ^ set(kept))


def propose_destroy(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)} if rnd.random() < 0.3 else None


def destroy(world: World, workspace: str) -> None:
    """Everything that is managed and not protected goes; what others use is kept."""
    run = oracle.Run(deletes=True, mass=True, destroy=True)
    memory, verdict = world.judge(workspace, world.wires[workspace].account(), run)
    outcome = world.apply(workspace, destroy=True, allow_empty=True)
    laws.check_as_judged(world, workspace, outcome, verdict, memory)


STEPS = {
    "apply": Kind(26, propose_apply, apply),
    "fault": Kind(6, propose_fault, fault),
    "lag": Kind(4, propose_lag, lag),
    "narrow": Kind(5, propose_narrow, narrow),
    "read": Kind(2, propose_read, read),
    "destroy": Kind(2, propose_destroy, destroy),
}
