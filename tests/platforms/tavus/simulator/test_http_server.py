"""The service on a port, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.errors import UsageError
from reconciler.platforms.tavus.simulator.http_server import SimulatorServer, open_service, serve
from tests.support import forked

ROOT = Path(__file__).parents[4]
BODY = {"system_prompt": "hi", "layers": {"llm": {"model": "m", "base_url": "https://x", "api_key": "sk-clear"}}}

Start = Callable[..., tuple[str, "subprocess.Popen[str]"]]


@pytest.fixture
def start() -> Iterator[Start]:
    """`start("--faults", file)` -> (base URL, process)."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> tuple[str, subprocess.Popen[str]]:
        process = forked.Popen(
            [sys.executable, "-m", "reconciler.platforms.tavus.simulator", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip(), process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """`served(faults={...})` -> base URL of a server in a thread of this process."""
    servers: list[SimulatorServer] = []

    def run(tmp: Path | None = None, faults: Any = None, log: Any = None) -> str:
        file = None
        if tmp is not None and faults is not None:
            file = tmp / "faults.json"
            file.write_text(json.dumps(faults))
        server = SimulatorServer("127.0.0.1", 0, open_service(None, None, file), log=log)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server.url

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"x-api-key": "sk-header-clear"}, trust_env=False, timeout=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_serves_until_it_is_told_to_stop(start: Start, tmp_path: Path, number: int) -> None:
    world = tmp_path / "world.json"
    url, process = start("--world", str(world), "--verbose")
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v2")
    with client(url) as api:
        id = api.post("/personas", json=BODY).json()["persona_id"]
        assert api.get(f"/pals/{id}").json()["system_prompt"] == "hi"
        assert api.delete("/personas/pnone").status_code == 400
    process.send_signal(number)
    out, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == ""
    assert log.splitlines() == [
        "POST /v2/personas 200",
        f"GET /v2/pals/{id} 200",
        "DELETE /v2/personas/pnone 400",
    ]
    assert "clear" not in log
    assert "clear" not in world.read_text()
    assert id in json.loads(world.read_text())["objects"]["pals"]


def test_kill_after_the_commit_keeps_the_write(start: Start, tmp_path: Path) -> None:
    world, faults = tmp_path / "world.json", tmp_path / "faults.yaml"
    faults.write_text("rules: [{method: POST, nth: 2, kill: after}]")
    url, process = start("--world", str(world), "--faults", str(faults))
    with client(url) as api:
        assert api.post("/personas", json=BODY).status_code == 200
        with pytest.raises(httpx.TransportError):
            api.post("/personas", json=BODY)
    assert process.wait(timeout=20) == -signal.SIGKILL
    url, _ = start("--world", str(world))
    with client(url) as api:
        assert api.get("/personas", params={"persona_type": "user"}).json()["total_count"] == 2


def test_a_seed_is_where_a_new_world_starts(start: Start, tmp_path: Path) -> None:
    world, seed = tmp_path / "world.json", tmp_path / "seed.json"
    seed.write_text('[{"persona_id": "p1", "persona_name": "A", "system_prompt": "hi"}]')
    for _ in range(2):
        url, process = start("--world", str(world), "--seed", str(seed))
        with client(url) as api:
            page = api.get("/personas", params={"persona_type": "user"}).json()
            assert "p1" in [item["persona_id"] for item in page["data"]]
            api.post("/personas", json={"system_prompt": "hi"})
        process.terminate()
        process.communicate()
    assert page["total_count"] == 2, "the second start found a world and left the seed alone"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "none.yaml"], "cannot read the faults file none.yaml"),
        (["--seed", "none.json"], "cannot read the seed file none.json"),
        (["--world", "/dev/null/world.json"], "cannot open the simulator's world"),
        (["--port", "99999"], "cannot listen on 127.0.0.1:99999"),
        (["--host", "256.0.0.1"], "cannot listen on 256.0.0.1:0"),
    ],
)
def test_mistakes_end_in_a_line_not_in_a_traceback(start: Start, arguments: list[str], words: str) -> None:
    line, process = start(*arguments)
    _, log = process.communicate(timeout=20)
    assert line == ""
    assert process.returncode != 0
    assert words in log
    assert "Traceback" not in log


def test_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="cannot listen on"):
            serve(
                "127.0.0.1",
                taken.getsockname()[1],
                world=None,
                seed=None,
                faults=None,
                verbose=False,
                ready=lambda _: None,
            )


