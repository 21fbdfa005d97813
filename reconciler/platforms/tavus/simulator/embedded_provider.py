"""The embedded provider: the real API client over a simulated service in this process, no socket and no key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from reconciler.errors import UsageError
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.rate_limiter import RateLimiter
from reconciler.platforms.tavus.client.open_provider import check_settings, vocabulary_of
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.simulator.faults import Faults, Mood
from reconciler.platforms.tavus.simulator.http_types import Call
from reconciler.platforms.tavus.simulator.service import Exchange, Seen, Service
from reconciler.platforms.tavus.simulator.world_store import Store
from reconciler.types.ports import Provider
from reconciler.types.project import ProviderSettings

BASE_URL = "http://simulator.localhost/v2"
WORLD = "world.json"


def open_provider(settings: ProviderSettings, context: ProviderContext) -> Provider:
    """Open the world of this workspace: that of the setting `world`, else `world.json` beside its state.

    The setting `faults` names a file of faults (and moods) to rehearse with. Both are relative to the project. Raises
    `UsageError`.
    """
    from reconciler.platforms.tavus.simulator.faults import load_faults

    check_settings(settings, known=("faults", "world"))
    faults, world = (_file_of(settings, name, context) for name in ("faults", "world"))
    if world is not None and world.suffix != ".json":
        raise UsageError(
            f"workspace {context.workspace}: provider.world is not the path of a JSON file",
            hint="for example world: ../account.json",
        )
    own = RateLimiter(context.clock, context.max_requests_per_second)
    key = f"simulator-{context.workspace}"
    return TavusProvider(
        api_key=key,
        base_url=BASE_URL,
        vocabulary=vocabulary_of(settings),
        reading=context.reading,
        transport=SimulatorTransport(
            world_path=world or Path(context.state_folder) / WORLD, faults=load_faults(faults) if faults else None
        ),
        parallelism=context.parallelism,
        pace=own if context.budget is None else context.pace(BASE_URL, key),
        policy=RetryPolicy(give_up_after=context.give_up_after),
        emit=context.emit,
        redactor=context.redactor,
        clock=context.clock,
        random=context.random,
        answers=context.answers,
    )


def _file_of(settings: ProviderSettings, name: str, context: ProviderContext) -> Path | None:
    value = settings.settings.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise UsageError(f"workspace {context.workspace}: provider.{name} is the path of a file")
    return context.files.get(name, Path(value))


class SimulatorTransport(httpx.BaseTransport):
    """Answers requests from the world at `world_path`, or from one in memory.

    A broken connection is `httpx.ReadError`, a broken body `httpx.RemoteProtocolError`, a latency longer than the
    client's read timeout `httpx.ReadTimeout`. Raises `ReconcilerError` when the world file cannot be used.
    """

    def __init__(
        self,
        world_path: Path | None,
        *,
        faults: Faults | None = None,
        mood: Mood | None = None,
        clock: Callable[[], str] | None = None,
    ) -> None:
        self.service = Service(Store(world_path), faults=faults, mood=mood, clock=clock)

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request so far: method, path, status."""
        return self.service.requests

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        call = Call(
            method=request.method.upper(),
            path=request.url.raw_path.decode("ascii").partition("?")[0],
            query=dict(request.url.params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.read(),
        )
        try:
            result = self.service.exchange(call, patience=_patience(request))
        except TimeoutError:
            raise httpx.ReadTimeout("the simulated service took too long", request=request) from None
        if result.status is None:
            raise httpx.ReadError("the simulated service broke the connection", request=request)
        if result.cut is not None:
            return httpx.Response(result.status, headers=result.headers, stream=_Broken(result, request))
        return httpx.Response(result.status, headers=result.headers, content=result.body)

    def close(self) -> None:
        self.service.close()


class _Broken(httpx.SyncByteStream):
    """A body that ends in the middle."""

    def __init__(self, result: Exchange, request: httpx.Request) -> None:
        self._result = result
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield self._result.body[: self._result.cut]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete body", request=self._request)


def _patience(request: httpx.Request) -> float | None:
    timeout = request.extensions.get("timeout")
    read = timeout.get("read") if isinstance(timeout, dict) else None
    return float(read) if isinstance(read, int | float) else None
