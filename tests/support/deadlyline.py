"""A line to a served account that kills the process on the other end at a chosen write, and watches the personas."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]
KEY = "key-of-the-account"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
TIMES = ("created_at", "updated_at")


@contextmanager
def served_account(world: Path) -> Iterator[str]:
    """Base URL of `reconciler simulator serve` in a process of its own, its account kept in the file `world`."""
    process = forked.Popen(
        [sys.executable, "-m", "reconciler", "simulator", "serve", "--world", str(world)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


class Line:
    """Hands every request on. `target` is the account's URL, `url` its own; both can change between runs."""

    def __init__(self) -> None:
        self.target = ""
        self.url = ""
        self.gaps: list[str] = []
        """Moments in which a persona had no tool at all: the write after which it was so, and the persona."""
        self.seen = 0
        self.writes = 0
        self.at = 0
        self.point = ""
        self.victim: subprocess.Popen[str] | None = None
        self._mutex = threading.Lock()
        self._client = httpx.Client(trust_env=False, timeout=60)

    def arm(self, at: int = 0, point: str = "before") -> None:
        """From now on count afresh; the process dies `before` or `after` write number `at` (0: never)."""
        self.writes, self.at, self.point, self.victim = 0, at, point, None

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response | None:
        """The answer; None where there is nobody left to hear it."""
        if method not in WRITES:
            return self._send(method, path, headers, body)
        with self._mutex:
            self.writes += 1
            last = self.writes == self.at
            if self.at and self.writes > self.at:
                return None
            if last and self.point == "before":
                return self._kill()
            answer = self._send(method, path, headers, body)
            self._look(f"{method} {path}")
            return self._kill() if last else answer

    def personas(self) -> dict[str, dict[str, Any]]:
        """The account's own personas by id, without times, attached tools by name."""
        return {row["pal_id"]: self._whole(row) for row in self._rows("pals", "pal_type")}

    def tools(self) -> list[str]:
        return sorted(row["name"] for row in self._rows("tools", "type"))

    def _whole(self, row: dict[str, Any]) -> dict[str, Any]:
        attached = self._get(f"/pals/{row['pal_id']}/tools")["data"]
        kept = {key: value for key, value in row.items() if key not in (*TIMES, "tool_ids")}
        return {**kept, "attached": sorted(tool["name"] for tool in attached)}

    def _rows(self, collection: str, own: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._get(f"/{collection}?limit=100&{own}=user")["data"]
        return rows

    def _look(self, after: str) -> None:
        """Read the persona that this write was about, as a call that begins now would."""
        id = after.partition("/pals/")[2].partition("/")[0]
        if not id:
            return
        row = self._whole(self._get(f"/pals/{id}"))
        names = row["attached"] + [one["function"]["name"] for one in row["layers"]["llm"].get("tools") or []]
        self.seen += 1
        if not names:
            self.gaps.append(f"{after}: {row['pal_name']}")

    def _get(self, path: str) -> Any:
        answer = self._client.get(self.target + path, headers={"x-api-key": KEY})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        host = self.target.partition("/v2")[0]
        return self._client.request(method, host + path, headers=headers, content=body)

    def _kill(self) -> None:
        assert self.victim is not None
        os.kill(self.victim.pid, signal.SIGKILL)


def handler(line: Line) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            kept = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
            answer = line.pass_on(self.command, self.path, kept, body)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for key, value in answer.headers.items():
                if key not in (
                    "content-length",
                    "content-encoding",
                    "connection",
                    "transfer-encoding",
                    "server",
                    "date",
                ):
                    self.send_header(key, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = hand_on

    return Handler


class Quiet(ThreadingHTTPServer):
    """Clients that die in the middle are what this is for."""

    daemon_threads = True

    def handle_error(self, request: object, address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, address)  # type: ignore[arg-type]


@contextmanager
def deadly_line() -> Iterator[Line]:
    """A line on a port of its own, so that the account keeps its address while the process behind it changes."""
    line = Line()
    server = Quiet(("127.0.0.1", 0), handler(line))
    line.url = f"http://127.0.0.1:{server.server_address[1]}/v2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        line._client.close()
