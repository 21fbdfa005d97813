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
LINE = re.compile(r"^ {4}((?:reconciler|cd|export|git) [^#\n]*?)(?: +#.*)?$", re.MULTILINE)
INSTALLING = {
    "pipx install 'git+https://github.com/OWNER/REPO@COMMIT'": "test_packaging.py::test_it_installs_the_command",
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/reconciler demo --manifests manifests": (
        "cli/test_demo.py::test_the_example_project"
    ),
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest -n auto": (
        "test_repository.py::test_ci_runs_what_the_readme_says"
    ),
}
"""Lines that need a network or a virtual environment of their own: the test that carries out what they lead to."""
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
    clone_empty(tmp_path)
    done: list[str] = []
    folder = tmp_path
    for section, line in lines():
        words = shlex.split(line.partition(" > ")[0])
        monkeypatch.chdir(tmp_path / "empty" if section == "Adopt an account" else folder)
        if words[0] == "git":
            if words[1] == "commit":
                touch(tmp_path / "empty" / "manifests")
            git(tmp_path / "empty", *words[1:])
            done.append(line)
        elif words[0] == "cd":
            folder = folder / words[1]
            (folder / "manifests" / "reconciler.yaml").write_text(PROJECT)
        elif words[0] == "reconciler":
            asks = {"apply", "rollback", "destroy"} & set(words) and "plan.json" not in words
            code = run([*words[1:], *(["--auto-approve"] if asks else [])])
            told = capfd.readouterr()
            assert code in FINE, f"{line}\nexit {code}\n{told.out}\n{told.err}"
            done.append(line)
    assert len(done) > 20
    pushed = git(tmp_path / "origin", "log", "--format=%s", "new-greeting")
    assert pushed.split("\n") == ["A new greeting", "Our personas as code"]
    assert "personas.yml" in git(tmp_path / "origin", "ls-tree", "-r", "--name-only", "new-greeting")
    assert (tmp_path / "my-personas" / ".github" / "workflows" / "personas.yml").is_file()
    assert list((tmp_path / "empty" / "manifests" / "personas").iterdir())


def seed(folder: Path) -> None:
    """Something in the served account, put there by a project of its own."""
    folder.mkdir()
    assert run(["-C", str(folder), "init"]) == 0
    (folder / "manifests" / "reconciler.yaml").unlink()
    assert run(["-C", str(folder), "-w", "tavus", "apply", "--auto-approve"]) == 0


def git(folder: Path, *words: str) -> str:
    given = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    done = subprocess.run(["git", *given, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {words}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def clone_empty(root: Path) -> None:
    """A new repository of somebody, and the clone that the page begins in."""
    (root / "origin").mkdir()
    git(root / "origin", "init", "--quiet", "--bare", "--initial-branch=main")
    git(root, "clone", "--quiet", "origin", "empty")


def touch(manifests: Path) -> None:
    """The edit that the page speaks of."""
    with next(manifests.rglob("personas/*.yaml")).open("a") as file:
        file.write("# edited\n")


def every_command() -> set[str]:
    """Every line of a block of code that is no YAML and no Python, without its comment."""
    fenced = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    blocks = [
        re.sub(r"```.*?```", "", README, flags=re.DOTALL),
        *(f"    {one}".replace("\n", "\n    ") for one in fenced),
    ]
    found = [line for block in blocks for line in re.findall(r"^ {4}(\S.*)$", block, re.MULTILINE)]
    return {re.sub(r"(?<!&) +#.*$", "", line).strip() for line in found}


def test_every_command_of_the_page_is_carried_out() -> None:
    """In order, or by the three lines of the watcher, or, where it installs, by the test that is named for it."""
    watched = re.search(r"```sh\n(reconciler init watched .*?)```", README, re.DOTALL)
    assert watched
    known = {line for _, line in lines()} | {*INSTALLING}
    known |= {re.sub(r" +#.*$", "", line).strip() for line in watched[1].splitlines()}
    assert every_command() - known == set()
    assert INSTALLING.keys() - every_command() == set()
    for named in INSTALLING.values():
        path, _, test = named.partition("::")
        assert f"def {test}(" in (ROOT / "tests" / path).read_text("utf-8"), named


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
