"""An account that keeps what is written, and counts the requests: GET /count answers them by method and place."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonpatch

PAGE = 100


def main() -> None:
    """Serve on a free port; prints the base URL."""
    objects: dict[str, dict[str, Any]] = {}
    counts: Counter[str] = Counter()
    guard = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, body: object, status: int = 200) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def place(self) -> tuple[str, str | None]:
            """The collection and the id of the request, counted."""
            _, _, kind, *rest = urlsplit(self.path).path.rstrip("/").split("/")
            with guard:
                counts[f"{self.command} /{kind}{'/ID' if rest else ''}"] += 1
            return kind, rest[0] if rest else None

        def sent(self) -> Any:
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            if self.path == "/count":
                self.answer(dict(counts))
                counts.clear()
                return
            kind, id = self.place()
            if id is not None:
                found = objects.get(id)
                self.answer(found or {"message": "not found"}, 200 if found else 404)
                return
            with guard:
                every = list(objects.values()) if kind == "pals" else []
            start = PAGE * (int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0]) - 1)
            self.answer({"data": every[start : start + PAGE], "total_count": len(every)})

        def do_POST(self) -> None:
            self.place()
            body = self.sent()
            with guard:
                id = f"p{len(objects):012x}"
                objects[id] = {"pal_id": id, **body, "updated_at": "2026-11-21T00:00:00Z"}
            self.answer({"pal_id": id})

        def do_PATCH(self) -> None:
            _, id = self.place()
            assert id is not None
            objects[id] = jsonpatch.apply_patch(objects[id], self.sent())
            self.answer(objects[id])

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/v2", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
