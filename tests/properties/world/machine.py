"""The machine: one world, steps drawn by a seed or read from a file, and fewer of them when it fails."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from reconciler.api.project import OpenedProject, open_project
from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from tests.properties.world import oracle
from tests.properties.world.project import WORKSPACES, Project
from tests.properties.world.trees import circles
from tests.properties.world.wire import Fault, Killed, Sent, Wire, behind, open_wire
from tests.properties.world.words import Env
from tests.support.lab import JumpingClock

Step = dict[str, Any]


class Violated(AssertionError):
    """A law does not hold. `law` names it in a few words, for the shrinker and for people."""

    def __init__(self, law: str, detail: object) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law


@dataclass
class Outcome:
    """One run of the tool, and the account around it."""

    before: oracle.Account
    after: oracle.Account
    writes: list[Sent]
    plan: Plan | None = None
    result: ApplyResult | None = None
    error: ReconcilerError | None = None
    killed: bool = False
    shown: list[str] = field(default_factory=list)
    ended: int | None = None
    """The exit code of a process."""

    @property
    def code(self) -> int:
        """The exit code of the command line, or the one that it would give."""
        if self.ended is not None:
            return self.ended
        if self.error is not None:
            return self.error.exit_code
        failed = [step.exit_code for step in self.result.steps if step.outcome != "done"] if self.result else []
        return max(failed, default=0)


@dataclass
class World:
    """A project with two workspaces, their accounts, and what the oracle remembers of them."""

    folder: Path
    project: Project = field(init=False)
    wires: dict[str, Wire] = field(init=False)
    memory: dict[str, dict[str, oracle.Entry]] = field(init=False)
    env: dict[str, str] = field(default_factory=lambda: dict(ENV))
    clock: JumpingClock = field(default_factory=JumpingClock)
    secrets: set[str] = field(default_factory=set)
    saved: dict[str, Any] = field(default_factory=dict)
    mood: Mood = field(default_factory=Mood)
    moments: dict[str, list[Any]] = field(default_factory=dict)
    """Workspace -> (serial, account, memory, strangers) after each apply that went through."""
    strangers: int = 0
    """How often something happened that no run of ours did."""
    count: int = 0

    def __post_init__(self) -> None:
        self.project = Project(self.folder / "a")
        self.project.write()
        self.wires = {name: open_wire(self.mood) for name in WORKSPACES}
        self.memory = {name: {} for name in WORKSPACES}

    # the tool

    def open(
        self, workspace: str, *paths: Path, words: str = "pal", ref: str | None = None,
        cache: bool = True,
    ) -> OpenedProject:  # fmt: skip
        """The project as the Python API opens it, its accounts behind wires."""
        self.secrets |= set(self.env.values())
        root = self.project.folder
        opened = open_project(
            *paths, workspace=workspace, file=self.project.manifests / "reconciler.yaml", root=root, ref=ref,
            environ=self.env, cache=cache,
        )  # fmt: skip
        return OpenedProject(replace(opened.session, clock=self.clock, connect=behind(self.wires, words)))

    def run(
        self, workspace: str, do: Callable[[OpenedProject, Callable[[Plan], bool]], ApplyResult | None],
        *, fault: Fault | None = None, asked: Callable[[Plan], None] = lambda plan: None,
        paths: Sequence[Path] = (), words: str = "pal",
    ) -> Outcome:  # fmt: skip
        """One writing run. A kill leaves the disk as it was at that moment; its lock is taken away."""
        wire, kept = self.wires[workspace], self.folder / "kept"
        state = self.project.folder / ".reconciler"

        def freeze() -> None:
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(state, kept)

        wire.writes, wire.fault, wire.met, wire.on_kill = [], fault, 0, freeze
        outcome = Outcome(wire.account(), {}, wire.writes)

        def confirm(plan: Plan) -> bool:
            outcome.plan = plan
            asked(plan)
            return True

        try:
            outcome.result = do(self.open(workspace, *paths, words=words), confirm)
        except Killed:
            outcome.killed = True
            shutil.rmtree(state)
            kept.rename(state)
            for lock in state.rglob("*.lock"):
                lock.unlink()
        except ReconcilerError as error:
            outcome.error = error
            outcome.plan = outcome.plan or getattr(error, "plan", None)
        finally:
            wire.fault, wire.dead = None, False
        outcome.after = wire.account()
        return outcome

    def apply(self, workspace: str, **how: Any) -> Outcome:
        """An apply of the files as they are."""
        self.project.write()
        own = {key: how.pop(key) for key in ("fault", "asked", "paths", "words") if key in how}
        return self.run(workspace, lambda project, confirm: project.apply(confirm=confirm, **how), **own)

    def plan(self, workspace: str, paths: Sequence[Path] = (), **flags: Any) -> Plan:
        """A plan of the files as they are."""
        self.project.write()
        return self.open(workspace, *paths).plan(**flags)

    def fork(self) -> World:
        """The same files, accounts and states once more, to try the other way."""
        self.count += 1
        twin = World(self.folder / f"fork{self.count}", mood=self.mood)
        shutil.rmtree(twin.project.folder)
        twin.project = self.project.copy_to(twin.project.folder)
        twin.wires = {name: wire.fork() for name, wire in self.wires.items()}
        twin.memory = {name: dict(memory) for name, memory in self.memory.items()}
        twin.env, twin.clock, twin.secrets = dict(self.env), self.clock, set(self.secrets)
        return twin

    # the oracle

    def wanted(self, workspace: str) -> dict[str, oracle.Manifest]:
        """The manifests of a workspace."""
        return self.project.wanted(workspace, self.env)

    def judge(
        self, workspace: str, account: oracle.Account, run: oracle.Run, *, empty: bool = True
    ) -> tuple[dict[str, oracle.Entry], oracle.Verdict]:
        """What the oracle says of an apply: the memory that it starts from, and the verdict.

        `empty`: the run is told that nothing may be there."""
        account, run = copy.deepcopy(account), replace(run, policy=self.project.policy)
        memory, forgotten = oracle.moved(self.memory[workspace], self.project.moves, self.project.removed)
        wanted = self.wanted(workspace)
        verdict = oracle.judge(account, wanted, memory, run, self.env, len(forgotten))
        verdict.effects += forgotten
        # What an adopted list keeps and what is wanted may lead in a circle, which the API refuses.
        lead_back = {
            key for key, body in oracle.after(account, verdict).items()
            if key[0] == "objectives" and circles(body.get("data"))
        }  # fmt: skip
        for effect in verdict.effects:
            if effect.action == "update" and ("objectives", effect.id) in lead_back:
                verdict.blocked[effect.address] = "unfit"
        # What a Removed document lets go in this very run is not taken up by another manifest: that is a rename.
        released = {(e.address.partition(".")[0], e.id) for e in forgotten}
        for effect in verdict.effects:
            if effect.action == "update" and (effect.address.partition(".")[0], effect.id) in released:
                verdict.blocked[effect.address] = "probable_rename"
        if self.memory[workspace] and not wanted and not run.destroy and not (run.mass and run.deletes):
            verdict.blocked["*"] = "no manifest over a state"
        if not empty and not (wanted or self.memory[workspace] or self.project.moves or self.project.removed):
            verdict.refused["*"] = "nothing to look at"
        return memory, verdict

    def recalled(self, workspace: str) -> dict[str, oracle.Entry]:
        """The memory after a step that the oracle does not follow: what the state says, with today's values."""
        account, project = self.wires[workspace].account(), self.open(workspace)
        wanted, found = self.wanted(workspace), {}
        for one in project.state.list():
            address = str(one.address)
            sent = project.state.show(address).get("sent")
            flat = dict(oracle.leaves(account.get((address.partition(".")[0], one.id), {})))
            places = {pointer: flat.get(pointer) for pointer in sent} if isinstance(sent, dict) else {}
            found[address] = oracle.Entry(one.id, places, wanted.get(address))
        return found

    def ids(self, workspace: str) -> dict[str, str]:
        """Address -> id, as the tool's state has it."""
        return {str(one.address): one.id for one in self.open(workspace).state.list()}


