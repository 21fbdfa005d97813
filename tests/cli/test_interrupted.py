"""Processes that are asked, interrupted and killed: nothing lost, nothing created twice."""

from __future__ import annotations

import http.client
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]
COUNT = 4
Call = Callable[..., Any]

PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {{name: p{number}}}
spec: {{pal_name: P{number}, system_prompt: You help., default_face_id: r90bbd427f71}}
"""


def begin(*words: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TAVUS_API_KEY": "any", **(env or {})}
    return forked.Popen([sys.executable, "-m", "reconciler", *words], env=environment, **options)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[str]:
    """The base URL of a served simulator whose first creates take their time, so that signals meet them."""
    (tmp_path / "faults.json").write_text(json.dumps({"rules": [{"method": "POST", "nth": [1], "latency": 1.0}]}))
    process = begin(
        "simulator", "serve", "--faults", str(tmp_path / "faults.json"), stdout=subprocess.PIPE, cwd=tmp_path
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def many(tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of several personas in that account."""
    folder = tmp_path / "project" / "manifests"
    folder.mkdir(parents=True)
    for number in range(COUNT):
        (folder / f"p{number}.yaml").write_text(PERSONA.format(number=number))
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("TAVUS_PUBLIC_API_BASE_URL", account)
    monkeypatch.setenv("TAVUS_API_KEY", "any")
    monkeypatch.setenv("RECONCILER_WORKSPACE", "tavus")
    return folder.parent


def names(url: str) -> list[str]:
    """The names of the personas in the account."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=20)
    connection.request("GET", f"{parts.path}/pals?pal_type=user&limit=100", headers={"x-api-key": "any"})
    found = json.loads(connection.getresponse().read())["data"]
    connection.close()
    return sorted(str(one.get("pal_name") or one.get("persona_name")) for one in found)


def until(process: subprocess.Popen[bytes], type: str) -> None:
    """Read events until one of this type; only then the process is where the test wants it."""
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line).get("type") == type:
            return
    raise AssertionError(f"no {type} event")


WORDS = ("apply", "--auto-approve", "--json-log", "--parallelism", "1")
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: signal.Signals(number).name)
def test_the_running_request_finishes_and_nothing_new_begins(
    many: Path, account: str, call: Call, number: signal.Signals
) -> None:
    process = begin(*WORDS, **PIPES)
    until(process, "apply_start")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err.decode()
    assert b"Traceback" not in err
    assert b"1 added" in out
    assert len(names(account)) == 1
    assert len(call("state", "list").out.split()) == 1
    again = call("apply", "--auto-approve")
    assert again.code == 0, again
    assert names(account) == [f"P{number}" for number in range(COUNT)]
    assert call("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("hard", [True, False], ids=["kill -9", "Ctrl-C twice"])
def test_a_killed_run_is_taken_up_by_the_next(many: Path, account: str, call: Call, hard: bool) -> None:
    process = begin(*WORDS, **PIPES)
    until(process, "apply_start")
    if hard:
        process.kill()
    else:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any(b"Interrupted" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if hard else 130)
    again = call("apply", "--auto-approve")
    assert again.code == 0, again
    assert call("plan", "--detailed-exitcode").code == 0
    assert names(account) == [f"P{number}" for number in range(COUNT)]


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve")], ids=" ".join)
def test_reading_ends_at_once_however_slow_the_account_is(many: Path, words: tuple[str, ...], call: Call) -> None:
    """The server takes the connection and never answers; when it has it, the signal comes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v2"
        process = begin(*words, env={"TAVUS_PUBLIC_API_BASE_URL": url}, **PIPES)
        silent.settimeout(30)
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        if words[0] == "apply":
            assert process.poll() is None or process.returncode == 130
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        connection.close()
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert call("state", "unlock").code == 0


CTRL_C, CTRL_D = b"\x03", b"\x04"


def answer(words: str, typed: bytes, cwd: Path) -> tuple[int, str, str]:
    """Run at a terminal and type; exit code, standard output (a pipe), and the screen."""
    screen, theirs = pty.openpty()
    process = begin(*words.split(), stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, cwd=cwd)
    os.close(theirs)
    shown = b""
    while b"Enter a value:" not in shown:
        shown += os.read(screen, 1024)
    if typed == CTRL_C:
        process.send_signal(signal.SIGINT)  # what the terminal does with it
    else:
        os.write(screen, typed)
    assert process.stdout is not None
    out = process.stdout.read()
    code = process.wait(timeout=60)
    try:
        while chunk := os.read(screen, 1024):
            shown += chunk
    except OSError:
        pass
    os.close(screen)
    return code, out.decode(), shown.decode()


def test_yes_and_no_at_a_terminal(project: Path, call: Call) -> None:
    code, out, screen = answer("apply", b"no\n", project)
    assert code == 1
    assert "Plan: 1 to add" in out
    assert "Do you want to perform these actions?" in screen
    assert "cancelled; nothing was sent" in screen
    assert call("state", "list").out == ""
    code, out, screen = answer("apply --format json", b"yes\n", project)
    assert code == 0, screen
    assert json.loads(out)["summary"]["add"] == 1
    assert "Plan: 1 to add" in screen


def test_ctrl_c_and_ctrl_d_at_the_question(project: Path, call: Call) -> None:
    code, _, screen = answer("apply", CTRL_C, project)
    assert code == 130, screen
    code, _, screen = answer("apply", CTRL_D, project)
    assert code == 1, screen
    assert call("state", "list").out == ""
    assert call("state", "unlock").code == 0
