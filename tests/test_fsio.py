"""Files that are whole or not there, with the permissions that belong to them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import fsio
from reconciler.errors import ReconcilerError
from reconciler.fsio import Replacement, create_file, replace_all, replace_file, wait_for_lock, write_beside


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_without_a_mode_the_umask_decides_and_what_is_there_keeps_its_own(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_bytes(b"x")
    old.chmod(0o604)
    for path in (new, old):
        replace_file(path, b"text")
        assert path.read_bytes() == b"text"
    assert (mode(new), mode(old)) == (0o640, 0o604)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new", "old"]


@pytest.mark.parametrize("wanted", [0o600, 0o640, 0o664])
def test_a_mode_is_taken_exactly(tmp_path: Path, wanted: int) -> None:
    (tmp_path / "f").write_bytes(b"x")
    replace_file(tmp_path / "f", b"text", wanted)
    assert mode(tmp_path / "f") == wanted


def test_nobody_else_reads_it_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(stat.S_IMODE(os.fstat(handle).st_mode)))
    write_beside(tmp_path / "f", b"text", 0o640)
    assert seen == [0o600]


def test_nothing_stays_behind_where_it_cannot_be_put_in_place(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        replace_file(tmp_path / "folder", b"x", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def change(path: Path, after: bytes, before: bytes | None = b"old") -> Replacement:
    if before is not None and not path.exists():
        path.write_bytes(before)
    return Replacement(str(path), before, after, path.name)


def left(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    replace_all([change(tmp_path / "a", b"1"), change(tmp_path / "new" / "deep" / "b", b"2", before=None)])
    assert left(tmp_path) == {"a": b"1", "new/deep/b": b"2"}


def test_the_mode_stays(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    target.chmod(0o640)
    replace_all([change(target, b"1")])
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("now", [b"moved", None])
def test_a_file_that_moved_on_stops_everything(tmp_path: Path, now: bytes | None) -> None:
    first, second = change(tmp_path / "a", b"1"), change(tmp_path / "b", b"2")
    if now is None:
        (tmp_path / "b").unlink()
    else:
        (tmp_path / "b").write_bytes(now)
    with pytest.raises(ReconcilerError, match="since it was read"):
        replace_all([first, second])
    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(left(tmp_path)) == (1 if now is None else 2)


def test_a_new_file_that_somebody_else_made_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"theirs")
    with pytest.raises(ReconcilerError, match="has appeared"):
        replace_all([Replacement(str(tmp_path / "a"), None, b"1")])
    assert left(tmp_path) == {"a": b"theirs"}


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_midway_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    changes = [
        change(tmp_path / "tools" / "new", b"0", before=None),
        change(tmp_path / "a", b"1"),
        change(tmp_path / "b", b"2"),
    ]
    real, count = os.replace, 0

    def replace(source: str, target: str) -> None:
        nonlocal count
        count += 1
        if count == failing:
            raise OSError(28, "No space left on device", target)
        real(source, target)

    monkeypatch.setattr(fsio.os, "replace", replace)
    with pytest.raises(ReconcilerError, match="No space left on device; nothing was changed"):
        replace_all(changes)
    assert left(tmp_path) == {"a": b"old", "b": b"old"}
    assert not (tmp_path / "tools").exists()


def test_what_cannot_be_put_back_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [change(tmp_path / "a", b"1"), change(tmp_path / "b", b"2")]
    real, count = os.replace, 0

    def replace(source: str, target: str) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise OSError(5, "Input/output error", target)
        real(source, target)

    monkeypatch.setattr(fsio.os, "replace", replace)
    with pytest.raises(ReconcilerError, match="could not be put back: a"):
        replace_all(changes)


def test_an_interruption_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [change(tmp_path / "a", b"1"), change(tmp_path / "b", b"2")]
    real, count = os.replace, 0

    def replace(source: str, target: str) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(fsio.os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        replace_all(changes)
    assert left(tmp_path) == {"a": b"old", "b": b"old"}


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = change(tmp_path / "a", b"1")
    monkeypatch.setattr(fsio.os, "access", lambda *_: False)
    with pytest.raises(ReconcilerError, match="read-only"):
        replace_all([first])
    assert left(tmp_path) == {"a": b"old"}


def test_a_file_is_created_whole_and_never_over_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_file(tmp_path / "a", b"one")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "a", b"two")

    def no_links(*_: object) -> None:
        raise OSError(1, "not here")

    monkeypatch.setattr("os.link", no_links)
    create_file(tmp_path / "b", b"three")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "b", b"four")
    assert left(tmp_path) == {"a": b"one", "b": b"three"}


def test_a_lock_of_the_kernel_goes_with_its_handle(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "guard", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert wait_for_lock(first, 0.0)
    assert not wait_for_lock(second, 0.0)
    os.close(first)
    assert wait_for_lock(second, 0.0)
    os.close(second)


@pytest.mark.usefixtures("umask")
def test_a_file_is_created_with_its_mode_and_over_no_link(tmp_path: Path) -> None:
    create_file(tmp_path / "f", b"one", 0o600)
    assert mode(tmp_path / "f") == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "none")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "link", b"one")
    assert not (tmp_path / "none").exists()
