"""A clock that jumps, and a local backend in a folder: what tests of state need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.backends import BACKENDS
from reconciler.backends.context import BackendContext
from reconciler.types.event import Event
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings

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
