"""Standard output holds the bytes asked for; a reader who left, or a full disk, is met with manners."""

from __future__ import annotations

import io
import os
import sys

import pytest

from reconciler.cli.stdio import flush, is_terminal, say, silence, visible, write
from reconciler.errors import ReconcilerError


class Stream:
    """A text stream with a buffer, as sys.stdout is."""

    def __init__(self, encoding: str = "utf-8", *, terminal: bool = False, fails: OSError | None = None) -> None:
        self.buffer = io.BytesIO()
        self.encoding = encoding
        self.terminal = terminal
        self.fails = fails

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        return self.buffer.write(text.encode(self.encoding))

    def flush(self) -> None:
        if self.fails is not None:
            raise self.fails


def test_a_pipe_gets_utf_8_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream("ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    write("Grüße ✓\n")
    assert stream.buffer.getvalue().decode() == "Grüße ✓\n"


def test_a_terminal_gets_what_it_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream("ascii", terminal=True)
    monkeypatch.setattr(sys, "stdout", stream)
    write("ü\n")
    assert stream.buffer.getvalue() == b"\\xfc\n"


def test_half_a_character_is_no_reason_to_fall_over(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    write("\ud800\n")
    assert stream.buffer.getvalue() == b"\\ud800\n"


def test_a_stream_without_bytes_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    write("x\n")
    assert stream.getvalue() == "x\n"


def test_a_reader_who_left_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(fails=BrokenPipeError())
    monkeypatch.setattr(sys, "stdout", stream)
    write("x\n")
    stream.fails = None
    assert stream.buffer.getvalue() == b""


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Stream(fails=OSError(28, "No space left on device")))
    with pytest.raises(ReconcilerError, match="standard output: No space left"):
        write("x\n")


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    write("x")
    say("x")
    flush()
    silence()
    assert not is_terminal(None)
    closed = io.StringIO()
    closed.close()
    assert not is_terminal(closed)


def test_lines_for_a_person_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31mb\u202ec\nd")
    assert capsys.readouterr().err == "a\\x1b[31mb\\x202ec\nd\n"


def test_visible_text_stays_as_it_is() -> None:
    assert visible("Grüße\n\t✓") == "Grüße\n\t✓"


def test_an_error_stream_that_speaks_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream("ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    say("ü")
    assert stream.buffer.getvalue() == b"\\xfc\n"


def test_silence_points_the_descriptor_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        silence()
        os.write(stream.fileno(), b"lost")
    assert os.read(reading, 10) == b""
    os.close(reading)
