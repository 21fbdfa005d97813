"""A server for the protocol of Terraform's http backend, strict where GitLab is: wrong lock ids are refused.

`python -m tests.support.tfserver PORT FOLDER` serves documents and locks out of a folder, so that a killed server
comes back with what it had.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@dataclass
class World:
    """What the server keeps, and how it behaves."""

    documents: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, bytes] = field(default_factory=dict)
    authorization: str | None = None
    """What the header must be, where one is asked for."""
    taken: int = 423
    faults: list[tuple[str, object]] = field(default_factory=list)
    """(method, what) used up one by one: a status to answer with, `lost` to do it and hang up, `cut` for half a body,
    `damaged` for a wrong byte."""
    seen: list[tuple[str, str]] = field(default_factory=list)
    folder: Path | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def keep(self) -> None:
        """Write everything to the folder, where there is one."""
        if self.folder is not None:
            both = {
                name: {path: base64.b64encode(data).decode() for path, data in held.items()}
                for name, held in (("documents", self.documents), ("locks", self.locks))
            }
            temporary = self.folder / "world.tmp"
            temporary.write_text(json.dumps(both))
            temporary.replace(self.folder / "world.json")

    def restore(self) -> None:
        """Read it back."""
        assert self.folder is not None
        file = self.folder / "world.json"
        if file.exists():
            both = json.loads(file.read_text())
            self.documents = {path: base64.b64decode(text) for path, text in both["documents"].items()}
            self.locks = {path: base64.b64decode(text) for path, text in both["locks"].items()}


class Handler(BaseHTTPRequestHandler):
    """`/x` is a document with LOCK and UNLOCK; `/x/lock` is its lock for POST and DELETE."""

    protocol_version = "HTTP/1.1"
    server: TerraformServer

    def do_any(self) -> None:
        world = self.server.world
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with world.turn:
            world.seen.append((self.command, self.path))
            fault = self.fault()
            if isinstance(fault, int):
                self.answer(fault)
                return
            if world.authorization is not None and self.headers.get("Authorization") != world.authorization:
                self.answer(401)
                return
            status, data = self.act(parts.path, parse_qs(parts.query), body)
            world.keep()
        if fault == "lost":
            self.close_connection = True
            return
        self.answer(status, data, str(fault or ""))

    do_GET = do_POST = do_PUT = do_DELETE = do_LOCK = do_UNLOCK = do_any

    def fault(self) -> object:
        for index, (method, what) in enumerate(self.server.world.faults):
            if method == self.command:
                del self.server.world.faults[index]
                return what
        return None

    def act(self, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        world, command = self.server.world, self.command
        if path.endswith("/lock"):
            command = {"POST": "LOCK", "DELETE": "UNLOCK"}.get(command, command)
            path = path.removesuffix("/lock")
        held = world.locks.get(path)
        match command:
            case "GET" if path in world.documents:
                return 200, world.documents[path]
            case "GET":
                return 404, b""
            case "LOCK":
                json.loads(body)["ID"]
                if held is not None:
                    return world.taken, held
                world.locks[path] = body
                return 200, b""
            case "UNLOCK":
                # Terraform's own force-unlock sends no record at all.
                if held is None or (body and json.loads(held)["ID"] != json.loads(body)["ID"]):
                    return 409, held or b""
                del world.locks[path]
                return 200, b""
            case "POST" | "PUT":
                if held is not None and json.loads(held)["ID"] not in query.get("ID", []):
                    return 409, held
                if (sent := self.headers.get("Content-MD5")) and sent != md5(body):
                    return 400, b""
                world.documents[path] = body
                return 200, b""
        return 405, b""

    def answer(self, status: int, data: bytes = b"", fault: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if data:
            self.send_header("Content-MD5", md5(data))
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        if fault == "cut":
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif fault == "damaged":
            self.wfile.write(b"\x00" + data[1:])
        else:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class TerraformServer(ThreadingHTTPServer):
    """One server with its world."""

    daemon_threads = True

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.world = world

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(world: World | None = None) -> Iterator[TerraformServer]:
    """A server in a thread of this process."""
    server = TerraformServer(world or World())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


if __name__ == "__main__":
    kept = World(folder=Path(sys.argv[2]))
    kept.restore()
    alone = TerraformServer(kept, int(sys.argv[1]))
    print(alone.address, flush=True)
    alone.serve_forever()
