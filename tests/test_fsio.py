"""Files that are whole or not there, with the permissions that belong to them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.fsio import replace_file, write_beside


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
