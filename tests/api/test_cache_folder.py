"""Signed files that only save time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.api.cache_folder import (
    MOST,
    MOST_RATES,
    CacheFolder,
    find_key,
    find_obstacle,
    keep_rates,
    rates_file,
    read_rates,
)
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


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}


def test_what_is_kept_is_read_again(environ: dict[str, str]) -> None:
    keep_rates(environ, {"a": 2.0, "b": 9.87654})
    keep_rates(environ, {"c": 3})
    assert read_rates(environ) == {"a": 2.0, "b": 9.88, "c": 3.0}
    if os.name != "nt":
        assert rates_file(environ).stat().st_mode & 0o777 == 0o600


def test_nothing_new_writes_nothing(environ: dict[str, str]) -> None:
    keep_rates(environ, {})
    assert not rates_file(environ).exists()
    keep_rates(environ, {"a": 2.0})
    before = rates_file(environ).stat().st_mtime_ns
    keep_rates(environ, {"a": 2.0001})
    assert rates_file(environ).stat().st_mtime_ns == before


def test_only_so_many_accounts_are_kept(environ: dict[str, str]) -> None:
    for number in range(MOST_RATES + 5):
        keep_rates(environ, {str(number): 1.0})
    assert list(read_rates(environ)) == [str(number) for number in range(5, MOST_RATES + 5)]


@given(content=st.one_of(st.binary(max_size=200), st.sampled_from([
    b"[]", b"{}", b"null", b'{"format": 1}', b'{"format": 1, "rates": []}', b'{"format": 1, "rates": null}',
    b'{"format": 2, "rates": {"a": 1}}',
    b'{"format": 1, "rates": {"a": true, "b": NaN, "c": "1", "d": -1, "e": 1e99}}',
    b"[" * 5000, b'{"format": 1, "rates": {"a": ' + b"9" * 5000 + b"}}",
])))  # fmt: skip
def test_whatever_the_file_holds_only_rates_come_out(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environ = {
        "XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp()),
        "LOCALAPPDATA": str(tmp_path_factory.getbasetemp()),
    }
    path = rates_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    assert read_rates(environ) == {}


def test_a_folder_that_cannot_be_written_is_no_error(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "reconciler").write_text("in the way")
    keep_rates(environ, {"a": 2.0})
    assert read_rates(environ) == {}


def pieces(folder: CacheFolder, name: str = "pieces") -> dict[bytes, bytes | None]:
    """What a run finds there."""
    entries = folder.entries(name)
    try:
        return {key: entries.get(key) for key in (b"a", b"b", b"c")}
    finally:
        entries.save()


def put(folder: CacheFolder, **some: bytes) -> None:
    entries = folder.entries("pieces")
    for key, content in some.items():
        entries.put(key.encode(), content)
    entries.save()


def test_pieces_are_found_under_their_key_by_the_same_user_alone(folder: CacheFolder) -> None:
    assert pieces(folder) == {b"a": None, b"b": None, b"c": None}
    put(folder, a=b"one", b=b"")
    put(folder, a=b"two", c=b"three")
    assert pieces(folder) == {b"a": b"two", b"b": b"", b"c": b"three"}
    assert pieces(CacheFolder(folder.path, b"other")) == {b"a": None, b"b": None, b"c": None}
    for file in sorted(folder.path.iterdir()):
        (folder.path / file.name.replace("pieces", "others")).write_bytes(file.read_bytes())
        if os.name != "nt":
            assert file.stat().st_mode & 0o777 == 0o600
    assert pieces(folder, "others") == {b"a": None, b"b": None, b"c": None}


@settings(max_examples=25)
@given(st.lists(st.binary(max_size=9), min_size=3, max_size=3), st.data())
def test_a_piece_is_what_was_put_in_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, texts: list[bytes], data: st.DataObject
) -> None:
    folder = CacheFolder(tmp_path_factory.mktemp("cache"), KEY)
    wanted = dict(zip((b"a", b"b", b"c"), texts, strict=True))
    put(folder, **{key.decode(): text for key, text in wanted.items()})
    file = folder.path / data.draw(st.sampled_from(["pieces", "pieces.entries"]))
    whole = file.read_bytes()
    torn = data.draw(st.integers(0, len(whole)))
    flipped = bytes([whole[torn] ^ 1]) if torn < len(whole) else b"x"
    file.write_bytes(data.draw(st.sampled_from([whole[:torn], whole[:torn] + flipped + whole[torn + 1 :]])))
    assert all(found in (None, wanted[key]) for key, found in pieces(folder).items())
    put(folder, a=texts[0], b=texts[1])
    assert pieces(folder)[b"a"] == texts[0]
    assert pieces(folder)[b"b"] == texts[1]


def test_two_runs_that_add_at_once_leave_nothing_wrong(folder: CacheFolder) -> None:
    put(folder, a=b"old")
    first, second = folder.entries("pieces"), folder.entries("pieces")
    for entries, text in ((first, b"first"), (second, b"second")):
        assert entries.get(b"a") == b"old"
        entries.put(b"b", text)
    second.put(b"c", b"more")
    first.save()
    second.save()
    found = pieces(folder)
    assert found[b"a"] == b"old"
    assert found[b"b"] in (None, b"first", b"second")
    assert found[b"c"] in (None, b"more")
    put(folder, b=b"third", c=b"third")
    assert pieces(folder) == {b"a": b"old", b"b": b"third", b"c": b"third"}


def test_a_file_full_of_what_nobody_asks_for_begins_anew(
    folder: CacheFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.api.cache_folder.LARGEST", 300)
    put(folder, a=b"a" * 200, b=b"b" * 50)
    put(folder, c=b"c" * 100)  # asks for none of the others, and finds no room
    assert pieces(folder) == {b"a": None, b"b": None, b"c": None}
    put(folder, c=b"c" * 100)
    assert pieces(folder) == {b"a": None, b"b": None, b"c": b"c" * 100}
    assert sum(file.stat().st_size for file in folder.path.iterdir()) < 600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes here")
@pytest.mark.parametrize("name", ["cache/plan-1", "cache/documents-1.entries"])
def test_a_pipe_in_place_of_a_file_is_an_obstacle(tmp_path: Path, name: str) -> None:
    folder = tmp_path / ".reconciler"
    (folder / name).parent.mkdir(parents=True)
    os.mkfifo(folder / name)
    assert (find_obstacle(folder / "cache") or "").startswith(str(folder / name))
