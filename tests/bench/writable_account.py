"""An account that keeps what is written, and counts the requests: GET /count answers them by method and place.

With `RATE BURST HEADER [RIVAL]` as arguments it has a limit: a token bucket, and a `Retry-After` of that kind (none,
fraction, seconds or date) in its refusals. Somebody else may use the same key, RIVAL times a second.
"""

from __future__ import annotations

import json
import math
import random
import sys
import threading
import time
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonpatch

PAGE = 100


class Bucket:
    """The limit of the account; without a rate it has none."""

    def __init__(self, rate: float = 0.0, burst: float = 1.0, header: str = "none", rival: float = 0.0) -> None:
        self.rate, self.burst, self.header, self.rival = rate, burst, header, rival
        self.passed = self.refused = self.early = 0
        self._guard = threading.Lock()
        self._tokens, self._at = burst, time.monotonic()
        self.began: float | None = None
        self.ended = 0.0
        if rival:
            threading.Thread(target=self._use_too, daemon=True).start()

    def take(self) -> float | None:
        """None where a request passes, else the seconds until one will."""
        with self._guard:
            now = time.monotonic()
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
            if self.rate and self._tokens < 1:
                self.refused += 1
                return (1 - self._tokens) / self.rate
            self._tokens -= 1 if self.rate else 0
            self.passed += 1
            self.began, self.ended = self.began or now, now
            return None

    def retry_after(self, wait: float) -> str | None:
        match self.header:
            case "fraction":
                return f"{wait:.3f}"
            case "seconds":
                return str(max(1, math.ceil(wait)))
            case "date":
                return formatdate(math.ceil(time.time() + wait), usegmt=True)
            case _:
                return None

    def report(self) -> dict[str, float]:
        seconds = self.ended - (self.began or self.ended)
        possible = self.burst + self.rate * seconds
        return {
            "passed": self.passed, "refused": self.refused, "seconds": seconds,
            "used": self.passed / possible if self.rate else 0.0,
        }  # fmt: skip

    def _use_too(self) -> None:
        while True:
            time.sleep(random.expovariate(self.rival))
            with self._guard:
                refused = self.refused
            if self.take() is not None:
                with self._guard:
                    self.refused = refused


def main(rate: str = "0", burst: str = "1", header: str = "none", rival: str = "0") -> None:
    """Serve on a free port; prints the base URL."""
    bucket = Bucket(float(rate), float(burst), header, float(rival))
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

        def passes(self) -> bool:
            """Whether the limit lets a request through; if not it is answered."""
            wait = bucket.take()
            if wait is None:
                return True
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            data = b'{"message": "Too many requests"}'
            self.send_response(429)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if (after := bucket.retry_after(wait)) is not None:
                self.send_header("Retry-After", after)
            self.end_headers()
            self.wfile.write(data)
            return False

        def place(self) -> tuple[str, str | None]:
            """The collection and the id of the request, counted."""
            _, _, kind, *rest = urlsplit(self.path).path.rstrip("/").split("/")
            with guard:
                counts[f"{self.command} /{kind}{'/ID' if rest else ''}"] += 1
            return kind, rest[0] if rest else None

        def sent(self) -> Any:
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            if self.path == "/limit":
                self.answer(bucket.report())
                return
            if self.path == "/count":
                self.answer(dict(counts))
                counts.clear()
                return
            if not self.passes():
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
            if not self.passes():
                return
            self.place()
            body = self.sent()
            with guard:
                id = f"p{len(objects):012x}"
                objects[id] = {"pal_id": id, **body, "updated_at": "2026-11-21T00:00:00Z"}
            self.answer({"pal_id": id})

        def do_PATCH(self) -> None:
            if not self.passes():
                return
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
    main(*sys.argv[1:])
