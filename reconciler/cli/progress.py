"""What a run shows while it works: a status line on a terminal, JSON lines on request, nothing in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from reconciler.cli.output import is_terminal, say, visible
from reconciler.reporters.messages import event_text, progress_text
from reconciler.types.event import (
    Event,
    LimitMet,
    Notice,
    Reading,
    RunFinished,
    RunProgress,
    RunStarted,
    StateSaved,
    StepDone,
    StepFailed,
    StepSkipped,
)

if TYPE_CHECKING:
    from reconciler.cli.settings import Settings
    from reconciler.types.ports import Clock, Emit


LONG_RUN = 5.0
"""Seconds from which on a run says how long it will take."""


def choose_emit(settings: Settings, clock: Clock) -> Emit:
    """The listener that fits the options and what standard error is."""
    if settings.json_log:
        return json_lines(clock)
    if settings.quiet:
        return Lines(say, steps=False, notices=False)
    if is_terminal(sys.stderr):
        return Terminal(sys.stderr, steps=True, now=clock.monotonic)
    return Lines(say, steps=settings.verbose)


def json_lines(clock: Clock) -> Emit:
    """Every event as one line of JSON on standard error."""
    from reconciler.core.secrets.redact_text import Shown
    from reconciler.reporters.ndjson import event_line

    lock = threading.Lock()

    def emit(event: Event) -> None:
        line = event_line(event, clock.now()).rstrip("\n")
        with lock:
            say(Shown(line))

    return emit


class Lines:
    """Lines that stay; warnings and what everybody has to know always, steps only when asked for."""

    def __init__(self, write: Callable[[str], None], *, steps: bool, notices: bool = True) -> None:
        self._write = write
        self._steps = steps
        self._notices = notices
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Notice):
            wanted = self._steps or (self._notices and event.level in ("warning", "always"))
        else:
            wanted = self._steps
        line = event_text(event) if wanted else None
        if line is not None:
            with self._lock:
                self._write(line)


def columns_of(stream: IO[str]) -> int:
    """How wide the terminal behind a stream is now; `COLUMNS`, which may be of before, where it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or shutil.get_terminal_size((80, 24)).columns
    except (OSError, ValueError, AttributeError):
        return shutil.get_terminal_size((80, 24)).columns


class Terminal:
    """Lines that stay above one status line that is rewritten in place."""

    def __init__(self, stream: IO[str], *, steps: bool, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now = now
        self._steps = steps
        self._lock = threading.Lock()
        self._read: dict[str, tuple[int, int | None]] = {}
        self._shown = False
        self._ended = 0
        self._total = 0
        self._began = 0.0
        self._rate: float | None = None
        self._told = RunProgress(0, 0, 0.0)

    def __call__(self, event: Event) -> None:
        with self._lock:
            match event:
                case Reading(kind, done, total):
                    self._read[kind] = (done, total)
                    return self._status(self._reading())
                case RunStarted(_, steps):
                    self._ended, self._total, self._began = 0, steps, self._now()
                    self._told = RunProgress(0, steps, 0.0)
                case RunProgress():
                    self._told = event
                    return self._status(self._running())
                case LimitMet(rate):
                    self._rate = rate
                case StepDone() | StepFailed() | StepSkipped():
                    self._ended += 1
                case RunFinished() | StateSaved():
                    return self._clear()
            line = event_text(event) if self._steps else None
            if line is not None:
                self._clear()
                self._put(visible(line) + "\n")
            if self._total and self._ended < self._total:
                self._status(self._running())
            return None

    def _running(self) -> str:
        """How far the run is, what holds it back, and when it will be over if it goes on like this."""
        told, passed = self._told, self._now() - self._began
        left = None
        if self._ended and passed >= LONG_RUN and not told.waits_for:
            left = passed * (self._total - self._ended) / self._ended
        limit = self._rate if told.limit is None else told.limit
        return progress_text(replace(told, done=self._ended, limit=limit, seconds_left=left))

    def _reading(self) -> str:
        parts = [
            f"{done}/{total} {kind}" if total else f"{done} {kind}" for kind, (done, total) in self._read.items()
        ]
        return f"Reading {', '.join(parts)}"

    def _status(self, text: str) -> None:
        room = min(80, columns_of(self._stream)) - 1  # a line that breaks leaves its first half
        self._put(f"\r\x1b[2K{visible(text)[: max(room, 1)]}")
        self._shown = True

    def _clear(self) -> None:
        if self._shown:
            self._put("\r\x1b[2K")
            self._shown = False

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, UnicodeEncodeError):
            pass

    def close(self) -> None:
        """Take the status line away."""
        with self._lock:
            self._clear()
