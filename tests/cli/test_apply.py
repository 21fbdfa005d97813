"""The question, and who may be asked."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.apply import apply_options
from reconciler.cli.apply import Declined, ask, finish, for_machines, interruptible, require_someone
from reconciler.cli.composition import open_session
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError
from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.event import RunStarted
from reconciler.types.live import Account
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult, StepResult


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


Call = Callable[..., Any]
PLAN = Plan("sandbox", Account("http://x.invalid", "pal"), "lineage", 1)


def step(outcome: str) -> StepResult:
    return StepResult(Address("persona", outcome), Action.CREATE, outcome, message="why")


@pytest.mark.parametrize(
    ("outcomes", "interrupted", "code"),
    [
        ((), False, 0),
        (("done", "done"), False, 0),
        (("done", "failed"), False, 1),
        (("failed", "skipped"), False, 1),
        (("done", "skipped"), True, 130),
        (("failed", "skipped"), True, 130),
    ],
    ids=str,
)
def test_the_worst_outcome_is_the_exit_code(
    project: Path, outcomes: tuple[str, ...], interrupted: bool, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(format="json")
    result = ApplyResult(tuple(step(one) for one in outcomes), interrupted=interrupted)
    assert finish("apply", settings, open_session(settings), PLAN, result) == code
    assert json.loads(capfd.readouterr().out)["exit_code"] == code


def test_flags_arrive(project: Path) -> None:
    options = apply_options(
        open_session(Settings(parallelism=3)), force_maker=True, lock_timeout=30.0, accept_account=True
    )
    assert (options.parallelism, options.force_maker, options.lock_timeout) == (3, True, 30.0)
    assert options.accept_account
    assert not options.saved


def test_the_first_change_makes_interrupts_gentle(project: Path) -> None:
    from reconciler.cli import composition

    run = open_session(Settings(quiet=True))
    with interruptible(run) as session:
        import signal

        handler = signal.getsignal(signal.SIGINT)
        assert isinstance(handler, composition.Interrupts)
        assert not handler.graceful
        session.emit(RunStarted("apply", 1))
        assert handler.graceful
        assert not session.stop()
        handler.stop.set()
        assert session.stop()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), False),
        (Settings(format="text"), False),
        (Settings(format="json"), True),
        (Settings(reports=(("json", "x"),)), True),
    ],
    ids=str,
)
def test_who_reads_the_result(settings: Settings, expected: bool) -> None:
    assert for_machines(settings) is expected


def test_what_would_not_work_is_found_before_anything_is_sent(project: Path, call: Call) -> None:
    text = (project / "manifests" / "desk.yaml").read_text()
    silent = text.replace("name: desk", "name: silent").replace("  system_prompt: You welcome visitors.\n", "")
    (project / "manifests" / "silent.yaml").write_text(silent.replace("persona_name: Desk", "persona_name: Other"))
    for command in (["plan"], ["apply", "--auto-approve"]):
        ended = call(*command)
        assert ended.code == 1, ended
        assert "manifests/silent.yaml:" in ended.err
        assert "system_prompt is missing" in ended.err
    assert call("state", "list").out == ""


FAULTY = """\
apiVersion: personas/v1
kind: Project
metadata: {name: faulty}
workspaces: {sandbox: {provider: {type: simulator, faults: faults.json}}}
"""


def test_one_failure_does_not_stop_the_others(project: Path, call: Call) -> None:
    """The API refuses one body for reasons of its own; the neighbour is created all the same."""
    text = (project / "manifests" / "desk.yaml").read_text()
    other = text.replace("name: desk", "name: able").replace("persona_name: Desk", "persona_name: Other")
    (project / "manifests" / "able.yaml").write_text(other)
    (project / "faults.json").write_text(json.dumps({"rules": [{"method": "POST", "nth": [1], "status": 400}]}))
    (project / "manifests" / "reconciler.yaml").write_text(FAULTY)
    ended = call("apply", "--auto-approve")
    assert ended.code == 1, ended
    assert "1 added" in ended.out
    assert "1 failed" in ended.out
    assert call("state", "list").out in {"persona.able\n", "persona.desk\n"}