# running, recording, shrinking


@dataclass(frozen=True)
class Kind:
    """One sort of step: how often, what it could be now (None: nothing), and how it is done."""

    weight: int
    propose: Callable[[World, random.Random], Step | None]
    run: Callable[..., None]


def steps() -> dict[str, Kind]:
    """All sorts of steps by name."""
    from tests.properties.world import (
        steps_account,
        steps_cache,
        steps_files,
        steps_migrate,
        steps_parts,
        steps_plans,
        steps_review,
        steps_runs,
        steps_state,
        steps_waiting,
        steps_watch,
        steps_ways,
    )  # fmt: skip

    modules = (
        steps_files, steps_account, steps_runs, steps_plans, steps_migrate, steps_state, steps_ways, steps_waiting,
        steps_parts, steps_watch, steps_cache, steps_review,
    )  # fmt: skip
    return {name: kind for module in modules for name, kind in module.STEPS.items()}


@dataclass(frozen=True)
class Failure:
    """A violated law and the steps that lead there."""

    law: str
    text: str
    steps: tuple[Step, ...]
    trace: str = ""

    def __str__(self) -> str:
        lines = "\n".join(json.dumps(step) for step in self.steps)
        return f"{self.text}\n\n{lines}\n\n{self.trace}"


def features(world: World, name: str, step: Step) -> set[str]:
    """What meets in a step: the step itself, its choices, and what the files and the memory hold by now."""
    found = {name} | {f"{key}={value}" for key, value in step.items() if isinstance(value, str | bool)}
    found |= {key for key, value in step.items() if isinstance(value, dict)}
    for doc in world.project.docs.values():
        found |= {doc.kind, *doc.lifecycle, *(("labels",) if doc.labels else ())}
        found |= {f"persona.{key}" for key in doc.spec} if doc.kind == "persona" else set()
        found |= {"named by a variable"} if isinstance(doc.spec.get("pal_name"), Env) else set()
        found |= {"vqa"} if "vqa" in doc.spec.get("layers", {}) else set()
        found |= {"inline"} if "tools" in doc.spec.get("layers", {}).get("llm", {}) else set()
    for over in world.project.overlays.values():
        found |= {"overlay", *(f"overlay.{key}" for key in over.get("lifecycle", ()))}
    found |= {"named by a variable"} if step.get("value") == {"env": "NAME_A"} else set()
    found |= {"moved"} if world.project.moves else set()
    found |= {"removed"} if world.project.removed else set()
    empty = not (world.project.docs or world.project.removed or world.project.moves)
    if "workspace" in step and world.memory[step["workspace"]].keys() - world.project.docs.keys():
        found.add("leaving")
    if "workspace" in step and not world.project.docs:
        found.add("nothing" if empty and not world.memory[step["workspace"]] else "no manifest")
    return found


