"""A clock that jumps, and a local backend in a folder: what tests of state need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.backends import BACKENDS
from reconciler.backends.context import BackendContext
from reconciler.core.state.state_document import parse_state
from reconciler.errors import StateError, StateLocked
from reconciler.types.event import Event
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo, State

RESCUE = "errored.state.json"


class JumpingClock:
    """Starts at the real time; sleeping only moves it on."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)
        self.slept: list[float] = []

    def now(self) -> str:
        return self.moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


class Events(list[Event]):
    """Collects what is emitted: hand in its `append`."""

    def of(self, kind: type) -> list[Event]:
        return [event for event in self if isinstance(event, kind)]


def open_local(folder: Path, *, type: str = "local", heartbeat: float = 15.0) -> Backend:
    """The backend of workspace `w` in a project at `folder`."""
    context = BackendContext(folder / ".reconciler" / "w", "w", heartbeat_seconds=heartbeat)
    return BACKENDS.get(type)(BackendSettings(type), context)


class Memory:
    """A backend without a journal. `failing` writes fail; `lost` ones arrive, though they say that they failed."""

    journal = None
    seal = None
    shows_holder = False

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.written: list[State] = []
        self.failing = 0
        self.lost = 0
        self.held = True

    def read(self) -> bytes | None:
        return self.data

    def write(self, data: bytes) -> None:
        if self.failing:
            self.failing -= 1
            raise StateError("the store is down")
        self.data = data
        self.written.append(parse_state(data))
        if self.lost:
            self.lost -= 1
            raise StateError("no answer")

    @contextmanager
    def lock(self, info: LockInfo, **rest: object) -> Iterator[Memory]:
        yield self

    def check(self) -> None:
        if not self.held:
            raise StateLocked("the lock was lost", holder={})

    def holder(self) -> LockInfo | None:
        raise AssertionError("a reader must not ask")

    def neighbours(self) -> Sequence[str]:
        return ()

    def stop_when(self, stop: Callable[[], bool]) -> None:
        pass

    def confirm(self, seconds: float) -> None:
        self.check()

    def close(self) -> None:
        pass

    def break_lock(self, id: str) -> None:
        raise AssertionError

    def describe(self) -> str:
        return "memory"
