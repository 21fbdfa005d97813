"""What a server does not say ends with the deadline, however busily it says nothing."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.api.session import SystemClock
from reconciler.backends.http_client import HttpClient, Retries
from reconciler.core.network import NOT_TLS, Due, speaks_plainly
from reconciler.errors import StateError, Unavailable
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy
from reconciler.platforms.tavus.client.tavus_client import Client
from reconciler.platforms.tavus.client.tavus_transport import open_transport

PARTS = {
    "never answers": (b"", b""),
    "drips headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "answers 103 for ever": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "floods with 103": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    "drips a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
}


@contextmanager
def server(head: bytes, drop: bytes) -> Iterator[str]:
    """Accepts everybody, says `head`, and then `drop` again and again until they hang up."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve(line: socket.socket) -> None:
        with line:
            try:
                line.recv(65536)
                line.sendall(head)
                while not over.wait(0.0 if len(drop) > 1000 else 0.05):
                    line.sendall(drop)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(line,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()


def test_a_wait_is_as_long_as_what_is_left():
    now = [0.0]
    due = Due(lambda: now[0])
    assert due.left(30) == 30
    assert due.left(None) is None
    with due.within(10):
        assert due.left(30) == 10
        assert due.left(2) == 2
        now[0] = 9.0
        assert due.left(None) == 1
        now[0] = 99.0
        assert 0 < due.left(30) < 0.1
    assert due.left(30) == 30


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_a_request_to_the_api_ends_at_its_deadline(parts):
    clock = SystemClock()
    due = Due(clock.monotonic)
    with server(*parts) as url:
        one = Client(
            api_key="k", base_url=url, transport=open_transport(url, 1, due), clock=clock, random=lambda: 0.0,
            timeout=0.15, policy=RetryPolicy(timeout=1, broken=1), due=due,
        )  # fmt: skip
        with pytest.raises(Unavailable):
            one.read("/pals")
        one.close()


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_a_request_to_a_state_server_ends_at_its_deadline(parts):
    with server(*parts) as url:
        line = HttpClient({}, True, 0.15, Retries(count=0))
        with pytest.raises(StateError, match="cannot be reached"):
            line.ask("GET", f"{url}/state")
        line.close()


def failure(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "any text")
    error.reason = reason
    return error


def test_the_reason_counts_however_deep_it_lies() -> None:
    for reason in NOT_TLS:
        outer = ConnectionError("x")
        outer.__cause__ = OSError("y")
        outer.__cause__.__context__ = failure(reason)
        assert speaks_plainly(outer)


def test_texts_and_other_reasons_do_not() -> None:
    assert not speaks_plainly(ConnectionError("[SSL: WRONG_VERSION_NUMBER]"))
    assert not speaks_plainly(failure("CERTIFICATE_VERIFY_FAILED"))


def test_a_ring_of_causes_ends() -> None:
    one, two = OSError("x"), OSError("y")
    one.__cause__, two.__cause__ = two, one
    assert not speaks_plainly(one)
