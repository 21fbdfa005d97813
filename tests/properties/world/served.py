"""The same world over real connections: the account is served on this machine, and every apply is a process."""

from __future__ import annotations

import json
import os
import re
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
from tests.properties.world import laws
from tests.properties.world.machine import Outcome, Violated, World
from tests.properties.world.wire import Fault, Killed, Wire
from tests.support import forked

PATIENCE = 300.0
BLOCKED = 3
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
            begin = [sys.executable, "-m", "reconciler", "-w", workspace]
            keys = {"TAVUS_API_KEY": "our-own-key", "TAVUS_PUBLIC_API_BASE_URL": url, "PYTHONPATH": str(Path.cwd())}
            surroundings: dict[str, Any] = {
                "cwd": self.project.folder, "env": {**os.environ, **keys, **self.env}, "text": True,
                "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL,
            }  # fmt: skip
            flags = arguments(how)
            planned = forked.run([*begin, "plan", "--format", "json", *flags], timeout=PATIENCE, **surroundings)
            child = forked.Popen([*begin, "apply", "--auto-approve", *flags], **surroundings)
            try:
                out, err = child.communicate(timeout=PATIENCE)
            finally:
                child.kill()
        wire.fault, wire.dead = None, False
        outcome.ended, outcome.killed = child.returncode, child.returncode == -signal.SIGKILL
        outcome.shown, outcome.after = [out, err, planned.stdout, planned.stderr], wire.account()
        if outcome.ended not in {0, -signal.SIGKILL}:
            outcome.error = ReconcilerError(err or out)
        check_planned(planned, outcome, broken=fault is not None)
        return outcome

    def run(self, workspace: str, do: Callable[..., Any], **how: Any) -> Outcome:
        raise ValueError("only applies are processes")


def check_planned(planned: subprocess.CompletedProcess[str], outcome: Outcome, *, broken: bool) -> None:
    """What a program reads in the plan is what the apply after it does."""
    if planned.returncode not in {0, outcome.code}:
        raise Violated(f"plan ends with {planned.returncode}, apply with {outcome.code}", planned.stderr)
    if not planned.stdout.startswith("{"):
        if outcome.writes or planned.returncode == 0:
            raise Violated("a plan without JSON, an apply that writes", planned.stdout)
        return
    plan = json.loads(planned.stdout)
    listed = [(one["method"], laws.shape(one["path"])) for one in plan["requests"]]
    told: list[tuple[str, str, Any]] = []
    for sent in outcome.writes:
        match = next((one for one in listed if one[0] == sent.method and re.fullmatch(one[1], sent.path)), None)
        if match is not None:
            listed.remove(match)
        elif not broken or (sent.method, sent.path, sent.body) not in told:
            raise Violated("a write that the plan's JSON did not list", (sent, plan["requests"]))
        told.append((sent.method, sent.path, sent.body))
    if bool(plan["blocked"]) != (outcome.code == BLOCKED):
        raise Violated("the plan's JSON and the apply differ in what is blocked", (plan["blocked"], outcome.code))
    if outcome.code == 0 and not broken:
        counts = (
            len(outcome.after.keys() - outcome.before.keys()),
            len(outcome.before.keys() - outcome.after.keys()),
        )
        if listed or counts != (plan["summary"]["add"], plan["summary"]["destroy"]):
            raise Violated("the plan's JSON promised something else", (listed, counts, plan["summary"]))


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
