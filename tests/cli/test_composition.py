"""The composition root: which account, which folder, which clock."""

from __future__ import annotations

import io
import os
import re
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.connect import open_provider
from reconciler.api.manifests import known_secrets, locating_errors, read_files, read_manifests
from reconciler.api.session import SystemClock, choose_workspace
from reconciler.cli import composition
from reconciler.cli.composition import Interrupts, listening, open_session
from reconciler.cli.output import say
from reconciler.cli.settings import Settings
from reconciler.errors import ManifestError, PlanError, UsageError, WriteRefused
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Request
from reconciler.types.diagnostic import Diagnostic, Severity, Source
from reconciler.types.project import Project, ProviderSettings, Workspace

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: museum}
default_workspace: box
workspaces:
  box: {provider: {type: simulator}, parallelism: 3, give_up_after: 2m}
  other: {provider: {type: simulator}}
"""


@pytest.fixture
def museum(project: Path) -> Path:
    (project / "manifests" / "reconciler.yaml").write_text(PROJECT)
    return project


def test_the_workspace_comes_from_the_option_then_the_environment_then_the_plan_then_the_file(
    museum: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_session(Settings()).workspace.name == "box"
    assert open_session(Settings(), prefer="other").workspace.name == "other"
    monkeypatch.setenv("RECONCILER_WORKSPACE", "other")
    assert open_session(Settings(), prefer="box").workspace.name == "other"
    assert open_session(Settings(workspace="box")).workspace.name == "box"


def test_parallelism_is_the_workspaces_unless_given(museum: Path) -> None:
    assert open_session(Settings()).workspace.parallelism == 3
    assert open_session(Settings(parallelism=7)).workspace.parallelism == 7


def test_when_to_give_up_is_the_workspaces_unless_given(museum: Path) -> None:
    assert open_session(Settings()).workspace.give_up_after == 120.0
    assert open_session(Settings(give_up_after=30.0)).workspace.give_up_after == 30.0


def test_what_a_workspace_keeps_lies_in_the_current_folder(museum: Path) -> None:
    assert open_session(Settings()).folder == museum / ".reconciler" / "box"
    assert not (museum / ".reconciler").exists()


def test_another_root(museum: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere").resolve()
    run = open_session(Settings(manifests=(str(museum / "manifests"),)), root=elsewhere)
    assert run.folder == elsewhere / ".reconciler" / "box"


def test_without_a_project_file_two_workspaces_exist(project: Path) -> None:
    assert open_session(Settings()).workspace.name == "sandbox"
    assert open_session(Settings(workspace="tavus")).workspace.provider.type == "tavus"


def test_unknown_workspaces_are_guessed() -> None:
    known = Project("/x", {"production": Workspace("production", ProviderSettings("tavus"), KINDS)}, "production")
    with pytest.raises(UsageError, match="unknown workspace 'prodution'; known: production") as caught:
        choose_workspace(known, "prodution")
    assert caught.value.hint == "did you mean 'production'?"
    with pytest.raises(UsageError) as caught:
        choose_workspace(known, "zzz")
    assert "--workspace" in (caught.value.hint or "")


def test_errors_in_manifests_stop_a_run_that_would_read_the_account(project: Path) -> None:
    (project / "manifests" / "bad.yaml").write_text("kind: Persno\napiVersion: personas/v1\n")
    run = open_session(Settings())
    with pytest.raises(ManifestError, match="in the manifests; nothing was read or sent") as caught:
        read_manifests(run)
    assert caught.value.diagnostics[0].span is not None
    assert [one.address.name for one in read_files(run)[0].manifests] == ["desk"]


def test_a_reading_run_cannot_write(project: Path) -> None:
    run = open_session(Settings())
    body = {"pal_name": "x", "system_prompt": "x"}
    with open_provider(run, known_secrets(run), reading=True) as provider, pytest.raises(WriteRefused):
        provider.send(Request("POST", "/pals", Address("persona", "x"), body, "create"))


def test_findings_of_the_planner_get_their_place(project: Path) -> None:
    run = open_session(Settings())
    manifests, _ = read_manifests(run)
    address = Address("persona", "desk")
    odd = Diagnostic("E-x", Severity.ERROR, "odd", address=address, pointer="/greeting",
                     source=Source("manifests/desk.yaml", 0, "/spec"))  # fmt: skip
    with pytest.raises(PlanError) as caught, locating_errors(run, manifests):
        raise PlanError("no plan", (odd,))
    assert str(caught.value.diagnostics[0].span) == "manifests/desk.yaml:8:13"


def test_the_digest_key(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_session(Settings()).digest_key is None
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "schlüssel")
    assert open_session(Settings()).digest_key == "schlüssel".encode()


def test_a_snapshot_of_the_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "before")
    run = open_session(Settings())
    monkeypatch.setenv("SOME_KEY", "after")
    assert known_secrets(run).resolve(SecretRef("env", "SOME_KEY")) == "before"
    assert os.environ["SOME_KEY"] == "after"


def test_the_clock() -> None:
    clock = SystemClock()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", clock.now())
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= before


def test_before_anything_is_written_it_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), listening():
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", composition.SIGNALS, ids=lambda number: signal.Signals(number).name)
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
    monkeypatch.setattr(composition.os, "_exit", ended.append)
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
    monkeypatch.setattr(composition.os, "_exit", ended.append)
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
    monkeypatch.setattr(composition.os, "_exit", ended.append)
    interrupts = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        interrupts(signal.SIGINT, None)
    interrupts(signal.SIGINT, None)
    assert ended == [130]


def test_a_reading_run_has_nothing_to_save(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(composition.os, "_exit", ended.append)
    before = signal.getsignal(signal.SIGINT)
    with composition.abortable():
        os.kill(os.getpid(), signal.SIGINT)
    assert ended == [130]
    assert capsys.readouterr().err == "Interrupted.\n"
    assert signal.getsignal(signal.SIGINT) == before


def test_the_handlers_that_were_there_come_back() -> None:
    before = [signal.getsignal(number) for number in composition.SIGNALS]
    with listening():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in composition.SIGNALS] == before


def test_in_another_thread_signals_are_left_alone() -> None:
    seen: list[bool] = []

    def work() -> None:
        with listening() as interrupts:
            seen.append(interrupts.stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