def test_one_connection_serves_many_requests(served: Callable[..., str]) -> None:
    with socket.create_connection(("127.0.0.1", int(served().rpartition(":")[2].removesuffix("/v2")))) as link:
        stream = link.makefile("rwb")
        for body in (b'{"system_prompt": "hi"}', b"{}", b"["):
            length = f"Content-Length: {len(body)}"
            head = f"POST /v2/personas HTTP/1.1\r\nHost: localhost\r\nx-api-key: k\r\n{length}\r\n\r\n"
            stream.write(head.encode() + body)
            stream.flush()
            assert stream.readline().startswith(b"HTTP/1.1 ")
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            json.loads(stream.read(length))


def raw(url: str, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2].removesuffix("/v2")))) as link:
        link.sendall(text)
        link.shutdown(socket.SHUT_WR)
        parts = []
        while part := link.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"POST /v2/personas HTTP/1.1\r\nContent-Length: x\r\n\r\n", b" 400 "),
        (b"POST /v2/personas HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b" 413 "),
        (b"POST /v2/personas HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b" 400 "),
        (b"nonsense\r\n\r\n", b"400"),
        (b"BREW /v2/pals HTTP/1.1\r\n\r\n", b" 501 "),
        (b"HEAD /v2/pals HTTP/1.1\r\nConnection: close\r\n\r\n", b" 405 "),
    ],
)
def test_broken_requests(served: Callable[..., str], text: bytes, status: bytes) -> None:
    url = served()
    assert status in raw(url, text)
    with client(url) as api:
        assert api.get("/pals").status_code == 200


def test_half_a_request_changes_nothing(served: Callable[..., str]) -> None:
    url = served()
    text = b'POST /v2/personas HTTP/1.1\r\nx-api-key: k\r\nContent-Length: 99\r\n\r\n{"system_prompt": "hi"}'
    assert raw(url, text) == b""
    with client(url) as api:
        assert api.get("/personas", params={"persona_type": "user"}).json()["total_count"] == 0


def test_a_chunked_body(served: Callable[..., str]) -> None:
    with client(served()) as api:
        answer = api.post("/personas", content=iter([b'{"system_', b'prompt": "hi"}']))
        assert answer.status_code == 200


def test_no_change_has_no_body(served: Callable[..., str]) -> None:
    with client(served()) as api:
        id = api.post("/personas", json={"system_prompt": "hi"}).json()["persona_id"]
        answer = api.patch(f"/personas/{id}", json=[])
        assert (answer.status_code, answer.content) == (304, b"")
        assert api.get(f"/personas/{id}").status_code == 200
        assert api.delete(f"/personas/{id}").status_code == 204
        assert api.get("/personas").status_code == 200


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"drop": "before"}, httpx.RemoteProtocolError),
        ({"drop": "after"}, httpx.RemoteProtocolError),
        ({"body": "truncated"}, httpx.RemoteProtocolError),
    ],
)
def test_faults_on_the_wire(served: Callable[..., str], tmp_path: Path, rule: dict[str, Any], error: Any) -> None:
    url = served(tmp_path, {"rules": [{"method": "POST", **rule}]})
    with client(url) as api:
        with pytest.raises(error):
            api.post("/personas", json={"system_prompt": "hi"})
        total = api.get("/personas", params={"persona_type": "user"}).json()["total_count"]
        assert total == (0 if rule.get("drop") == "before" else 1)


def test_retry_after_on_the_wire(served: Callable[..., str], tmp_path: Path) -> None:
    with client(served(tmp_path, {"rules": [{"status": 429, "retry_after": 3}]})) as api:
        answer = api.get("/pals")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


def test_a_world_that_breaks_while_serving_is_a_500_and_a_line(tmp_path: Path) -> None:
    world, lines = tmp_path / "world.json", list[str]()
    server = SimulatorServer("127.0.0.1", 0, open_service(world, None, None), log=lines.append)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        world.write_text("{")
        with client(server.url) as api:
            assert api.get("/pals").status_code == 500
    finally:
        server.shutdown()
        server.server_close()
    assert "not valid JSON" in lines[0]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Host: localhost:80", 200),
        ("Host: 127.0.0.1", 200),
        ("Host: [::1]:1", 200),
        ("Host: 127.0.0.1\r\nOrigin: http://localhost:3000", 200),
        ("Host: attacker.example", 403),
        ("Host: localhost.attacker.example", 403),
        ("Host: [", 403),
        ("Host: 127.0.0.1\r\nOrigin: https://attacker.example", 403),
        ("Host: 127.0.0.1\r\nOrigin: http://192.0.2.7", 403),
        ("Host: 127.0.0.1\r\nOrigin: null", 403),
    ],
)
def test_a_web_page_cannot_speak_to_it(served: Callable[..., str], line: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", int(served().rpartition(":")[2].removesuffix("/v2")))) as link:
        link.sendall(f"GET /v2/personas HTTP/1.1\r\n{line}\r\nx-api-key: k\r\n\r\n".encode())
        assert link.makefile("rb").readline().split()[1] == str(status).encode()
