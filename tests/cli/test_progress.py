"""What is shown while a run works."""

from __future__ import annotations

import io
import json
import sys

import pytest

from reconciler.api.session import SystemClock
from reconciler.cli.progress import Lines, Terminal, choose_emit
from reconciler.cli.settings import Settings
from reconciler.reporters.messages import event_text, how_long
from reconciler.types.address import Address
from reconciler.types.change import Action
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
    StepStarted,
)

DESK = Address("persona", "desk")
RUN: tuple[Event, ...] = (
    Reading("persona", 100, 250),
    Reading("tool", 3, None),
    RunStarted("apply", 3),
    StepStarted(DESK, Action.CREATE),
    StepDone(DESK, Action.CREATE, "p1", 0.25, ("a note",)),
    StepFailed(DESK, Action.UPDATE, "no", "try again"),
    StepSkipped(DESK, Action.DELETE, "interrupted"),
    Notice("lock taken over", "warning"),
    Notice("read again"),
    StateSaved(2),
    RunFinished("apply", 1, 1, 1),
)


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (StepStarted(DESK, Action.CREATE), "persona.desk: Creating..."),
        (StepStarted(DESK, Action.NOOP), None),
        (StepDone(DESK, Action.CREATE, "p1", 0.25), "persona.desk: created after 0.2s [id=p1]"),
        (StepDone(DESK, Action.DELETE, None, 1, ("a note",)), "persona.desk: deleted after 1.0s\n  a note"),
        (StepDone(DESK, Action.NOOP, "p1", 0), "persona.desk: recorded after 0.0s [id=p1]"),
        (StepFailed(DESK, Action.UPDATE, "no", "try again"), "persona.desk: failed: no\n  try again"),
        (StepFailed(DESK, Action.UPDATE, "no"), "persona.desk: failed: no"),
        (StepSkipped(DESK, Action.UPDATE, "interrupted"), "persona.desk: skipped: interrupted"),
        (Notice("odd", "warning"), "Warning: odd"),
        (Notice("news"), "news"),
        (LimitMet(2.04), "The account's limit is met: going on with about 2 requests a second"),
        (Reading("persona", 1, 2), None),
        (StateSaved(1), None),
    ],
    ids=str,
)
def test_lines(event: Event, line: str | None) -> None:
    assert event_text(event) == line


def test_a_pipe_gets_warnings_only() -> None:
    written: list[str] = []
    listener = Lines(written.append, steps=False)
    for event in RUN:
        listener(event)
    assert written == ["Warning: lock taken over"]


def test_a_pipe_gets_every_step_when_asked_for() -> None:
    written: list[str] = []
    listener = Lines(written.append, steps=True)
    for event in RUN:
        listener(event)
    assert len(written) == 6
    assert "read again" in written


def test_a_terminal_keeps_lines_and_rewrites_one() -> None:
    screen = Screen()
    listener = Terminal(screen, steps=True)
    for event in RUN:
        listener(event)
    shown = screen.getvalue()
    assert "Reading 100/250 persona, 3 tool" in shown
    assert "1 of 3 done" in shown
    assert shown.endswith("\r\x1b[2K") or "3 of 3" not in shown
    lines = [line.rpartition("\x1b[2K")[2] for line in shown.split("\n")]
    assert "persona.desk: created after 0.2s [id=p1]" in lines
    listener.close()


def test_a_long_run_says_what_holds_it_back_and_how_long_it_will_take() -> None:
    screen, now = Screen(), 0.0
    listener = Terminal(screen, steps=True, now=lambda: now)
    listener(RunStarted("apply", 40))
    listener(LimitMet(2.04))
    assert "0 of 40 done, limited to 2 requests/s" in screen.getvalue()
    for now in (5.0, 10.0):  # noqa: B007 - the clock reads it
        listener(StepDone(DESK, Action.CREATE, "p1", 0.25))
    assert "2 of 40 done, limited to 2 requests/s, about 3 min left" in screen.getvalue()
    listener(RunProgress(2, 40, 12.0, 1.9, 2.04, None, (DESK,), 3))
    shown = screen.getvalue().rpartition("\x1b[2K")[2]
    assert shown == f"2 of 40 done, limited to 2 requests/s, waiting for {DESK} (3 held up)"
    for seconds, words in ((3.2, "3 s"), (89, "89 s"), (600, "10 min"), (7200, "2.0 h")):
        assert how_long(seconds) == words


def test_a_name_cannot_steer_the_terminal() -> None:
    screen = Screen()
    Terminal(screen, steps=True)(Notice("\x1b[31mred"))
    assert "\\x1b[31mred" in screen.getvalue()


def test_a_terminal_that_went_away_is_no_error() -> None:
    class Gone(Screen):
        def write(self, text: str) -> int:
            raise OSError

    listener = Terminal(Gone(), steps=True)
    for event in RUN:
        listener(event)
    assert listener.close() is None


def test_who_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(choose_emit(Settings(), clock), Lines)
    monkeypatch.setattr(sys, "stderr", Screen())
    assert isinstance(choose_emit(Settings(), clock), Terminal)
    assert isinstance(choose_emit(Settings(quiet=True), clock), Lines)


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    emit = choose_emit(Settings(quiet=True), SystemClock())
    for event in RUN:
        emit(event)
    assert capsys.readouterr() == ("", "")


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    emit = choose_emit(Settings(json_log=True), SystemClock())
    for event in RUN:
        emit(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [json.loads(line) for line in captured.err.splitlines()]
    assert len(lines) == len(RUN)
    assert all("@timestamp" in line and "type" in line for line in lines)
