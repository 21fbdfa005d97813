"""What a step of GitHub Actions reads and leaves behind: inputs, event, outputs, summary; and the program, run."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

DONE, ERROR, DIFFERENCES, REFUSED, LOCKED, STALE = range(6)
KEPT_LINES = 40
KEPT = "\n\t\u200c\u200d\u3000\u00a0"
"""Characters that are no letters and do no harm."""
SUMMARY_LIMIT = 1_000_000
"""GitHub drops the whole summary of a step above 1,024 KiB."""


class StepFailed(Exception):
    """The step ends here: what happened, what to do next, and the exit code."""

    def __init__(self, message: str, hint: str = "", code: int = ERROR) -> None:
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code


@dataclass(frozen=True, slots=True)
class Ended:
    """How the program ended: its exit code, and the end of what it said on standard error."""

    code: int
    said: str


def get_input(name: str, default: str = "") -> str:
    """An input of the action, as action.yml hands it over: `lock-timeout` is INPUT_LOCK_TIMEOUT."""
    return os.environ.get("INPUT_" + name.upper().replace("-", "_"), "").strip() or default


def is_on(name: str, default: str = "true") -> bool:
    """Whether a boolean input is on; raises `StepFailed` for a word that is neither true nor false."""
    value = get_input(name, default).lower()
    if value not in {"true", "false"}:
        raise StepFailed(f"input {name} is {value!r}", "give true or false", 64)
    return value == "true"


def get_workspace() -> str:
    """The workspace of this run."""
    return get_input("workspace", os.environ.get("RECONCILER_WORKSPACE", "").strip() or "production")


def read_event() -> dict[str, Any]:
    """The event that started the workflow; empty where there is none."""
    path = os.environ.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def run_url() -> str:
    """The page of this run."""
    base = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ.get('GITHUB_REPOSITORY', '')}"
    return f"{base}/actions/runs/{os.environ.get('GITHUB_RUN_ID', '0')}"


def make_folder() -> Path:
    """Where this step leaves its files, for the steps after it."""
    folder = Path(get_input("folder") or Path(os.environ.get("RUNNER_TEMP", ".")) / "reconciler")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def set_output(**values: object) -> None:
    """Outputs of the step. A value cannot smuggle in another output: its end is a random word."""
    path = os.environ.get("GITHUB_OUTPUT", "")
    lines = []
    for name, value in values.items():
        end = f"end-{secrets.token_hex(8)}"
        lines.append(f"{name.replace('_', '-')}<<{end}\n{value}\n{end}\n")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("".join(lines))


def shown(text: str) -> str:
    """`text` with what a screen obeys or hides written out as `\\u202e`, whoever wrote it: GitHub, a program, a file.
    Line ends, tabs and the joiners of letters and emoji stay."""
    return "".join(
        one
        if one.isprintable() or one in KEPT
        else one.encode("ascii", "backslashreplace").decode()
        if one > "\x7f"
        else f"\\x{ord(one):02x}"
        for one in text
    )


def add_summary(text: str) -> None:
    """Markdown for the page of the run."""
    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(shown(text).encode()[:SUMMARY_LIMIT].decode("utf-8", "ignore") + "\n")


def say(text: str) -> None:
    """One line into the log."""
    sys.stdout.write(shown(text) + "\n")
    sys.stdout.flush()


def annotate(level: str, text: str) -> None:
    """An annotation of the run: error, warning or notice."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    say(f"::{level} title=reconciler::{escaped}")


def show_annotations(path: Path) -> None:
    """The annotations that the program wrote; they are escaped already."""
    if path.is_file():
        say(path.read_text("utf-8").rstrip("\n"))


def read_report(path: Path, ended: Ended) -> str:
    """The report that the program wrote; where it could not, what it said last."""
    if path.is_file():
        text = path.read_text("utf-8")
        # The place where the plan lies on the runner is of no use to a reader.
        return "\n".join(line for line in text.splitlines() if not line.startswith("- Saved the plan to ")).strip()
    said = (ended.said or f"It ended with exit code {ended.code}.").replace("```", "'''")
    return f"### reconciler\n\n**It failed before there was a report.**\n\n```text\n{said}\n```"


def extra_arguments() -> list[str]:
    """The words of the input `arguments`, split as a shell would, without being a shell."""
    try:
        return shlex.split(get_input("arguments"))
    except ValueError as error:
        raise StepFailed(f"input arguments: {error}", "close the quotation mark", 64) from error


def child_environment() -> dict[str, str]:
    """What the program may know: no token of GitHub; the key, and the lines NAME=value of the input `environment`.

    An empty value counts as not set: that is what an absent secret looks like.
    """
    known = {name: value for name, value in os.environ.items() if not name.startswith(("INPUT_", "ACTIONS_"))}
    known.pop("GITHUB_TOKEN", None)
    if get_input("api-key"):
        known[get_input("api-key-variable", "TAVUS_API_KEY")] = get_input("api-key")
    for line in os.environ.get("INPUT_ENVIRONMENT", "").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.strip().partition("=")
        if not equals or not name.isidentifier():
            raise StepFailed("input environment holds a line that is not NAME=value", "one variable a line", 64)
        if value:
            known[name] = value
    if os.environ.get("INPUT_ENVIRONMENT", "").strip():
        from identity import add_identity

        add_identity(known, os.environ, Path(os.environ.get("RUNNER_TEMP", ".")) / "reconciler-identity")
    return known


def run_program(words: Sequence[str]) -> Ended:
    """Run the program with its output in the log; an interruption is passed on, and its end awaited.

    What it prints holds texts of manifests: no line of it is taken for a command of the runner.
    """
    command = [
        *shlex.split(os.environ.get("RECONCILER_PROGRAM", "reconciler")),
        "-C",
        get_input("directory", "."),
        *words,
    ]
    with _commands_off():
        try:
            child = subprocess.Popen(
                command, env=child_environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", errors="replace", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise StepFailed(f"cannot start {command[0]}: {error.strerror}", "install it in a step before") from error
        kept: deque[str] = deque(maxlen=KEPT_LINES)
        assert child.stderr is not None
        reader = threading.Thread(target=_copy_lines, args=(child.stderr, kept), daemon=True)
        with _passing_on(child):
            reader.start()
            code = child.wait()
            reader.join(5)
    return Ended(130 if code < 0 else code, "".join(kept).strip())


def _copy_lines(source: IO[str], kept: deque[str]) -> None:
    for line in source:
        kept.append(line)
        sys.stderr.write(line)
        sys.stderr.flush()


@contextmanager
def _commands_off() -> Iterator[None]:
    word = secrets.token_hex(16)
    say(f"::stop-commands::{word}")
    try:
        yield
    finally:
        sys.stderr.flush()
        say(f"\n::{word}::")


@contextmanager
def _passing_on(child: subprocess.Popen[str]) -> Iterator[None]:
    """A cancelled job interrupts the program as Ctrl-C would: running requests finish, the state is saved."""

    def forward(number: int, frame: FrameType | None) -> None:
        child.send_signal(signal.SIGINT)

    before: Mapping[int, Any] = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
