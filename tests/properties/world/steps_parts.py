"""Files and folders on the command line, crowds that meet the ratio, digest keys, a lock that is lost in mid-run."""

from __future__ import annotations

import random
from pathlib import PurePosixPath
from typing import Any
from unittest.mock import patch

from reconciler.api.connect import open_backend
from reconciler.backends.lease import HeldLease
from reconciler.types.change import Action
from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Step, Violated, World
from tests.properties.world.project import Doc
from tests.properties.world.steps_files import text
from tests.properties.world.steps_runs import watched, workspace_of
from tests.properties.world.trees import leaves
from tests.properties.world.wire import Fault
from tests.properties.world.words import Env

FLAGS = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True}
KEY, BEFORE = "RECONCILER_DIGEST_KEY", "RECONCILER_DIGEST_KEY_PREVIOUS"


def propose_part(world: World, rnd: random.Random) -> Step | None:
    files = sorted({doc.file for doc in world.project.docs.values()})
    if not files:
        return None
    chosen = rnd.choice(files)
    folder = PurePosixPath(chosen).parent.as_posix()
    return {"workspace": workspace_of(rnd), "path": rnd.choice([chosen, folder]) if folder != "." else chosen}


def part(world: World, workspace: str, path: str) -> None:
    """`-m PATH`: what stands elsewhere is neither changed nor deleted, and still what it was."""
    inside = [a for a, doc in world.project.docs.items() if doc.file == path or doc.file.startswith(f"{path}/")]
    if not inside:
        raise Gone
    # What no file holds any more may go; what stands in another file now stays (13.15).
    leaving = {a for a in world.memory[workspace] if a not in world.project.docs}
    # What the part refers to and nobody has is made along.
    specs = {a: oracle.needs(one.spec) for a, one in world.wanted(workspace).items()}
    needed = set().union(*(oracle.closure([a], specs) for a in inside)) - set(inside)
    place = world.project.manifests / path
    outcome = watched(world, workspace, paths=(place,), **FLAGS)
    laws.check_secrets(world, outcome)
    laws.check_announced(outcome)
    others = outcome.plan.changes if outcome.plan else ()
    others = [c for c in others if c.requests and str(c.address) not in {*inside, *leaving}]
    if any(c.action is not Action.CREATE or str(c.address) not in needed for c in others):
        raise Violated("a path let others through", [str(c.address) for c in others])
    if outcome.code not in {0, 1, 3} or (outcome.error and outcome.writes):
        raise Violated("a part of the manifests went wrong", (outcome.code, outcome.error, outcome.writes))
    memory = world.memory[workspace]
    world.memory[workspace] = world.recalled(workspace)
    lost = memory.keys() - world.memory[workspace].keys() - leaving - set(inside)
    if lost or world.project.docs.keys() & (memory.keys() - world.memory[workspace].keys()):
        raise Violated("a path made the state forget others", lost)


def propose_crowd(world: World, rnd: random.Random) -> Step | None:
    return (
        {"count": rnd.randint(9, 12)} if "guardrail.crowd0" not in world.project.docs and rnd.random() < 0.4 else None
    )


def crowd(world: World, count: int) -> None:
    """Many small documents in one file, so that the ratio of changes counts."""
    for number in range(count):
        address = f"guardrail.crowd{number}"
        known = {*world.project.docs, *world.project.moves, *world.project.removed}
        if address not in known:
            spec = {"guardrail_name": f"crowd_{number}", "guardrail_prompt": text(world)}
            world.project.docs[address] = Doc(address, spec, "crowd.yaml")


def propose_stir(world: World, rnd: random.Random) -> Step | None:
    many = [a for a in world.project.docs if a.startswith("guardrail.crowd")]
    return {"share": rnd.choice([0.2, 0.3, 0.4, 1.0]), "drop": rnd.random() < 0.3} if many else None


def stir(world: World, share: float, drop: bool) -> None:
    """A part of the crowd is edited, or dropped."""
    many = [a for a in world.project.docs if a.startswith("guardrail.crowd")]
    for address in many[: int(len(many) * share)]:
        if drop and not any(address in oracle.needs(doc.spec) for doc in world.project.docs.values()):
            world.project.docs.pop(address)
            world.project.overlays.pop(address, None)
        else:
            world.project.docs[address].spec["guardrail_prompt"] = text(world)


