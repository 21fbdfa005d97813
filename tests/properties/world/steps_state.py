"""What happens to the state: entries renamed, forgotten, imported and refreshed, the whole lost, and the way back."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Collection

from reconciler.api.project import OpenedProject
from reconciler.errors import ReconcilerError
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Step, Violated, World
from tests.properties.world.project import WORKSPACES
from tests.properties.world.steps_account import known, target
from tests.properties.world.steps_files import renamed
from tests.properties.world.steps_runs import workspace_of


def propose_forget(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    return at and {"workspace": at[0], "address": at[1]}


def forget(world: World, workspace: str, address: str) -> None:
    """`state rm`: the live object stays."""
    if address not in world.memory[workspace]:
        raise Gone
    world.open(workspace).state.forget(address)
    del world.memory[workspace][address]


def propose_lose(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": "sandbox"} if world.memory["sandbox"] and rnd.random() < 0.5 else None


def lose(world: World, workspace: str) -> None:
    """The folder of the state is lost."""
    shutil.rmtree(world.project.folder / ".reconciler" / workspace, ignore_errors=True)
    world.memory[workspace] = {}
    world.moments.pop(workspace, None)


def propose_mv(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    return at and {"address": at[1], "name": rnd.choice(["other", "moved"])}


def mv(world: World, address: str, name: str) -> None:
    """`state mv` wherever the address is known, and the same name in the files: nothing changes."""
    to, project = f"{address.partition('.')[0]}.{name}", world.project
    stated = {*project.moves, *project.moves.values(), *project.removed}
    busy = {to} & {*project.docs, *stated, *world.memory["sandbox"], *world.memory["staging"]}
    if busy or address not in project.docs or address in stated:
        raise Gone
    for workspace in WORKSPACES:
        if address in world.memory[workspace]:
            world.open(workspace).state.move(address, to)
            world.memory[workspace][to] = world.memory[workspace].pop(address)
    found = project.docs[address]
    found.file = "all.yaml" if found.file.startswith("bare/") else found.file
    project.docs = {to if one == address else one: doc for one, doc in project.docs.items()}
    found.address = to
    for other in project.docs.values():
        other.spec = renamed(other.spec, address, to)
    for over in project.overlays.values():
        over["spec"] = renamed(over.get("spec", {}), address, to)
    if address in project.overlays:
        project.overlays[to] = project.overlays.pop(address)


def propose_import(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    return at and {"workspace": at[0], "address": at[1]}


def import_(world: World, workspace: str, address: str) -> None:
    """`state rm` and `import`: the account is only read, and the object is known as before."""
    if address not in world.project.docs or world.wanted(workspace)[address].observe:
        raise Gone
    id, wire = known(world, workspace, address), world.wires[workspace]
    account = wire.account()
    others = {a: e for a, e in world.memory[workspace].items() if a != address}
    _, verdict = world.judge(workspace, account, oracle.Run())
    if verdict.refused or address in verdict.blocked:
        raise Gone
    world.project.write()
    project = world.open(workspace)
    project.state.forget(address)
    world.memory[workspace] = others
    try:
        project.import_(address, id)
    except ReconcilerError as error:
        raise Violated("an object that was ours cannot be imported", f"{error} {error.hint}") from error
    after = wire.account()
    if after != account:
        moved = [(key, account.get(key), after.get(key)) for key in account if account[key] != after.get(key)]
        raise Violated("import wrote to the account", f"{address}: {moved}")
    world.memory[workspace] = world.recalled(workspace)


def propose_refresh(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)}


def refresh(world: World, workspace: str) -> None:
    """`apply --refresh-only`: nothing is written to the account and nothing is forgotten (C4)."""
    if not world.memory[workspace] or world.project.moves or world.project.removed:
        raise Gone
    outcome = world.apply(workspace, refresh_only=True, allow_mass_change=True)
    laws.check_secrets(world, outcome)
    if outcome.writes:
        raise Violated("a refresh wrote to the account", outcome.writes)
    laws.check_state(world, workspace)


def propose_back(world: World, rnd: random.Random) -> Step | None:
    workspace = workspace_of(rnd)
    count = len(world.moments.get(workspace, ()))
    return {"workspace": workspace, "moment": rnd.randrange(count - 1)} if count > 1 else None


def back(world: World, workspace: str, moment: int) -> None:
    """`state rollback`: what runs did since is undone, and nothing else (D5)."""
    moments = world.moments.get(workspace, [])
    if moment >= len(moments) - 1:
        raise Gone
    serial, then, memory, strangers = moments[moment]
    wire = world.wires[workspace]
    before = wire.account()
    stays: set[tuple[str, str | None]] = set()

    def do(project: OpenedProject, confirm: Callable[[Plan], bool]) -> ApplyResult:
        shown = project.state.plan_rollback(serial, allow_deletes=True, allow_mass_change=True)
        stays.update((str(one.address), one.pointer) for one in shown.diagnostics if one.code == "E-rollback")
        return project.state.rollback(serial, confirm=confirm, allow_deletes=True, allow_mass_change=True)

    outcome = world.run(workspace, do)
    laws.check_secrets(world, outcome)
    laws.check_twins(world, workspace, outcome)
    laws.check_announced(outcome)
    del moments[moment + 1 :]
    if outcome.error is not None:
        if outcome.writes or outcome.error.exit_code not in {1, 3, 64}:
            raise Violated("a refused rollback sent something", (outcome.error, outcome.writes))
        world.moments.pop(workspace)
        return
    if outcome.code:
        failed = [step for step in outcome.result.steps if step.outcome != "done"] if outcome.result else []
        raise Violated("a rollback failed half way", failed)
    ids = world.ids(workspace)
    if strangers == world.strangers:
        check_back(before, then, memory, outcome.after, ids, world, stays)
    world.memory[workspace] = world.recalled(workspace)
    world.moments.pop(workspace)


def check_back(
    before: oracle.Account, then: oracle.Account, memory: dict[str, oracle.Entry], now: oracle.Account,
    ids: dict[str, str], world: World, stays: Collection[tuple[str, str | None]],
) -> None:  # fmt: skip
    """Where nobody else did anything: every object that was managed then is as it was, but for what a variable has
    given since: what stood there before is not kept either, and the rollback says that it stays. What somebody else
    had changed before that moment, and the run left alone, is nothing that a run did."""
    new = {entry.id: ids.get(address) for address, entry in memory.items()}
    for address, entry in memory.items():
        kind = address.partition(".")[0]
        doc = world.project.docs.get(address)
        if entry.manifest is None or entry.manifest.ignore or (doc and doc.lifecycle):
            continue
        if address not in ids:
            raise Violated("a rollback does not know an object again", address)
        was, became = (
            dict(oracle.leaves(a.get((kind, one), {}))) for a, one in ((then, entry.id), (now, ids[address]))
        )
        for pointer, sent in entry.sent.items():
            value = was.get(pointer)
            if not oracle.same(pointer, value, sent):
                continue
            value = [new.get(one, one) for one in value] if isinstance(value, list) and _texts(value) else value
            value = new.get(value, value) if isinstance(value, str) else value
            if (address, pointer) in stays and became.get(pointer) in world.env.values():
                continue
            if not oracle.hidden(pointer) and not oracle.same(pointer, value, became.get(pointer)):
                raise Violated(
                    "a rollback did not go back", f"{address}{pointer}: {value!r} != {became.get(pointer)!r}"
                )


def _texts(value: list[object]) -> bool:
    return all(isinstance(one, str) for one in value)


STEPS = {
    "forget": Kind(2, propose_forget, forget),
    "lose": Kind(1, propose_lose, lose),
    "mv": Kind(2, propose_mv, mv),
    "import": Kind(2, propose_import, import_),
    "refresh": Kind(2, propose_refresh, refresh),
    "back": Kind(4, propose_back, back),
}
