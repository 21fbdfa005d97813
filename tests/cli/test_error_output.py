"""However a run ends, a person reads a sentence and never a traceback."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import pytest

from reconciler.cli import error_output
from reconciler.cli.error_output import innermost_frame, save_crash_report, show
from reconciler.errors import (
    ManifestError,
    PlanBlocked,
    PlanStale,
    PlanUnreadable,
    ReconcilerError,
    StateLocked,
    StateMoved,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ReconcilerError("x"), 1),
        (UsageError("x"), 64),
        (ManifestError("x", ()), 1),
        (PlanBlocked("x", ()), 3),
        (StateLocked("x", holder={}), 4),
        (PlanStale("x"), 5),
        (PlanUnreadable("x"), 5),
        (StateMoved("x"), 5),
        (click.UsageError("x"), 64),
        (click.BadParameter("x"), 64),
        (click.ClickException("x"), 1),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (SystemExit(0), 0),
        (SystemExit(None), 0),
        (SystemExit(3), 3),
        (SystemExit("x"), 1),
        (BrokenPipeError(errno.EPIPE, "gone"), 1),
        (OSError(errno.ENOSPC, "No space left on device"), 1),
        (RuntimeError("x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_one_code_for_each_ending(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_output, "silence", lambda: None)
    assert show(error) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_a_bug_is_kept_in_a_file_without_anything_of_the_user(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fall(secret: str) -> None:
        raise ValueError(f"sk-{secret}")

    def trip() -> None:
        try:
            fall("topsecret")
        except ValueError as error:
            raise KeyError("sk-other") from error

    with pytest.raises(KeyError) as caught:
        trip()
    assert show(caught.value, ["plan", "--target", "persona.secret-name"], ["plan", "apply"]) == 1
    said = capsys.readouterr().err
    (file,) = tmp_path.iterdir()
    kept = file.read_text()
    assert str(file) in said
    assert "this is a bug in reconciler: KeyError" in said
    for text in (said, kept):
        assert "topsecret" not in text
        assert "sk-other" not in text
        assert "secret-name" not in text
    assert "builtins.KeyError" in kept
    assert "builtins.ValueError" in kept
    assert " in fall" in kept
    assert "command: plan" in kept
    assert file.stat().st_mode & 0o077 == 0


def test_nowhere_to_keep_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    assert save_crash_report(ValueError("x"), [], []) == "the lines above"
    assert "builtins.ValueError" in capsys.readouterr().err


def test_an_error_without_frames_has_an_unknown_place() -> None:
    assert innermost_frame(ValueError()) == "an unknown place"


def test_control_characters_in_messages_are_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    show(ReconcilerError("the API said \x1b]0;owned\x07", hint="\x1b[2J"))
    assert "\x1b" not in capsys.readouterr().err
