"""Stores that fail for a while: tried again, with pauses that end when the user asks to stop."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS, open_state
from reconciler.backends.context import BackendContext
from reconciler.engine.state.state_session import open_session
from reconciler.errors import Interrupted, StateError
from reconciler.types.json import Object
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from tests.support.objectstore import settings_for
from tests.support.state import JumpingClock


class Failing(ThreadingHTTPServer):
    """Answers the first `failures` requests with `status`, all later ones with 404."""

    status = 503
    failures = 10**9
    asked = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 0.3
    """Seconds for a line of HTTP: what speaks something else is hung up on."""
    server: Failing

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked += 1
        failing = self.server.asked <= self.server.failures
        self.send_response(self.server.status if failing else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_POST = do_LOCK = do_UNLOCK = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Failing]:
    with Failing(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause that a store would have made."""
    found: list[float] = []
    monkeypatch.setattr("reconciler.backends.context.time.sleep", found.append)
    return found


def opened(type: str, server: Failing | Silent, folder: Path) -> Backend:
    address = f"http://127.0.0.1:{server.server_port}"
    settings: dict[str, Object] = {
        "http": {"address": f"{address}/state"},
        "s3": settings_for(address),
        "postgres": {"dsn": f"host=127.0.0.1 port={server.server_port} user=u dbname=d connect_timeout=5"},
    }
    if type == "s3":
        pytest.importorskip("obstore", reason="rare: obstore is not installed")
    if type == "postgres":
        pytest.importorskip("psycopg", reason="rare: psycopg is not installed")
    context = BackendContext(folder / ".reconciler" / "w", "w", dict(os.environ), owner=None)
    return open_state(BackendSettings(type, settings[type]), context)


class Silent:
    """Takes every connection and says nothing."""

    def __init__(self) -> None:
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.server_port = self._listener.getsockname()[1]
        self._kept: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                self._kept.append(self._listener.accept()[0])
            except OSError:
                return
            self.asked += 1

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in self._kept:
            one.close()


REMOTE = sorted(set(BACKENDS) - {"local"})


@pytest.mark.parametrize("type", REMOTE)
def test_pauses_between_tries_end_when_the_user_asks_to_stop(
    type: str, server: Failing, pauses: list[float], tmp_path: Path
) -> None:
    backend = opened(type, server, tmp_path)
    with (
        pytest.raises(Interrupted, match="the store of the state"),
        open_session(
            backend, workspace="w", operation="apply", clock=JumpingClock(), emit=lambda event: None,
            stop=lambda: True,
        ),
    ):  # fmt: skip
        pass
    assert pauses and max(pauses) <= 1.0, "short pauses are seen through, none is longer"


@pytest.mark.parametrize("type", REMOTE)
def test_a_store_that_takes_requests_and_answers_none_is_given_up_as_a_whole(
    type: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Five tries of a request would wait five times as long; and a run has several requests to go."""
    monkeypatch.setenv("RECONCILER_MAX_REQUEST_SECONDS", "1.2")
    server = Silent()
    try:
        backend = opened(type, server, tmp_path)
        for _ in range(2):
            with pytest.raises(StateError):
                backend.read()
        assert backend.neighbours() == ()
        assert server.asked <= 4, "two requests, at most two tries each"
    finally:
        server.close()


@pytest.mark.parametrize("type", ["http", "s3"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(
    type: str, status: int, server: Failing, pauses: list[float], tmp_path: Path
) -> None:
    server.status, server.failures = status, 2
    assert opened(type, server, tmp_path).read() is None
    assert (server.asked, len(pauses)) == (3, 2)


@pytest.mark.parametrize("type", ["http", "s3"])
@pytest.mark.parametrize("status", [400, 403])
def test_what_is_wrong_is_not_tried_again(
    type: str, status: int, server: Failing, pauses: list[float], tmp_path: Path
) -> None:
    server.status = status
    with pytest.raises(StateError):
        opened(type, server, tmp_path).read()
    assert pauses == []