def propose_rekey(world: World, rnd: random.Random) -> Step | None:
    return {"key": rnd.choice(["digest-key-one", "digest-key-two"]), "bridge": rnd.random() < 0.5}


def rekey(world: World, key: str, bridge: bool) -> None:
    """A digest key is set, or changed, with the one before it as a bridge or without (D3)."""
    old = world.env.get(KEY)
    world.env[KEY] = key
    world.env.pop(BEFORE, None)
    if bridge and old and old != key:
        world.env[BEFORE] = old


def propose_unkeyed(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)} if KEY in world.env else None


def unkeyed(world: World, workspace: str) -> None:
    """A run that lacks the key of the state: as ever where no digest has to be written, else nothing at all (D3)."""
    if KEY not in world.env:
        raise Gone
    kept = {name: world.env.pop(name) for name in (KEY, BEFORE) if name in world.env}
    try:
        memory, verdict = world.judge(
            workspace, world.wires[workspace].account(), oracle.Run(deletes=True, mass=True)
        )
        outcome = world.apply(workspace, **FLAGS)
        secret = any(_holds_secret(one.spec) for one in world.wanted(workspace).values())
        if outcome.code == 1 and not verdict.code and secret:
            laws.check_secrets(world, outcome)
            if outcome.writes:
                raise Violated("a run without its digest key sent something", outcome.writes)
        else:
            laws.check_as_judged(world, workspace, outcome, verdict, memory)
    finally:
        world.env |= kept


def _holds_secret(spec: oracle.Tree) -> bool:
    return any(isinstance(value, Env) or oracle.hidden(pointer) for pointer, value in leaves(spec))


def propose_robbed(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd), "nth": rnd.randint(1, 4)}


def robbed(world: World, workspace: str, nth: int) -> None:
    """The lock is broken and the lease over, a request on its way: nothing more is sent; the next run heals."""
    before = world.wires[workspace].account()
    memory, verdict = world.judge(workspace, before, oracle.Run(deletes=True, mass=True))
    if verdict.code:
        raise Gone
    wire, sent = world.wires[workspace], []
    late = [0.0]

    def rob() -> None:
        backend = open_backend(world.open(workspace).session)
        holder = backend.holder()
        assert holder is not None
        backend.break_lock(holder.id)
        late[0] = 3600.0
        sent.append(len(wire.writes) + 1)

    left = HeldLease._left
    wire.on_edit = rob
    try:
        with patch.object(HeldLease, "_left", lambda self: left(self) - late[0]):
            outcome = world.apply(workspace, fault=Fault(nth, "edit"), **FLAGS)
    finally:
        wire.on_edit = lambda: None
    laws.check_secrets(world, outcome)
    laws.check_announced(outcome)
    if sent and len(outcome.writes) > sent[0]:
        raise Violated("a run that lost its lock went on", outcome.writes[sent[0] :])
    if sent and outcome.code != 4:
        raise Violated(f"a run that lost its lock ended with {outcome.code}", outcome.error)
    healed = world.apply(workspace, **FLAGS)
    healed.before, healed.writes, healed.plan = before, [], None
    laws.check_as_judged(world, workspace, healed, verdict, memory)
    laws.check_quiet(world, workspace, **FLAGS)


def propose_secret(world: World, rnd: random.Random) -> Step | None:
    world.count += 1
    name = rnd.choice(["KEY_A", "KEY_B", "NAME_A"])
    return {
        "name": name,
        "value": f"Hidden Name {world.count:04}" if name == "NAME_A" else f"sk-r-{world.count:04}-secret",
    }


def secret(world: World, name: str, value: str) -> None:
    """A key is rotated."""
    world.env[name] = value


STEPS: dict[str, Any] = {
    "part": Kind(3, propose_part, part),
    "crowd": Kind(2, propose_crowd, crowd),
    "stir": Kind(4, propose_stir, stir),
    "rekey": Kind(2, propose_rekey, rekey),
    "unkeyed": Kind(2, propose_unkeyed, unkeyed),
    "robbed": Kind(3, propose_robbed, robbed),
    "secret": Kind(2, propose_secret, secret),
}