def is_pending(world: World, name: str, step: Step) -> bool:
    """Whether the step mixes what is known not to hold yet."""
    return bool(PENDING) and any(pair <= features(world, name, step) for pair in PENDING)


def draw(
    seed: int, length: int, skip: Callable[[World, str, Step], bool] = is_pending, *, make: type[World] = World,
    often: Sequence[str] = (),
) -> tuple[list[Step], Failure | None]:  # fmt: skip
    """Play `length` steps drawn from a seed. `skip` leaves out what is known not to work yet; `make` says in what
    world; sorts in `often` come up ten times as often."""
    rnd, table, done = random.Random(seed), steps(), []
    weights = {name: kind.weight * rnd.choice(SWARM) for name, kind in table.items()}
    weights |= {name: 10 * table[name].weight for name in often}
    weights["new"] = weights["new"] or table["new"].weight
    with quick() if make is World else nullcontext(), tempfile.TemporaryDirectory() as folder:
        world = make(Path(folder), mood=rnd.choice(MOODS))
        done.append({"do": "mood", "mood": MOODS.index(world.mood)})
        while len(done) <= length:
            (name,) = rnd.choices(list(weights), list(weights.values()))
            step = table[name].propose(world, rnd)
            if step is None or skip(world, name, step):
                continue
            done.append({"do": name, **step})
            failure = attempt(world, done[-1], table)
            if failure:
                return done, replace(failure, steps=tuple(done))
    return done, None


