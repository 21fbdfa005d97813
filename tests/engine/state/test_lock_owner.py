"""A state that could not be stored: a private file beside the project, never over another one."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.core.state.journal_records import AccountNoted
from reconciler.core.state.state_document import parse_state
from reconciler.engine.state.lock_owner import MOST, Rescue
from reconciler.engine.state.state_session import open_session
from reconciler.errors import Interrupted
from tests.support.state import Events, JumpingClock, open_local


def test_the_file_is_private_whole_and_beside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    said = Rescue(project, "reconciler -C ../project -w w").keep(b"\x00one\n")
    file = project / "errored.state.json"
    assert file.read_bytes() == b"\x00one\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(elsewhere.iterdir()) == []
    assert str(file) in said
    assert "reconciler -C ../project -w w state push errored.state.json" in said


def test_what_an_earlier_run_left_is_never_written_over(tmp_path: Path) -> None:
    rescue = Rescue(tmp_path)
    said = [rescue.keep(b"%d" % number) for number in range(3)]
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [b"1", b"2", b"0"]
    assert "state push errored.state.3.json" in said[2]
    assert all(shlex.split(text) for text in said)


def test_a_link_that_waits_there_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "errored.state.json").symlink_to(target)
    Rescue(tmp_path).keep(b"one")
    assert not target.exists()
    assert (tmp_path / "errored.state.2.json").read_bytes() == b"one"


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert "could not be written" in Rescue(tmp_path / "file").keep(b"one")
    for number in range(MOST):
        Rescue(tmp_path).keep(b"%d" % number)
    assert "there already" in Rescue(tmp_path).keep(b"one more")


def test_a_state_that_waits_too_long_to_be_stored_is_kept_as_well(tmp_path: Path) -> None:
    backend, events = open_local(tmp_path / "state"), Events()
    stops: list[bool] = []

    def write(data: bytes) -> None:
        if stops:
            raise Interrupted("stopped while waiting for the store of the state")
        LocalBackend.write(backend, data)

    backend.write = write  # type: ignore[method-assign]
    with (
        pytest.raises(Interrupted) as caught,
        open_session(
            backend, workspace="w", operation="apply", clock=JumpingClock(), emit=events.append,
            rescue=Rescue(tmp_path), stop=lambda: bool(stops),
        ) as session,
    ):  # fmt: skip
        session.record(AccountNoted("owner"))
        stops.append(True)
    assert "errored.state.json" in str(caught.value.hint)
    assert parse_state((tmp_path / "errored.state.json").read_bytes()).owner == "owner"
