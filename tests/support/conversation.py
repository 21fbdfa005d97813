"""A person at a real terminal: prompts are waited for, and what a person types follows each."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import forked

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = (b"decide later): ", b"Enter a value: ")
CTRL_C = "\x03"


@dataclass(frozen=True)
class Talk:
    """How a command ended, what it put out, and what the screen showed."""

    code: int
    out: str
    screen: str


def converse(words: Sequence[str], typed: Sequence[str], cwd: Path, *, out: bool = False) -> Talk:
    """Run the words at a terminal and type one line at each prompt; standard output goes into a pipe unless `out`.
    A prompt for which nothing is left is answered with the end of input."""
    screen, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "TERM": "dumb"}
    process = forked.Popen(
        [sys.executable, "-m", "reconciler", *words],
        env=environment, cwd=cwd, stdin=theirs, stderr=theirs, stdout=theirs if out else subprocess.PIPE,
    )  # fmt: skip
    os.close(theirs)
    shown, seen, left = b"", 0, list(typed)
    while chunk := _read(screen):
        shown += chunk
        asked = sum(shown.count(prompt) for prompt in PROMPTS)
        while seen < asked:
            seen += 1
            line = left.pop(0) if left else "\x04"
            if line == CTRL_C:
                process.send_signal(signal.SIGINT)  # what a terminal does with it
            else:
                os.write(screen, line.encode() if line == "\x04" else f"{line}\n".encode())
    found = b"" if out or process.stdout is None else process.stdout.read()
    code = process.wait(timeout=60)
    os.close(screen)
    return Talk(code, found.decode(), shown.decode("utf-8", "replace").replace("\r\n", "\n"))


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 4096)
    except OSError:
        return b""