def replay(recorded: Iterable[Step], skip: Callable[[World, str, Step], bool] = lambda *at: False) -> Failure | None:
    """Play recorded steps; one whose ground is gone is passed over."""
    recorded, table = list(recorded), steps()
    mood = MOODS[recorded[0]["mood"]] if recorded and recorded[0]["do"] == "mood" else MOODS[0]
    with quick(), tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), mood=mood)
        for number, step in enumerate(recorded):
            if step["do"] != "mood" and not skip(world, step["do"], step):
                failure = attempt(world, step, table)
                if failure:
                    return replace(failure, steps=tuple(recorded[: number + 1]))
    return None


@contextmanager
def quick() -> Iterator[None]:
    """Digests and files that cost nothing: what makes them slow on purpose is no part of any law here."""

    def cheap(password: bytes, *, salt: bytes, dklen: int = 64, **cost: int) -> bytes:
        return hashlib.blake2b(
            password, salt=hashlib.blake2b(salt, digest_size=16).digest(), digest_size=dklen
        ).digest()

    with patch("hashlib.scrypt", cheap), patch("os.fsync", lambda file: None):
        yield


def attempt(world: World, step: Step, table: dict[str, Kind]) -> Failure | None:
    """Do one step; what went wrong, if anything did. Any exception that is not ours is a violation, too."""
    world.strangers += step["do"] in STRANGE
    try:
        table[step["do"]].run(world, **{key: value for key, value in step.items() if key != "do"})
    except Gone:
        return None
    except Violated as error:
        return Failure(error.law, str(error), ())
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return Failure(f"crash {type(error).__name__} {at.name}", f"{step}: {error!r}", (), traceback.format_exc())
    return None


class Gone(Exception):
    """What the step speaks of is not there (any more): it is passed over."""


def shrink(failure: Failure, budget: int = 400) -> Failure:
    """Fewer steps that violate the same law: ever smaller chunks are left out."""
    best, size = failure, max(1, len(failure.steps) // 2)
    while size and budget > 0:
        position, smaller = len(best.steps) - 1 - size, False
        while position >= 0 and budget > 0:
            budget -= 1
            fewer = best.steps[:position] + best.steps[position + size :]
            found = replay(fewer, is_pending)
            if found and found.law == best.law:
                best, smaller = found, True
            position -= size
        size = size if smaller and size == 1 else size // 2 if not smaller or size > 1 else 0
    return best


ENV = {"KEY_A": "sk-a-0001-secret", "KEY_B": "sk-b-0001-secret", "NAME_A": "Hidden Name 0001"}
# Features that do not yet hold when they meet; see `features` for the words. The aim is an empty table.
PENDING: tuple[frozenset[str], ...] = ()
STRANGE = {
    "touch", "plant", "foreign", "delete", "attach", "forget", "lose", "mv", "import", "refresh", "narrow", "waiting",
    "part", "unkeyed", "robbed",
}  # fmt: skip
SWARM = (0, 1, 1, 4)
"""Each sequence does some sorts of steps never and others often: mixtures that one set of weights would not meet."""
MOODS = (
    Mood(), Mood(defaults="hide"), Mood(items="summary", tool_ids=False), Mood(secrets="omit", headers="omit"),
    Mood(get="wrapped", list_key="bare"), Mood(interruptibility="replica", patch_answer="empty"),
)  # fmt: skip
__all__ = ["Env", "Failure", "Gone", "Kind", "Outcome", "Step", "Violated", "World", "draw", "replay", "shrink"]
