"""Ctrl-C, three ways."""

from __future__ import annotations

import io
import os
import signal
import threading
from typing import Any

import pytest

from reconciler.cli import interrupt
from reconciler.cli.interrupt import Interrupts, listening
from reconciler.cli.output import say


def test_before_anything_is_written_it_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), listening():
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", interrupt.SIGNALS, ids=lambda number: signal.Signals(number).name)
def test_while_requests_run_it_asks_them_to_be_the_last(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening() as interrupts:
        interrupts.graceful = True
        os.kill(os.getpid(), number)
        assert interrupts.stop.is_set()
    assert "finishing the requests" in capsys.readouterr().err


def test_the_second_time_it_aborts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[int] = []
    monkeypatch.setattr(interrupt.os, "_exit", ended.append)
    interrupts = Interrupts()
    interrupts.graceful = True
    interrupts(signal.SIGINT, None)
    assert ended == []
    interrupts(signal.SIGINT, None)
    assert ended == [130]
    assert "Aborted" in capsys.readouterr().err


class Interrupting(io.RawIOBase):
    """A raw stream in the middle of whose writes somebody presses Ctrl-C."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: Any) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return os.write(self._descriptor, data)


def test_in_the_middle_of_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffered stream refuses to be entered again by the handler, which must not end the run as a bug."""
    ended: list[int] = []
    monkeypatch.setattr(interrupt.os, "_exit", ended.append)
    readable, writable = os.pipe()
    monkeypatch.setattr(
        "sys.stderr", io.TextIOWrapper(io.BufferedWriter(Interrupting(writable)), line_buffering=True)
    )
    with listening() as interrupts:
        interrupts.graceful = True
        say("1 of 4")
        say("2 of 4")
    os.close(writable)
    monkeypatch.undo()
    with os.fdopen(readable) as shown:
        lines = shown.read().splitlines()
    assert [line.split()[0] for line in lines] == ["Interrupted:", "1", "Aborted.", "2"]
    assert ended == [130]


def test_twice_before_anything_is_written_aborts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(interrupt.os, "_exit", ended.append)
    interrupts = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        interrupts(signal.SIGINT, None)
    interrupts(signal.SIGINT, None)
    assert ended == [130]


def test_a_reading_run_has_nothing_to_save(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(interrupt.os, "_exit", ended.append)
    before = signal.getsignal(signal.SIGINT)
    with interrupt.abortable():
        os.kill(os.getpid(), signal.SIGINT)
    assert ended == [130]
    assert capsys.readouterr().err == "Interrupted.\n"
    assert signal.getsignal(signal.SIGINT) == before


def test_the_handlers_that_were_there_come_back() -> None:
    before = [signal.getsignal(number) for number in interrupt.SIGNALS]
    with listening():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in interrupt.SIGNALS] == before


def test_in_another_thread_signals_are_left_alone() -> None:
    seen: list[bool] = []

    def work() -> None:
        with listening() as interrupts:
            seen.append(interrupts.stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
