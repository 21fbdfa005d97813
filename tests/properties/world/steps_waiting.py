"""What others do while a run waits (E1); a second project (D1); another account's key; an account with a rate."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from reconciler.api.offline import load_plan
from reconciler.api.project import OpenedProject
from reconciler.api.watch import Fleet, Watched
from reconciler.errors import ReconcilerError
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from reconciler.types.watch import Mode, Watch
from tests.properties.world import laws, oracle
from tests.properties.world.machine import Gone, Kind, Step, Violated, World
from tests.properties.world.oracle import NAME
from tests.properties.world.steps_account import ask, known, target
from tests.properties.world.steps_files import FACE, leave_with, text
from tests.properties.world.steps_runs import workspace_of
from tests.properties.world.wire import open_wire
from tests.properties.world.words import PATHS
from tests.support.stores import place

FLAGS = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True}


def propose_waiting(world: World, rnd: random.Random) -> Step | None:
    workspace = workspace_of(rnd)
    personas = [a for a in world.memory[workspace] if a.startswith("persona.")]
    if not personas:
        return None
    return {"workspace": workspace, "address": rnd.choice(personas), "value": text(world),
            "what": rnd.choice(["edit", "edit", "delete"])}  # fmt: skip


def waiting(world: World, workspace: str, address: str, value: str, what: str) -> None:
    """Somebody edits, or deletes, a persona while the question is open; a second run then knows and does as told."""
    id, heard = known(world, workspace, address), []

    def others(plan: object) -> None:
        world.clock.sleep(60)
        heard.append(plan)
        if what == "delete":
            ask(world, workspace, "DELETE", f"/pals/{id}")
        else:
            ask(world, workspace, "PATCH", f"/pals/{id}", [{"op": "add", "path": "/greeting", "value": value}])

    outcome = world.apply(workspace, asked=others, **FLAGS)
    laws.check_secrets(world, outcome)
    laws.check_announced(outcome)
    laws.check_twins(world, workspace, outcome)
    body = outcome.after.get(("persona", id))
    if heard and what == "edit" and (body is None or body.get("greeting") != value):
        raise Violated("written over an edit that nobody saw", f"{address}: {body and body.get('greeting')!r}")
    world.memory[workspace] = world.recalled(workspace)
    again(world, workspace)


def again(world: World, workspace: str) -> None:
    """One more run, judged from where things stand."""
    memory, verdict = world.judge(workspace, world.wires[workspace].account(), oracle.Run(deletes=True, mass=True))
    outcome = world.apply(workspace, **FLAGS)
    laws.check_as_judged(world, workspace, outcome, verdict, memory)
    if outcome.code == 0:
        laws.check_quiet(world, workspace, **FLAGS)


def propose_rival(world: World, rnd: random.Random) -> Step | None:
    new = [a for a, d in world.project.docs.items() if d.kind == "persona" and a not in world.memory["sandbox"]]
    return {"address": rnd.choice(new)} if new else None


def rival(world: World, address: str) -> None:
    """Somebody makes an object of the same name while the question is open: no twin, the next run takes it over."""
    workspace, wire = "sandbox", world.wires["sandbox"]
    if address not in world.project.docs or address in world.memory[workspace]:
        raise Gone
    one = world.wanted(workspace)[address]
    if one.observe or oracle.named(wire.account(), "persona", one.name):
        raise Gone
    body = {"pal_name": one.name, "system_prompt": "theirs", "default_face_id": FACE}

    def others(plan: object) -> None:
        world.clock.sleep(60)
        ask(world, workspace, "POST", "/pals", body)

    outcome = world.apply(workspace, asked=others, **FLAGS)
    laws.check_announced(outcome)
    laws.check_twins(world, workspace, outcome)
    count = len(oracle.named(outcome.after, "persona", one.name))
    meant = sum(other.name == one.name and other.kind == "persona" for other in world.wanted(workspace).values())
    if count > max(1, meant):
        raise Violated("a twin was made while a run waited", f"{count} objects called {one.name}")
    world.memory[workspace] = world.recalled(workspace)
    again(world, workspace)


def propose_intruder(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd)} if any(world.memory.values()) else None


def intruder(world: World, workspace: str) -> None:
    """Another project whose settings lead to this state: refused, and nothing is touched."""
    if not world.memory[workspace]:
        raise Gone
    state = world.project.folder / ".reconciler" / workspace / "state.json"
    world.count += 1
    twin = world.fork()
    kept, raw = state.read_bytes(), twin.wires[workspace].raw()
    twin.project.name = "intruder"
    twin.project.state = {"backend": "local", "path": str(state)}
    outcome = twin.apply(workspace, **FLAGS)
    if outcome.writes or twin.wires[workspace].raw() != raw or state.read_bytes() != kept:
        raise Violated("another project wrote through this state", outcome.writes)
    if not isinstance(outcome.error, ReconcilerError) or outcome.code != 1:
        raise Violated("another project opened this state", outcome.code)


def propose_neighbours(world: World, rnd: random.Random) -> Step | None:
    here = all(importlib.util.find_spec(name) for name in ("obstore", "moto"))
    if not here or not world.project.docs or rnd.random() < 0.7:
        return None
    return {"workspace": workspace_of(rnd), "leave": sorted(a for a in world.project.docs if rnd.random() < 0.5)}


def neighbours(world: World, workspace: str, leave: list[str]) -> None:
    """Two projects with one bucket and workspaces of one name: neither sees the other's state (D1)."""
    with place("s3") as store:
        settings = {"backend": "s3", **store.settings(), "secret_access_key": {"env": "STORE_KEY"}}
    del settings["key"]
    both = [world.fork(), world.fork()]
    for address in leave:
        if address in both[1].project.docs:
            for name in leave_with(both[1], address):
                both[1].project.docs.pop(name, None)
                both[1].project.overlays.pop(name, None)
    for side in both:
        side.project.name, side.project.state = f"project-{uuid4().hex}", settings
        side.project.moves, side.project.removed = {}, []
        side.env["STORE_KEY"] = "test-secret-key"
        side.memory = {name: {} for name in side.memory}
    for side in both:
        again(side, workspace)
    if all(side.memory[workspace] for side in both):
        laws.check_quiet(both[0], workspace, **FLAGS)
        run = oracle.Run(deletes=True, mass=True, destroy=True)
        memory, verdict = both[1].judge(workspace, both[1].wires[workspace].account(), run)
        outcome = both[1].apply(workspace, destroy=True, allow_empty=True)
        laws.check_as_judged(both[1], workspace, outcome, verdict, memory)
        laws.check_state(both[0], workspace)
        laws.check_quiet(both[0], workspace, **FLAGS)


