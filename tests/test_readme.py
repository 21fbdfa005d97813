"""The README is carried out as it stands: its commands in their order, its Python as printed and type checked."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli.main import run
from reconciler.platforms.tavus.simulator.http_server import SimulatorServer, open_service

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
LINE = re.compile(r"^ {4}((?:reconciler|cd|export) [^#\n]*?)(?: +#.*)?$", re.MULTILINE)
FINE = {0, 2}
"""Done, or differences found."""

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: readme}
workspaces:
  sandbox: {provider: {type: simulator}}
  staging: {provider: {type: simulator}}
  production: {provider: {type: simulator}}
"""


def lines() -> list[tuple[str, str]]:
    """Section and line of every command of the README that is no installation, in order."""
    sections = [part.partition("\n") for part in README.split("\n## ")[1:]]
    return [(title, match.strip()) for title, _, text in sections for match in LINE.findall(text)]


@pytest.fixture
def account() -> Iterator[str]:
    """A served account; its base URL."""
    server = SimulatorServer("127.0.0.1", 0, open_service(None, None, None), log=lambda line: None)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v2"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_commands_work_in_the_order_of_the_page(
    account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What asks is answered by a flag, and the workspaces of the page are sandboxes; nothing else differs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAVUS_PUBLIC_API_BASE_URL", account)
    monkeypatch.setenv("TAVUS_API_KEY", "key")
    seed(tmp_path / "museum")
    (tmp_path / "empty").mkdir()
    done: list[str] = []
    folder = tmp_path
    for section, line in lines():
        words = shlex.split(line.partition(" > ")[0])
        monkeypatch.chdir(tmp_path / "empty" if section == "Adopt an account" else folder)
        if words[0] == "cd":
            folder = folder / words[1]
            (folder / "manifests" / "reconciler.yaml").write_text(PROJECT)
        elif words[0] == "reconciler":
            asks = {"apply", "rollback", "destroy"} & set(words) and "plan.json" not in words
            code = run([*words[1:], *(["--auto-approve"] if asks else [])])
            told = capfd.readouterr()
            assert code in FINE, f"{line}\nexit {code}\n{told.out}\n{told.err}"
            done.append(line)
    assert len(done) > 20
    assert (tmp_path / "my-personas" / ".github" / "workflows" / "personas.yml").is_file()
    assert list((tmp_path / "empty" / "manifests" / "personas").iterdir())


def seed(folder: Path) -> None:
    """Something in the served account, put there by a project of its own."""
    folder.mkdir()
    assert run(["-C", str(folder), "init"]) == 0
    (folder / "manifests" / "reconciler.yaml").unlink()
    assert run(["-C", str(folder), "-w", "tavus", "apply", "--auto-approve"]) == 0


def python_of_the_page() -> str:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_the_python_of_the_page_runs_as_printed(tmp_path: Path) -> None:
    assert run(["-C", str(tmp_path), "init"]) == 0
    command = [sys.executable, "-c", python_of_the_page()]
    env = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in done.stdout
    assert "2 added, 0 failed" in done.stdout
    assert "['persona.front-desk', 'tool.lookup_opening_hours']" in done.stdout


def test_the_python_of_the_page_is_typed(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(python_of_the_page())
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "--follow-imports=silent", "page.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_an_edit_by_hand_is_put_back_by_the_three_lines_of_the_page(tmp_path: Path) -> None:
    found = re.search(r"```sh\n(reconciler init watched .*?)```", README, re.DOTALL)
    assert found and len(found[1].splitlines()) == 3
    (tmp_path / "reconciler").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    (tmp_path / "reconciler").chmod(0o755)
    env = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    script = found[1].replace("--listen 9090", "--listen 0") + "\nwait\n"
    shell = subprocess.Popen(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=env, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert shell.stdout is not None
        assert any("1 change carried out" in line for line in shell.stdout)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.communicate(timeout=60)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_the_page_stays_a_page() -> None:
    assert len(README.splitlines()) <= 300
