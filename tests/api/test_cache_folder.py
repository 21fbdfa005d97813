"""Signed files that only save time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.cache_folder import MOST, CacheFolder, find_key, find_obstacle
from reconciler.types.project import Project

KEY = b"k" * 32


@pytest.fixture
def folder(tmp_path: Path) -> CacheFolder:
    return CacheFolder(tmp_path / ".reconciler" / "cache", KEY)


def project_in(folder: Path) -> Project:
    return Project(str(folder), {}, "sandbox", folder=str(folder))


def test_what_is_written_is_read_by_the_same_key_and_name_alone(folder: CacheFolder) -> None:
    assert folder.read("one") is None
    folder.write("one", b"text\n\n")
    assert folder.read("one") == b"text\n\n"
    assert CacheFolder(folder.path, b"other").read("one") is None
    (folder.path / "two").write_bytes((folder.path / "one").read_bytes())
    assert folder.read("two") is None
    if os.name != "nt":
        assert (folder.path / "one").stat().st_mode & 0o777 == 0o600
        assert folder.path.stat().st_mode & 0o777 == 0o700


@given(st.binary(max_size=30), st.data())
def test_whatever_happens_to_the_bytes_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, data: st.DataObject
) -> None:
    folder = CacheFolder(tmp_path_factory.mktemp("cache"), KEY)
    folder.write("one", text)
    whole = (folder.path / "one").read_bytes()
    torn = data.draw(st.integers(0, len(whole) - 1))
    for harmed in (whole[:torn], whole[:torn] + bytes([whole[torn] ^ 1]) + whole[torn + 1 :], whole + b"x"):
        (folder.path / "one").write_bytes(harmed)
        assert folder.read("one") is None


def test_names_are_about_everything_and_tell_nothing(folder: CacheFolder) -> None:
    assert folder.name("plan", "a", 1) == folder.name("plan", "a", 1)
    others = [folder.name("drift", "a", 1), folder.name("plan", "a", 2), folder.name("plan", "a1"),
              CacheFolder(folder.path, b"other").name("plan", "a", 1)]  # fmt: skip
    assert folder.name("plan", "a", 1) not in others


def test_only_so_many_files_are_kept(folder: CacheFolder) -> None:
    for number in range(MOST + 3):
        folder.write(f"f{number:03}", b"")
        os.utime(folder.path / f"f{number:03}", (number, number))
    folder.write("last", b"")
    assert sorted(path.name for path in folder.path.iterdir()) == [
        *(f"f{number:03}" for number in range(4, MOST + 3)),
        "last",
    ]


def test_a_folder_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = CacheFolder(tmp_path / "file" / "cache", KEY)
    folder.write("one", b"text")
    assert folder.read("one") is None


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("place", [".reconciler", ".reconciler/cache", ".reconciler/cache/one"])
def test_a_link_on_the_way_is_an_obstacle(tmp_path: Path, place: str) -> None:
    (tmp_path / "elsewhere" / "cache").mkdir(parents=True)
    link = tmp_path / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")
    found = find_obstacle(tmp_path / ".reconciler" / "cache")
    assert found is not None
    assert "link" in found


def test_what_git_tracks_is_an_obstacle(tmp_path: Path, folder: CacheFolder) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    folder.write("one", b"text")
    assert find_obstacle(folder.path) is None
    subprocess.run(["git", "-C", str(tmp_path), "add", "-f", ".reconciler"], check=True)
    found = find_obstacle(folder.path)
    assert found is not None
    assert "git" in found


def test_the_key_of_the_environment_comes_first(tmp_path: Path) -> None:
    project, environ = project_in(tmp_path), {"XDG_CONFIG_HOME": str(tmp_path.parent / "conf"), "HOME": "/nowhere"}
    kept = find_key(environ, project)
    assert kept is not None
    assert find_key(environ, project) == kept
    given_key = find_key(environ | {"RECONCILER_CACHE_KEY": "one"}, project)
    assert given_key not in (None, kept)
    assert find_key({"RECONCILER_CACHE_KEY": "two", "HOME": "/nowhere"}, project) not in (None, given_key)


def test_no_key_of_the_repository_or_of_others(tmp_path: Path) -> None:
    assert find_key({"XDG_CONFIG_HOME": str(tmp_path / "conf")}, project_in(tmp_path)) is None
    assert not (tmp_path / "conf").exists()
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "conf")}
    project = project_in(tmp_path / "project")
    assert find_key(environ, project) is not None
    file = tmp_path / "conf" / "reconciler" / "cache.key"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    assert find_key(environ, project) is None