ASTRAY = ("apply", "refresh", "destroy", "migrate", "import", "back", "saved", "watch")


def propose_astray(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    return at and {"workspace": at[0], "address": at[1], "verb": rnd.choice(ASTRAY)}


def astray(world: World, workspace: str, address: str, verb: str) -> None:
    """The key of another account that holds objects of the same names: no verb writes to it, or to the state."""
    if not world.memory[workspace]:
        raise Gone
    world.project.write()
    ours, folder = world.wires[workspace], world.project.folder / ".reconciler" / workspace
    files = lambda: {name: read(folder / name) for name in ("state.json", "state.journal")}  # noqa: E731
    theirs = world.wires[workspace] = open_wire(world.mood)
    theirs.key = theirs.world.salt = theirs.world.owner_id = "another-account"
    try:
        for one in world.wanted(workspace).values():
            if one.kind in {"persona", "tool"}:
                word = NAME.get(one.kind, "name")
                spec = (
                    {"system_prompt": "Theirs.", "default_face_id": FACE}
                    if one.kind == "persona"
                    else {"description": "Theirs."}
                )
                with suppress(Gone):
                    ask(world, workspace, "POST", f"/{PATHS[one.kind]}", {word: one.name, **spec})
        raw, kept = theirs.raw(), files()
        outcome = world.run(workspace, lambda project, confirm: lost(world, project, confirm, address, verb))
        laws.check_secrets(world, outcome)
        if outcome.writes or theirs.raw() != raw:
            raise Violated("another account was written to", (verb, outcome.writes))
        if files() != kept:
            raise Violated("a run with the key of another account moved the state", verb)
        if verb != "watch" and outcome.code not in {1, 3, 5, 64}:
            raise Violated(f"a run with the key of another account ended with {outcome.code}", verb)
    finally:
        world.wires[workspace] = ours


def lost(
    world: World, project: OpenedProject, confirm: Callable[[Plan], bool], address: str, verb: str
) -> ApplyResult | None:
    """One verb that writes, whatever it says to which account it was meant for."""
    lifted: dict[str, Any] = {"allow_deletes": True, "allow_mass_change": True, "confirm": confirm}
    match verb:
        case "import":
            others = [
                id for (kind, id) in world.wires[project.workspace].account() if kind == address.partition(".")[0]
            ]
            if address not in world.project.docs or not others:
                raise Gone
            project.import_(address, others[0])
        case "back":
            moments = world.moments.get(project.workspace)
            if not moments:
                raise Gone
            return project.state.rollback(moments[0][0], **lifted)
        case "saved":
            kept = world.saved.get(project.workspace)
            if kept is None:
                raise Gone
            return project.apply(load_plan(kept["data"]))
        case "watch":
            watched = Watched(project.session, Watch(mode=Mode.AUTO))
            Fleet([watched], lambda one, done, before: None, lambda text: None).once()
        case _:
            word = {"refresh": "refresh_only"}.get(verb, verb)
            return project.apply(**lifted, allow_empty=True, **({} if verb == "apply" else {word: True}))
    return None


def read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def propose_rated(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": workspace_of(rnd), "rate": rnd.choice([None, 3, 40]), "together": rnd.choice([None, 1, 3])}


def rated(world: World, workspace: str, rate: int | None, together: int | None) -> None:
    """The account has a name and a rate from now on (or none): nothing else is different, and the rate is kept."""
    said = {"requests_per_second": rate, "concurrency": together}
    world.project.account = {key: value for key, value in said.items() if value is not None}
    wire, start = world.wires[workspace], world.clock.monotonic()
    asked = wire.asked
    memory, verdict = world.judge(workspace, wire.account(), oracle.Run(deletes=True, mass=True))
    outcome = world.apply(workspace, **FLAGS)
    sent, took = wire.asked - asked, world.clock.monotonic() - start
    laws.check_as_judged(world, workspace, outcome, verdict, memory)
    if rate is not None and sent > rate * (took + 1) + 1:
        raise Violated("an account got more requests than its rate", (sent, took, rate))


STEPS = {
    "astray": Kind(3, propose_astray, astray),
    "rated": Kind(1, propose_rated, rated),
    "neighbours": Kind(1, propose_neighbours, neighbours),
    "waiting": Kind(3, propose_waiting, waiting),
    "rival": Kind(2, propose_rival, rival),
    "intruder": Kind(1, propose_intruder, intruder),
}
