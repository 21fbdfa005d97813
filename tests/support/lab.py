"""A whole account in memory: the real client over the simulated service, a state, and plan and apply on top."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx

from reconciler.api.offline import load_catalogue
from reconciler.core.state.entry_records import renamed
from reconciler.engine.apply.execute_plan import Worker, apply_changes
from reconciler.engine.apply.step import PendingRead, StepContext
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.run_context import RunContext
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.platforms.tavus.simulator.faults import Faults, Mood
from reconciler.types.address import Address, SecretRef
from reconciler.types.event import Event
from reconciler.types.json import Object
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manifest, ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.ports import Backend, Emit
from reconciler.types.project import Policy, ProviderSettings, Workspace
from reconciler.types.report import ApplyResult
from reconciler.types.state import Entry, Intent, Move, Preimage, State

T = TypeVar("T")
BASE = "http://127.0.0.1/v2"


class JumpingClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> str:
        return "2026-11-21T12:00:00Z"

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def alone(step: Generator[PendingRead, LiveObject | None, T], provider: Any, clock: JumpingClock) -> T:
    """Carry a step, or a part of one, to its end, with nothing beside it."""
    try:
        look = next(step)
        while True:
            clock.sleep(look.after)
            look = step.send(provider.get(look.kind, look.id))
    except StopIteration as end:
        return cast("T", end.value)


class Vault:
    """Secrets by the name of their environment variable."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def resolve(self, reference: SecretRef) -> str | None:
        return self.values.get(reference.name) if reference.kind == "env" else None


class MemoryLedger:
    """The state of a run, kept in memory."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.mutex = threading.RLock()

    def confirm(self, seconds: float) -> None:
        pass

    together = False

    def announce(self, intents: Iterable[Intent], preimages: Iterable[Preimage] = ()) -> None:
        pass

    def begin(self, preimage: Preimage) -> None:
        pass

    def retract(self) -> None:
        pass

    def intend(self, intent: Intent) -> None:
        with self.mutex:
            self.drop(intent.address)
            self.state = replace(self.state, pending=(*self.state.pending, intent))

    def drop(self, address: Address) -> None:
        with self.mutex:
            pending = tuple(one for one in self.state.pending if one.address != address)
            self.state = replace(self.state, pending=pending)

    def rename(self, moves: Iterable[Move], preimages: Iterable[Preimage] = ()) -> None:
        with self.mutex:
            self.state = renamed(self.state, moves)

    def keep(self, address: Address, entry: Entry, *, previous: Address | None = None) -> None:
        with self.mutex:
            resources = {one: held for one, held in self.state.resources.items() if one != previous}
            self.state = replace(self.state, resources={**resources, address: entry})
            self.drop(address)

    def finish(self, address: Address) -> None:
        pass

    def batch(self) -> AbstractContextManager[None]:
        return nullcontext()

    def forget(self, address: Address) -> None:
        with self.mutex:
            resources = {one: held for one, held in self.state.resources.items() if one != address}
            self.state = replace(self.state, resources=resources)
            self.drop(address)


class Lab:
    """One account and one state. `vocabulary` may change between runs: the account is the same."""

    def __init__(
        self,
        mood: Mood | None = None,
        *,
        faults: Faults | None = None,
        vocabulary: str = "pal",
        world: Path | None = None,
    ) -> None:
        self.transport = SimulatorTransport(world, mood=mood or Mood(), faults=faults)
        self.clock = JumpingClock()
        self.vault = Vault(KEY="sk-first-secret-value", OTHER="sk-second-secret-value")
        self.vocabulary = vocabulary
        self.policy = Policy()
        self.parallelism = 1
        self.state = State("lineage", 0, "lab", salt="00ff")
        self.events: list[Event] = []
        self.client = httpx.Client(transport=self.transport, base_url=BASE, headers={"x-api-key": "somebody-else"})

    def provider(self, *, reading: bool = False) -> TavusProvider:
        return TavusProvider(
            api_key="our-own-key",
            base_url=BASE,
            vocabulary=self.vocabulary,
            reading=reading,
            transport=self.transport,
            parallelism=self.parallelism,
            clock=self.clock,
            random=lambda: 0.5,
        )

    def setting(self, *, reading: bool = False) -> RunContext:
        workspace = Workspace(
            "lab", ProviderSettings("simulator"), KINDS, policy=self.policy, parallelism=self.parallelism
        )
        return RunContext(
            workspace,
            self.provider(reading=reading),
            self.vault,
            self.clock,
            digest_key=b"lab",
            catalogue=load_catalogue,
        )

    def writing(self, backend: Backend, emit: Emit = lambda event: None, **more: Any) -> RunContext:
        """The same for a run that writes the state that `backend` keeps."""
        return replace(self.setting(), backend=backend, emit=emit, **more)

    def plan(self, *manifests: Manifest, **options: object) -> Plan:
        """A plan by a client that cannot write."""
        chosen = PlanOptions(**options)  # type: ignore[arg-type]
        return make_plan(as_set(manifests), self.state, chosen, self.setting(reading=True)).plan

    def apply(self, *manifests: Manifest, **options: object) -> ApplyResult:
        setting = self.setting()
        chosen = PlanOptions(record=True, **options)  # type: ignore[arg-type]
        planned = make_plan(as_set(manifests), self.state, chosen, setting)
        return self.carry_out(planned.plan, setting, listed=planned.listed)

    def carry_out(
        self,
        plan: Plan,
        setting: RunContext | None = None,
        stop: Callable[[], bool] = lambda: False,
        listed: Mapping[str, Sequence[str]] | None = None,
    ) -> ApplyResult:
        setting = setting or self.setting()
        ledger = MemoryLedger(self.state)
        steps = StepContext(
            setting.provider,
            ledger,
            setting.book(self.state),
            self.clock,
            {},
            self.clock.monotonic(),
            plan.namesakes,
            listed or {},
            refresh=plan.mode == "refresh-only",
        )
        try:
            return apply_changes(
                plan, Worker(steps), parallelism=self.parallelism, emit=self.events.append, stop=stop
            )
        finally:
            self.state = ledger.state

    def requests(self, *methods: str) -> list[tuple[str, str, int | None]]:
        """What the service was asked so far, by everybody."""
        return [
            (seen.method, seen.path, seen.status)
            for seen in self.transport.requests
            if not methods or seen.method in methods
        ]

    def writes(self) -> list[tuple[str, str, int | None]]:
        return self.requests("POST", "PATCH", "PUT", "DELETE")

    def id_of(self, address: str) -> str:
        return self.state.resources[Address.parse(address)].id

    def edit(self, address: str, *ops: Object) -> None:
        """Somebody edits a persona in the dashboard."""
        answer = self.client.patch(f"/pals/{self.id_of(address)}", json=list(ops))
        assert answer.status_code == 200, answer.text

    def names(self, collection: str = "pals") -> list[str]:
        """Names of the account's own objects."""
        word = {"pals": ("pal_type", "pal_name"), "tools": ("type", "name")}[collection]
        answer = self.client.get(f"/{collection}", params={"limit": 100, "page": 1, word[0]: "user"}).json()
        rows = answer if isinstance(answer, list) else answer.get("data", answer.get(collection))
        return [row[word[1]] for row in rows]


def as_set(manifests: Iterable[Manifest]) -> ManifestSet:
    return ManifestSet(tuple(manifests))
