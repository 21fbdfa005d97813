"""The question, and who may be asked."""

from __future__ import annotations

import io
import sys

import pytest

from reconciler.cli.confirmation import Declined, ask, require_someone
from reconciler.errors import UsageError


class Keyboard(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "approved"),
    [
        ("yes\n", True),
        ("  yes \n", True),
        ("y\n", False),
        ("YES\n", False),
        ("\n", False),
        ("", False),
        ("no\n", False),
    ],
    ids=repr,
)
def test_only_yes_is_yes(
    typed: str, approved: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Keyboard(typed))
    assert ask("Do you want to perform these actions?", "In workspace 'box'.") is approved
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Only 'yes' will be accepted" in captured.err


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for stdin in (io.StringIO("yes\n"), None):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(UsageError, match="no terminal") as caught:
            require_someone("apply")
        assert "--auto-approve" in (caught.value.hint or "")


def test_somebody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Keyboard())
    require_someone("destroy")
    assert Declined.exit_code == 1
