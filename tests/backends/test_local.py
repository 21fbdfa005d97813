"""State as files: rights, backup, ignored by git, and what a full or closed folder says."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.backends.context import BackendContext
from reconciler.backends.local import FileJournal, end_of_lines, open_backend
from reconciler.errors import StateError, UsageError
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from tests.support.state import Events, JumpingClock, open_local


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return open_local(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".reconciler" / "w"


def test_opening_and_reading_touch_nothing(backend: Backend, tmp_path: Path) -> None:
    assert backend.read() is None
    assert list(backend.journal.read()) == []
    assert backend.holder() is None
    assert list(tmp_path.iterdir()) == []


def test_files_are_private_and_ignored_by_git(backend: Backend, folder: Path) -> None:
    backend.write(b"one")
    backend.journal.append(b"line")
    assert (folder.parent / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert stat.S_IMODE((folder / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "state.journal").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_ignore_file_comes_also_into_a_folder_that_others_made(backend: Backend, folder: Path) -> None:
    folder.mkdir(parents=True)
    backend.write(b"one")
    assert (folder.parent / ".gitignore").exists()


def test_the_document_before_is_the_backup(backend: Backend, folder: Path) -> None:
    for text in (b"one", b"two", b"three"):
        backend.write(text)
    assert (folder / "state.json").read_bytes() == b"three"
    assert (folder / "state.json.backup").read_bytes() == b"two"
    assert sorted(path.name for path in folder.iterdir()) == ["state.json", "state.json.backup"]


def test_without_hard_links_the_backup_is_a_copy(
    backend: Backend, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    backend.write(b"one")
    backend.write(b"two")
    assert (folder / "state.json.backup").read_bytes() == b"one"
    clock = JumpingClock()
    from reconciler.engine.state.lock_owner import describe_run

    with backend.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=Events().append) as lease:
        lease.check()


def test_a_failed_write_keeps_the_old(backend: Backend, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.write(b"one")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left") as caught:
        backend.write(b"two")
    assert caught.value.hint
    assert backend.read() == b"one"
    assert [path.name for path in folder.iterdir()] == ["state.json"]


def test_a_failed_append_leaves_no_half_line(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.journal.append(b"one")
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left"):
        backend.journal.append(b"two")
    monkeypatch.setattr(os, "fsync", real)
    backend.journal.append(b"three")
    assert list(backend.journal.read()) == [b"one", b"three"]


def test_a_failed_shared_write_fails_for_all_that_shared_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path / "j")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    def append(number: int) -> bool:
        try:
            journal.append(b"%d" % number)
        except StateError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert not any(pool.map(append, range(30)))
    assert journal.read() == []


def test_a_torn_last_line_is_left_out_and_overwritten(backend: Backend, folder: Path) -> None:
    backend.journal.append(b"one")
    with (folder / "state.journal").open("ab") as file:
        file.write(b"tw" * 5000)
    assert list(backend.journal.read()) == [b"one"]
    backend.journal.append(b"three")
    assert list(backend.journal.read()) == [b"one", b"three"]


def test_a_journal_that_is_one_torn_line(backend: Backend, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "state.journal").write_bytes(b"x" * 9000)
    assert list(backend.journal.read()) == []
    backend.journal.append(b"one")
    assert list(backend.journal.read()) == [b"one"]


def test_a_path_that_cannot_be_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / ".reconciler").write_text("a file where the folder should be", encoding="utf-8")
    backend = open_local(tmp_path)
    clock = JumpingClock()
    from reconciler.engine.state.lock_owner import describe_run

    attempts = (
        lambda: backend.write(b"x"),
        lambda: backend.journal.append(b"x"),
        lambda: backend.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=print).__enter__(),
    )
    for attempt in attempts:
        with pytest.raises(StateError) as caught:
            attempt()
        assert caught.value.hint
    (tmp_path / "folder" / "state.json").mkdir(parents=True)
    strange = open_backend(BackendSettings("local", {"path": "folder/state.json"}), context(tmp_path))
    with pytest.raises(StateError, match="cannot be read"):
        strange.read()


def context(project: Path) -> BackendContext:
    return BackendContext(project / ".reconciler" / "w", "w")


def test_the_path_setting_is_relative_to_the_project(tmp_path: Path) -> None:
    backend = open_backend(BackendSettings("local", {"path": "shared/prod.json"}), context(tmp_path))
    backend.write(b"one")
    backend.journal.append(b"line")
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["prod.journal", "prod.json"]
    assert backend.describe() == str(tmp_path / "shared" / "prod.json")


@pytest.mark.parametrize("path", [5, "", ["x"], {}])
def test_a_path_is_a_text(tmp_path: Path, path: object) -> None:
    with pytest.raises(UsageError, match="path"):
        open_backend(BackendSettings("local", {"path": path}), context(tmp_path))  # type: ignore[dict-item]


def test_a_misspelt_setting_is_corrected(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_backend(BackendSettings("local", {"paht": "x"}), context(tmp_path))
    assert caught.value.hint == "did you mean 'path'?"


def test_end_of_lines_looks_back_over_blocks(tmp_path: Path) -> None:
    for data, end in ((b"", 0), (b"x" * 5000, 0), (b"a\n" + b"x" * 9000, 2), (b"a\n" * 4096, 8192)):
        (tmp_path / "f").write_bytes(data)
        handle = os.open(tmp_path / "f", os.O_RDONLY)
        assert end_of_lines(handle) == end
        os.close(handle)


def test_what_a_killed_run_left_half_written_is_removed_by_the_next_one(backend: Backend, folder: Path) -> None:
    from reconciler.engine.state.lock_owner import describe_run

    backend.write(b"one")
    for left in ("state.json.tmp", "state.json.backup.tmp", "state.lock.of-a-killed-run.tmp"):
        (folder / left).write_bytes(b"half")
    (folder / "mine.tmp").write_bytes(b"not ours to remove")
    clock = JumpingClock()
    with backend.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=Events().append):
        assert sorted(path.name for path in folder.glob("*.tmp")) == ["mine.tmp"]
    assert backend.read() == b"one"
