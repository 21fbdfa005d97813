"""Object stores for tests: moto, which minds conditions, and a little one that ignores them as some real ones do."""

from __future__ import annotations

import hashlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reconciler.types.json import Object

BUCKET = "states"


def settings_for(address: str) -> Object:
    """What the project file says of a store on this machine."""
    return {
        "bucket": BUCKET, "endpoint": address, "region": "us-east-1",
        "access_key_id": "test-key-id", "secret_access_key": "test-secret-key",
    }  # fmt: skip


@contextmanager
def moto_server() -> Iterator[Object]:
    """Moto's S3 with an empty bucket.

    One request at a time: moto looks at the condition of a PUT and writes later, so that of two that meet both might
    be said to have been first, which no real store says.
    """
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: object) -> None:
            pass

    turn = threading.Lock()
    app = DomainDispatcherApplication(create_backend_app)

    def in_turn(environ: dict[str, Any], start: Any) -> list[bytes]:
        with turn:
            return list(app(environ, start))

    server = make_server("127.0.0.1", 0, in_turn, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request("PUT", f"/{BUCKET}", headers={"Authorization": "AWS test"})
        assert connection.getresponse().status == 200
        connection.close()
        yield settings_for(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Careless(BaseHTTPRequestHandler):
    """GET, PUT and DELETE of objects; every condition is ignored."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.objects[self.path.partition("?")[0]] = body
        self.answer(200, b"", body)

    def do_GET(self) -> None:
        body = self.objects.get(self.path.partition("?")[0])
        if body is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>", b"")
        else:
            self.answer(200, body, body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(200, b"<DeleteResult></DeleteResult>", b"")

    def do_DELETE(self) -> None:
        self.objects.pop(self.path.partition("?")[0], None)
        self.answer(204, b"", b"")

    def answer(self, status: int, body: bytes, of: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.md5(of).hexdigest()}"')
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 06:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def careless_server() -> Iterator[Object]:
    """A store that says yes to everybody."""
    handler = type("Handler", (Careless,), {"objects": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield settings_for(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
