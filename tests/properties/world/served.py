"""The same world over real connections: the account is served on this machine, and every apply is a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from reconciler.errors import ReconcilerError
from tests.properties.world.machine import Outcome, World
from tests.properties.world.wire import Fault, Killed, Wire
from tests.support import forked

PATIENCE = 300.0
LISTS = {"targets": "--target", "excludes": "--exclude"}


@contextmanager
def serving(wire: Wire):
    """The address of a server in front of a wire."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            url = f"http://simulator.localhost{self.path}"
            request = httpx.Request(self.command, url, headers=dict(self.headers), content=self.rfile.read(length))
            try:
                answer = wire.handle_request(request)
            except (Killed, httpx.TransportError):
                self.close_connection = True
                return
            body = answer.read()
            self.send_response(answer.status_code)
            for name in ("content-type", "retry-after"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

        def log_message(self, format: str, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v2"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class ServedWorld(World):
    """Writing runs are processes of the command line; a kill is a kill."""

    def apply(self, workspace: str, **how: Any) -> Outcome:
        self.project.write()
        self.secrets |= set(self.env.values())
        fault: Fault | None = how.pop("fault", None)
        how.pop("words", None)
        if how.keys() & {"asked", "paths"}:
            raise ValueError(f"not over the wire: {sorted(how)}")
        wire, child = self.wires[workspace], None

        def kill() -> None:
            assert child is not None
            os.kill(child.pid, signal.SIGKILL)

        wire.writes, wire.fault, wire.met, wire.on_kill = [], fault, 0, kill
        outcome = Outcome(wire.account(), {}, wire.writes)
        with serving(wire) as url:
            words = [sys.executable, "-m", "reconciler", "-w", workspace, "apply", "--auto-approve", *arguments(how)]
            keys = {"TAVUS_API_KEY": "our-own-key", "TAVUS_PUBLIC_API_BASE_URL": url, "PYTHONPATH": str(Path.cwd())}
            child = forked.Popen(
                words, cwd=self.project.folder, env={**os.environ, **keys, **self.env}, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                out, err = child.communicate(timeout=PATIENCE)
            finally:
                child.kill()
        wire.fault = None
        outcome.ended, outcome.killed = child.returncode, child.returncode == -signal.SIGKILL
        outcome.shown, outcome.after = [out, err], wire.account()
        if outcome.ended not in {0, -signal.SIGKILL}:
            outcome.error = ReconcilerError(err or out)
        return outcome

    def run(self, workspace: str, do: Callable[..., Any], **how: Any) -> Outcome:
        raise ValueError("only applies are processes")


def arguments(flags: dict[str, Any]) -> list[str]:
    """Flags of the Python API as words of the command line."""
    words: list[str] = []
    for name, value in flags.items():
        if name in LISTS:
            words += [word for one in value for word in (LISTS[name], one)]
        elif name == "selector":
            words += [word for key, team in value.items() for word in ("--selector", f"{key}={team}")]
        elif value:
            words.append(f"--{name.replace('_', '-')}")
    return words
