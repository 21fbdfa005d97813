"""Network errors and deadlines: TLS that is none, and HTTP requests that end as a whole at a given time.

HTTP libraries count timeouts per packet: a server that sends a header a second holds a request for ever. The wrapped
network (`bound`) cuts each of their waits short, so the library's own timeout comes when the whole is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

T = TypeVar("T")
OVER = 0.001
"""Seconds that are left to a wait whose time is over: the library then raises its own timeout."""
NOT_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"}
)
"""OpenSSL's names (`ssl.SSLError.reason`) for an answer whose first bytes are no TLS; its versions differ."""

PLAIN = "what answers there does not speak TLS (is it an http:// address, or another port?)"


class Due:
    """When what this thread is doing must have ended; never, outside of `within`."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` is a clock that never runs backwards."""
        self._seconds = seconds
        self._at: ContextVar[float | None] = ContextVar("due", default=None)  # each thread has a context of its own

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """All waits of the block together take at most this long."""
        before = self._at.set(self._seconds() + seconds)
        try:
            yield
        finally:
            self._at.reset(before)

    def left(self, timeout: float | None) -> float | None:
        """The shorter of `timeout` and what is left."""
        if (at := self._at.get()) is None:
            return timeout
        left = max(OVER, at - self._seconds())
        return left if timeout is None else min(timeout, left)

    def check(self) -> None:
        """Raise `TimeoutError` when the time is over: a server that never pauses lets no wait run out."""
        if (at := self._at.get()) is not None and self._seconds() > at:
            raise TimeoutError("the whole request took too long")


class DeadlineNetwork:
    """The network of the HTTP library (its `NetworkBackend`), by its shape: this floor knows no such library."""

    def __init__(self, inner: Any, due: Due) -> None:
        self._inner = inner
        self._due = due

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> DeadlineStream:
        return DeadlineStream(self._inner.connect_tcp(host, port, timeout=self._due.left(timeout), **more), self._due)

    def connect_unix_socket(self, path: str, timeout: float | None = None, **more: Any) -> DeadlineStream:
        return DeadlineStream(
            self._inner.connect_unix_socket(path, timeout=self._due.left(timeout), **more), self._due
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class DeadlineStream:
    """One connection (its `NetworkStream`)."""

    def __init__(self, inner: Any, due: Due) -> None:
        self._inner = inner
        self._due = due

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = bytes(self._inner.read(max_bytes, timeout=self._due.left(timeout)))
        self._due.check()
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=self._due.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> DeadlineStream:
        left = self._due.left(timeout)
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, timeout=left), self._due)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def bound(transport: T, due: Due) -> T:
    """`transport` (an `httpx.HTTPTransport`), the connections that it opens from now on ending when they are due."""
    pool = cast(Any, transport)._pool  # what the library offers no way to set
    pool._network_backend = DeadlineNetwork(pool._network_backend, due)
    return transport


def bound_client(client: T, due: Due) -> T:
    """`client` (an `httpx.Client`), its own connections and those through proxies ending when they are due."""
    made = cast(Any, client)
    for transport in (made._transport, *made._mounts.values()):
        if transport is not None:
            bound(transport, due)
    return client


def speaks_plainly(error: BaseException) -> bool:
    """Whether what answered does not speak TLS: mostly an http address that was given as https."""
    return any(getattr(cause, "reason", None) in NOT_TLS for cause in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those behind it, the outermost first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
