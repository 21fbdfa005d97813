"""Progress of the real program: on a terminal it moves, in a pipe there is none."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]
MANY = 25
REWRITE = "\r\x1b[2K"


@pytest.fixture
def many(project: Path) -> Path:
    """A project of many personas on the embedded simulator."""
    text = (project / "manifests" / "desk.yaml").read_text()
    for number in range(MANY):
        other = text.replace("name: desk", f"name: desk_{number}").replace("name: Desk", f"name: Desk {number}")
        (project / "manifests" / f"desk_{number}.yaml").write_text(other)
    (project / "personas.yaml").write_text("workspaces:\n  sandbox: {provider: {type: simulator}}\n")
    return project


def run(*words: str, terminal: bool, columns: int = 0) -> tuple[int, str, str]:
    """Exit code, standard output, and what standard error was given: a terminal or a pipe."""
    command = [sys.executable, "-m", "reconciler", *words]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    if not terminal:
        done = forked.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()
    ours, theirs = pty.openpty()
    if columns:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with forked.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # Linux says EIO once the other side is closed
        os.close(ours)
        assert process.stdout is not None
        out = process.stdout.read().decode()
    return process.returncode, out, shown.decode()


def last_of(shown: str) -> str:
    """What a terminal still shows of the last line."""
    return shown.rpartition(REWRITE)[2].rpartition("\n")[2]


def test_every_command_that_takes_long_shows_its_progress_on_a_terminal(many: Path) -> None:
    code, out, shown = run("plan", terminal=True)
    assert code == 0, shown
    assert f"{REWRITE}Reading " in shown
    assert last_of(shown) == ""
    assert REWRITE not in out

    code, out, shown = run("apply", "--auto-approve", terminal=True)
    assert code == 0, shown
    assert f"1 of {MANY + 1} done" in shown
    assert f"{MANY} of {MANY + 1} done" in shown
    assert shown.count(": Creating...") == shown.count(": created after") == MANY + 1
    assert last_of(shown) == ""
    assert REWRITE not in out

    for words in (("plan",), ("drift",), ("export", "elsewhere")):
        code, out, shown = run(*words, terminal=True)
        assert code == 0, shown
        assert f"{MANY + 1}/{MANY + 1} persona" in shown, words
        assert last_of(shown) == "", words
        assert REWRITE not in out


@pytest.mark.parametrize("columns", [12, 30])
def test_a_status_line_never_breaks_on_a_narrow_terminal(many: Path, columns: int) -> None:
    """A line that breaks leaves its first half. Only standard error is the terminal here: its own width counts."""
    code, _, shown = run("plan", terminal=True, columns=columns)
    assert code == 0, shown
    lines = re.findall(r"\r\x1b\[2K([^\r\n]*)", shown)
    assert any(lines) and max(map(len, lines)) < columns
    assert last_of(shown) == ""


def test_a_pipe_gets_no_progress(many: Path) -> None:
    for words in (("plan",), ("apply", "--auto-approve"), ("plan",), ("drift",), ("export", "elsewhere")):
        code, out, shown = run(*words, terminal=False)
        assert code == 0, shown
        assert not any(sign in shown + out for sign in ("\r", "\x1b", "Reading ", " done\n", "Creating...")), words


def test_quiet_is_quiet_on_a_terminal_too(many: Path) -> None:
    code, _, shown = run("plan", "--quiet", terminal=True)
    assert (code, shown) == (0, "")
