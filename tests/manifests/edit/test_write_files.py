"""Several files at once: all or none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reconciler.errors import ReconcilerError
from reconciler.manifests.edit import write_files
from reconciler.manifests.edit.write_files import Replacement, write_all


def change(path: Path, after: bytes, before: bytes | None = b"old") -> Replacement:
    if before is not None and not path.exists():
        path.write_bytes(before)
    return Replacement(str(path), before, after, path.name)


def left(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_all([change(tmp_path / "a", b"1"), change(tmp_path / "new" / "deep" / "b", b"2", before=None)])
    assert left(tmp_path) == {"a": b"1", "new/deep/b": b"2"}


def test_the_mode_stays(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    target.chmod(0o640)
    write_all([change(target, b"1")])
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("now", [b"moved", None])
def test_a_file_that_moved_on_stops_everything(tmp_path: Path, now: bytes | None) -> None:
    first, second = change(tmp_path / "a", b"1"), change(tmp_path / "b", b"2")
    if now is None:
        (tmp_path / "b").unlink()
    else:
        (tmp_path / "b").write_bytes(now)
    with pytest.raises(ReconcilerError, match="since it was read"):
        write_all([first, second])
    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(left(tmp_path)) == (1 if now is None else 2)


def test_a_new_file_that_somebody_else_made_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"theirs")
    with pytest.raises(ReconcilerError, match="has appeared"):
        write_all([Replacement(str(tmp_path / "a"), None, b"1")])
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

    monkeypatch.setattr(write_files.os, "replace", replace)
    with pytest.raises(ReconcilerError, match="No space left on device; nothing was changed"):
        write_all(changes)
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

    monkeypatch.setattr(write_files.os, "replace", replace)
    with pytest.raises(ReconcilerError, match="could not be put back: a"):
        write_all(changes)


def test_an_interruption_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [change(tmp_path / "a", b"1"), change(tmp_path / "b", b"2")]
    real, count = os.replace, 0

    def replace(source: str, target: str) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(write_files.os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write_all(changes)
    assert left(tmp_path) == {"a": b"old", "b": b"old"}


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = change(tmp_path / "a", b"1")
    monkeypatch.setattr(write_files.os, "access", lambda *_: False)
    with pytest.raises(ReconcilerError, match="read-only"):
        write_all([first])
    assert left(tmp_path) == {"a": b"old"}
