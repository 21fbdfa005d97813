"""A listener that notes what reaches it: a web server, and the proxy through which every other host is reached."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener:
    """`notes`: every request as `METHOD target` with its headers, one text each."""

    def __init__(self, url: str, notes: list[str]) -> None:
        self.url = url
        self.notes = notes

    def saw(self, text: str) -> bool:
        return any(text in note for note in self.notes)


@contextmanager
def listening(redirect: str | None = None) -> Iterator[Listener]:
    """Answers 404 to every method; with `redirect`, 307 to that address."""
    notes: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def note(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            notes.append(f"{self.command} {self.path}\n{self.headers}\n{body.decode('utf-8', 'replace')}")
            self.send_response(307 if redirect else 404)
            if redirect:
                self.send_header("Location", redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_LOCK = do_UNLOCK = do_CONNECT = note

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Listener(f"http://127.0.0.1:{server.server_address[1]}", notes)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
