"""The tour: it works, and it fails when a step does not do what it says."""

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

from reconciler.cli import demo as tour
from reconciler.cli.demo import Step, take
from reconciler.errors import ReconcilerError
from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]


def test_the_tour(call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = call("demo")
    assert ended.code == 0, ended
    shown = ended.out
    assert "Apply complete! Resources: 2 added, 0 changed, 0 destroyed." in shown
    assert "No changes." in shown
    assert "edited by hand" in shown
    assert "Apply complete! Resources: 0 added, 1 changed, 0 destroyed." in shown
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_stays_can_be_toured_again(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        ended = call("demo", "--dir", "tour")
        assert ended.code == 0, ended
    assert (tmp_path / "tour" / "manifests" / "reconciler.yaml").is_file()


def test_the_example_project(call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECONCILER_WORKSPACE", "production")
    ended = call("demo", "--manifests", str(ROOT / "manifests"))
    assert ended.code == 0, ended
    assert list(tmp_path.iterdir()) == []
    assert not (ROOT / "manifests" / ".reconciler").exists()


def test_never_a_real_account(call: Callable[..., Any]) -> None:
    ended = call("demo", "-w", "production", "-m", str(ROOT / "manifests"))
    assert ended.code == 64
    assert "embedded simulator only" in ended.err


def test_a_project_without_a_sandbox(call: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspace: a\n"
        "workspaces: {a: {provider: {type: tavus, api_key: {env: K}}}}\n"
    )
    ended = call("demo", "-m", str(tmp_path))
    assert ended.code == 64, ended
    assert "simulator" in ended.err


def test_a_step_that_ends_otherwise_ends_the_tour(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ReconcilerError, match="exited with 0, not with 2"):
        take(Step("Nothing.", ("schema",), 2), [])
    assert "$ reconciler schema" in capfd.readouterr().out


def test_every_step_has_another_headline() -> None:
    steps = [tour.PLAN, tour.APPLY, tour.SETTLED, tour.DRIFT, tour.HEAL, tour.CLEAN]
    assert len({step.title for step in steps}) == len(steps)


def test_the_tour_leaves_the_sandbox_of_a_project_alone(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("init", "mine").code == 0
    monkeypatch.chdir(tmp_path / "mine")
    assert call("demo", "-m", "manifests").code == 0
    assert not (tmp_path / "mine" / ".reconciler").exists()
    assert call("apply", "--auto-approve").code == 0
    kept = {path: path.read_bytes() for path in (tmp_path / "mine" / ".reconciler").rglob("*") if path.is_file()}
    assert call("demo", "-m", "manifests").code == 0
    assert {path: path.read_bytes() for path in kept} == kept


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
