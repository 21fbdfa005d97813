"""Real processes and a shared store: killed in the middle of `state rm` and `state rollback`, or an object store that
answers 500 or 503 from some request to the end of an apply. One more run heals.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from reconciler.types.json import Object
from tests.support import forked
from tests.support.nightly import tried
from tests.support.stores import place

ROOT = Path(__file__).resolve().parents[2]
MOST = 200
"""More packets than any of these commands sends to its store."""
POINTS = tried((9,), tuple(range(1, MOST)))
TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: %s}
spec: {name: %s, description: %s, origin: llm}
"""


class Relay:
    """Hands bytes to the store and back. From its packet number `at` on the process on this end is dead; or, with a
    `status`, each request of it is answered by that alone.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.victim: subprocess.Popen[str] | None = None
        self.at = self.status = self.sent = 0
        self._mutex = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, at: int = 0, status: int = 0) -> None:
        self.at, self.status, self.sent = at, status, 0

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(self._target)
                for source, goal, counted in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._copy, args=(source, goal, counted), daemon=True).start()

    def _copy(self, source: socket.socket, goal: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if counted and not self._passes():
                    if self.status:
                        source.sendall(f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\n\r\n".encode())
                        continue
                    break
                goal.sendall(data)
        for end in (source, goal):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _passes(self) -> bool:
        with self._mutex:
            self.sent += 1
            if not self.at or self.sent < self.at:
                return True
            if self.sent == self.at and not self.status and self.victim is not None:
                os.kill(self.victim.pid, signal.SIGKILL)
            return False


@contextmanager
def relayed(type: str) -> Iterator[tuple[Relay, Object]]:
    """A place for a state behind a relay."""
    with place(type) as store:
        settings = store.settings()
        name = {"postgres": "dsn", "s3": "endpoint"}[type]
        address = str(settings[name])
        found = re.search(r"127\.0\.0\.1:(\d+)", address) or re.search(r"port=(\d+)", address)
        assert found is not None, address
        relay = Relay(("127.0.0.1", int(found[1])))
        settings[name] = address.replace(found[1], str(relay.port))
        if "secret_access_key" in settings:
            settings["secret_access_key"] = {"env": "STORE_KEY"}
        try:
            yield relay, settings
        finally:
            relay.close()


def write_project(folder: Path, state: Object, said: str) -> None:
    project = {
        "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "repairs"},
        "workspaces": {"w": {"provider": {"type": "simulator"}, "state": state}},
    }  # fmt: skip
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    (folder / "manifests" / "reconciler.yaml").write_text(json.dumps(project), encoding="utf-8")
    for name in ("look_up", "hang_up"):
        (folder / "manifests" / f"{name}.yaml").write_text(TOOL % (name, name, said), encoding="utf-8")


def go(folder: Path, relay: Relay, *words: str) -> tuple[int, str]:
    environ = {
        **os.environ, "PYTHONPATH": str(ROOT), "STORE_KEY": "test-secret-key",
        "RECONCILER_MAX_REQUEST_SECONDS": "2" if relay.status else "30",
    }  # fmt: skip
    process = forked.Popen(
        [sys.executable, "-m", "reconciler", *words], cwd=folder, env=environ, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    relay.victim = process
    out, _ = process.communicate(timeout=120)
    assert "Traceback" not in out
    return process.returncode, out


def own_tools(folder: Path) -> list[Object]:
    world = json.loads((folder / ".reconciler" / "w" / "world.json").read_text(encoding="utf-8"))
    return [one for one in world["objects"]["tools"].values() if "$type" not in one]


def told(folder: Path) -> dict[str, object]:
    """The account's own tools, and what each says."""
    return {str(one["name"]): one["description"] for one in own_tools(folder)}


@pytest.mark.parametrize("type", ["postgres", "s3"])
@pytest.mark.parametrize("words", [("rm", "tool.look_up"), ("rollback", "1", "--auto-approve")], ids=lambda w: w[0])
def test_one_more_run_finishes_what_was_killed(type: str, words: tuple[str, ...], tmp_path: Path) -> None:
    for at in POINTS:
        folder = tmp_path / str(at)
        with relayed(type) as (relay, settings):
            for said in ("First", "Second"):
                write_project(folder, {"backend": type, **settings}, said)
                assert go(folder, relay, "apply", "--auto-approve")[0] == 0
            first = json.loads(go(folder, relay, "state", "history", "--format", "json")[1])["entries"][0]["serial"]
            command = ("state", words[0], *(str(first) if word == "1" else word for word in words[1:]))
            relay.arm(at)
            code, said = go(folder, relay, *command)
            relay.arm()
            if code == 0:
                return  # it sends no more than that
            assert code == -signal.SIGKILL, said
            code, said = go(folder, relay, *command)
            held = go(folder, relay, "state", "list")[1]
            assert code == 0 or (words[0] == "rm" and "tool.look_up" not in held), said
            wanted = "Second" if words[0] == "rm" else "First"
            assert told(folder) == {"look_up": wanted, "hang_up": wanted}
            assert ("tool.look_up" in held, "tool.hang_up" in held) == (words[0] != "rm", True)
    assert len(POINTS) < MOST - 1, "the sweep ended before the command did"


@pytest.mark.parametrize("status", [500, 503])
def test_an_object_store_that_fails_to_the_end_of_a_run_costs_one_more_run(status: int, tmp_path: Path) -> None:
    for at in tried((2, 8), tuple(range(1, MOST))):
        folder = tmp_path / str(at)
        with relayed("s3") as (relay, settings):
            write_project(folder, {"backend": "s3", **settings}, "First")
            relay.arm(at, status)
            code, said = go(folder, relay, "apply", "--auto-approve")
            if relay.sent < at:
                assert code == 0, said
                return  # it sends no more than that
            assert code in (0, 1), said
            relay.arm()
            code, said = go(folder, relay, "apply", "--auto-approve")
            assert code == 0, said
            assert told(folder) == {"look_up": "First", "hang_up": "First"}
            code, said = go(folder, relay, "plan", "--detailed-exitcode")
            assert code == 0, said
            assert len(own_tools(folder)) == 2, "nothing was made twice"
