"""The client against a real server on 127.0.0.1: broken connections, bodies that end early, redirects, slowness."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from reconciler.errors import NotFound, OutcomeUnknown, Rejected, Unavailable, WriteRefused
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.types.address import Address
from reconciler.types.change import Request
from reconciler.types.options import Limits

KEY = "tvs-5e7c-the-key"
ADDRESS = Address("persona", "x")
CREATE = Request("POST", "/pals", ADDRESS, {"pal_name": "X"}, "create")
PATCH = Request("PATCH", "/pals/p1", ADDRESS, [{"op": "add", "path": "/greeting", "value": "hi"}])


class RealClock:
    """Real time, but waiting between attempts costs none."""

    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        pass


class Server:
    """Serves what `plan` says: one callable a request, the last one for ever."""

    def __init__(self) -> None:
        self.plan: list[Callable[[BaseHTTPRequestHandler], None]] = [answer(200, {"data": [], "total_count": 0})]
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                self.rfile.read(length)
                turn = min(len(outer.seen), len(outer.plan) - 1)
                outer.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                outer.plan[turn](self)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_one

            def log_message(self, *arguments: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/v2"

    def stop(self) -> None:
        self.release.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def answer(status: int, body: Any = None, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        if status not in (204, 304):
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        if status not in (204, 304):
            handler.wfile.write(content)

    return send


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Close without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Close with a reset."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    handler.connection.close()


def truncate(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def cut_chunks(handler: BaseHTTPRequestHandler) -> None:
    """A chunked body without its last chunk."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'a\r\n{"data": [\r\n')
    handler.close_connection = True


def garbage(handler: BaseHTTPRequestHandler) -> None:
    """Something that is no HTTP."""
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    handler.close_connection = True


BREAKAGES = [drop, reset, truncate, cut_chunks, garbage, answer(502), answer(503, None, Retry_After="1")]


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def open_provider(server: Server) -> Iterator[Callable[..., TavusProvider]]:
    made: list[TavusProvider] = []

    def make(**options: Any) -> TavusProvider:
        options = {"base_url": server.url, **options}
        made.append(TavusProvider(api_key=KEY, clock=RealClock(), random=lambda: 0.0, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_list_survives(server: Server, open_provider: Any, breakage: Any) -> None:
    server.plan = [breakage, breakage, answer(200, {"data": [{"pal_id": "p1"}], "total_count": 1})]
    assert list(open_provider().list("persona").objects) == ["p1"]
    assert len(server.seen) == 3


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_create_is_sent_once(server: Server, open_provider: Any, breakage: Any) -> None:
    server.plan = [breakage, answer(200, {"pal_id": "p2"})]
    with pytest.raises(OutcomeUnknown):
        open_provider().send(CREATE)
    assert len(server.seen) == 1


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_patch_is_sent_until_it_is_answered(server: Server, open_provider: Any, breakage: Any) -> None:
    server.plan = [breakage, answer(304)]
    assert open_provider().send(PATCH).status == 304
    assert [line[0] for line in server.seen] == ["PATCH", "PATCH"]


def test_a_delete_that_was_carried_out_unseen(server: Server, open_provider: Any) -> None:
    server.plan = [drop, answer(400, {"message": "Invalid persona_id"})]
    assert open_provider().send(Request("DELETE", "/pals/p1", ADDRESS, purpose="delete")).status == 204


def test_the_key_does_not_travel_to_another_host(server: Server, open_provider: Any) -> None:
    other = Server()
    try:
        server.plan = [
            answer(307, None, Location=f"{other.url}/pals"),
            answer(302, None, Location=f"{other.url}/pals"),
        ]
        for call in (lambda one: one.list("persona"), lambda one: one.send(CREATE), lambda one: one.send(PATCH)):
            with pytest.raises(Rejected, match="redirected"):
                call(open_provider())
        assert other.seen == []
        assert all(headers["x-api-key"] == KEY for _, _, headers in server.seen)
    finally:
        other.stop()


def test_a_redirect_to_the_other_spelling_is_followed(server: Server, open_provider: Any) -> None:
    server.plan = [answer(308, None, Location="/v2/pals/"), answer(200, {"pal_id": "p3"})]
    one = open_provider()
    assert one.created_id("persona", one.send(CREATE)) == "p3"
    assert [(method, path) for method, path, _ in server.seen] == [("POST", "/v2/pals"), ("POST", "/v2/pals/")]


def test_the_time_that_is_told_is_the_one_that_was_waited(server: Server, open_provider: Any) -> None:
    server.plan = [lambda handler: server.release.wait(30) and None]
    one = open_provider(timeout=30, limits=Limits(whole=0.2))
    with pytest.raises(Unavailable, match=r"no answer within 0\.2 s"):
        one.get("persona", "p1")


def test_a_silent_server_is_given_up(server: Server, open_provider: Any) -> None:
    server.plan = [lambda handler: server.release.wait(30) and None]
    one = open_provider(timeout=0.2)
    with pytest.raises(Unavailable, match="no answer within"):
        one.get("persona", "p1")
    assert len(server.seen) == 3
    with pytest.raises(OutcomeUnknown):
        one.send(CREATE)
    assert len(server.seen) == 4


def test_nobody_listens(open_provider: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v2"
        one = open_provider(base_url=address)
        with pytest.raises(Unavailable, match="cannot connect") as caught:
            one.send(CREATE)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert address in (caught.value.hint or "")


def test_a_server_that_closes_idle_connections(server: Server, open_provider: Any) -> None:
    """Each answer ends its connection without saying so: the next request notices before it is sent."""

    def close_after(handler: BaseHTTPRequestHandler) -> None:
        answer(200, {"data": [], "total_count": 0})(handler)
        handler.close_connection = True

    server.plan = [close_after]
    one = open_provider()
    for _ in range(5):
        assert one.list("persona").objects == {}


def test_a_reading_run_cannot_write(server: Server, open_provider: Any) -> None:
    one = open_provider(reading=True)
    one.list("persona")
    for request in (CREATE, PATCH, Request("DELETE", "/pals/p1", ADDRESS)):
        with pytest.raises(WriteRefused):
            one.send(request)
    assert [method for method, _, _ in server.seen] == ["GET"]


def test_many_threads_share_one_provider(server: Server, open_provider: Any) -> None:
    def one_of_many(handler: BaseHTTPRequestHandler) -> None:
        id = handler.path.partition("?")[0].rpartition("/")[2]
        answer(404 if id.endswith("7") else 200, {"pal_id": id})(handler)

    server.plan = [one_of_many]
    one = open_provider(parallelism=8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: one.get("persona", f"p{number}"), range(60)))
    assert [live.id if live else None for live in found] == [None if n % 10 == 7 else f"p{n}" for n in range(60)]


def test_a_proxy_in_the_environment_does_not_see_the_key(
    server: Server, open_provider: Any, monkeypatch: Any
) -> None:
    proxy = Server()
    try:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url.removesuffix("/v2"))
        open_provider().list("persona")
        assert proxy.seen == []
        assert len(server.seen) == 1
    finally:
        proxy.stop()


def test_a_key_that_is_refused_is_not_shown(server: Server, open_provider: Any) -> None:
    server.plan = [answer(404, {"message": f"no object for {KEY}"})]
    with pytest.raises(NotFound) as caught:
        open_provider().send(Request("DELETE", "/pals/p1", ADDRESS))
    assert KEY not in caught.value.message
