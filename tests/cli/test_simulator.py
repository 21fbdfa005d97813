"""simulator serve: a real process, a real port."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    process = forked.Popen(
        [sys.executable, "-m", "reconciler", "simulator", "serve", "--world", str(tmp_path / "w.json")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().decode().strip()
    finally:
        process.kill()
        process.communicate()


def ask(url: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=20)
    headers = {"x-api-key": "any", "content-type": "application/json"}
    connection.request(method, f"{parts.path}{path}", json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def test_it_serves_the_api_and_ends_politely(server: tuple[subprocess.Popen[bytes], str], tmp_path: Path) -> None:
    process, url = server
    assert url.startswith("http://127.0.0.1:")
    status, _ = ask(
        url, "POST", "/pals", {"pal_name": "A", "system_prompt": "You help.", "default_face_id": "r90bbd427f71"}
    )
    assert status == 200
    status, listed = ask(url, "GET", "/pals?pal_type=user")
    assert status == 200
    assert listed["total_count"] == 1
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert (out, err) == (b"", b"")
    assert (tmp_path / "w.json").is_file()


@pytest.mark.parametrize("option", ["--seed", "--faults"])
def test_files_that_are_not_there(option: str, call: Callable[..., Any]) -> None:
    ended = call("simulator", "serve", option, "no/such/file.json")
    assert ended.code in {1, 64}, ended
    assert ended.out == ""
    assert "no/such/file.json" in ended.err


def test_it_listens_on_this_machine_only(call: Callable[..., Any]) -> None:
    ended = call("simulator", "serve", "--host", "192.168.0.1")
    assert ended.code == 64
    assert "this machine only" in ended.err
