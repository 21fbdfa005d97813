"""Files are written whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from reconciler.api import paths
from reconciler.api.paths import read_file, write_file
from reconciler.cli.main import run
from reconciler.errors import ReconcilerError
from tests.cli.conftest import PERSONA
from tests.support.gittrees import repository


def test_a_file_and_its_folders(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b" / "c.txt", b"one", mode=0o600)
    target = tmp_path / "a" / "b" / "c.txt"
    assert target.read_bytes() == b"one"
    assert target.stat().st_mode & 0o777 == 0o600
    assert read_file(target) == b"one"
    assert [path.name for path in target.parent.iterdir()] == ["c.txt"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "plan"
    target.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths.os, "replace", fail)
    with pytest.raises(ReconcilerError, match=r"cannot write .*plan: No space left"):
        write_file(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_file(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, b"through")
    reader.join()
    assert got == [b"through"]
    assert not pipe.is_file()


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(ReconcilerError, match="cannot write"):
        write_file(tmp_path, b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReconcilerError, match="cannot write"):
        write_file(tmp_path / "file" / "below", b"x")


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReconcilerError, match="cannot read"):
        read_file(tmp_path / name)


def test_what_is_too_large_to_be_ours(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"12345")
    with pytest.raises(ReconcilerError, match="larger than 4 bytes"):
        read_file(tmp_path / "big", limit=4)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_device_without_an_end() -> None:
    with pytest.raises(ReconcilerError, match="larger than 1,000 bytes"):
        read_file("/dev/zero", limit=1000)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """`reconciler show <(fetch plan)`: a pipe has no size."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"x" * 100_000,))
    writer.start()
    assert read_file(pipe) == b"x" * 100_000
    writer.join()


@pytest.mark.parametrize("way", ["out/plan.json", "out.json", "chain/plan.json"])
def test_a_committed_link_leads_no_file_out_of_the_repository(tmp_path: Path, way: str) -> None:
    repo, outside = repository(tmp_path.resolve() / "repo"), tmp_path.resolve() / "outside"
    outside.mkdir()
    repo.link("out", "../outside")
    repo.link("out.json", "../outside/plan.json")
    repo.link("chain", "out")
    repo.write("inside/x", "x")
    repo.link("in", "inside")
    repo.commit()
    with pytest.raises(ReconcilerError, match="leads out of it"):
        write_file(repo.root / way, b"x")
    assert list(outside.iterdir()) == []
    write_file(repo.root / "in/plan.json", b"x")
    write_file(repo.root / "plan.json", b"x")
    write_file(outside / "plan.json", b"x")


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--out", "out/p.plan"), ("plan", "--report", "html=out/r.html"), ("init", "out/new"),
        ("validate", "--report", "junit=out/r.xml"), ("export", "out/live"), ("export", "--target", "livekit", "out"),
        ("simulator", "serve", "--world", "out/w"), ("export", "--target", "livekit", "out/agents"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_writes_through_a_committed_link(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, outside = repository(tmp_path.resolve() / "repo"), tmp_path.resolve() / "outside"
    outside.mkdir()
    repo.link("out", "../outside")
    repo.write("manifests/a.yaml", PERSONA)
    repo.commit()
    monkeypatch.chdir(repo.root)
    assert run(list(words)) in (1, 64)
    assert list(outside.iterdir()) == []


def test_a_link_of_the_users_own_leads_where_it_likes(tmp_path: Path) -> None:
    repo, outside = repository(tmp_path.resolve() / "repo"), tmp_path.resolve() / "outside"
    outside.mkdir()
    repo.write("x", "x")
    repo.commit()
    repo.link("out", "../outside")
    write_file(repo.root / "out/plan.json", b"x")
    assert (outside / "plan.json").read_bytes() == b"x"
