"""A project is found from any folder below it, and no project from outside of its repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifests.project.find_project import find_above, find_below
from reconciler.manifests.tree.file_tree import WorkTree
from tests.support.projects import load_project

HEAD = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n"


def make(folder: Path, file: str) -> str:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD)
    return str(path)


def above(folder: Path) -> tuple[str, str] | None:
    folder.mkdir(parents=True, exist_ok=True)
    found = find_above(WorkTree(), str(folder))
    return None if found is None else (found.file, found.root)


@pytest.mark.parametrize("file", ["reconciler.yaml", "manifests/reconciler.yaml", "manifests/reconciler.yml"])
@pytest.mark.parametrize("below", [".", "manifests/tools", "src/deep/er", "manifests/a/b/c"])
def test_it_is_found_from_any_folder_below(tmp_path: Path, file: str, below: str) -> None:
    written = make(tmp_path / "p", file)
    assert above(tmp_path / "p" / below) == (written, str(tmp_path / "p"))
    project = load_project(tmp_path / "p" / below)
    assert (project.root, project.file) == (str(tmp_path / "p"), written)
    assert project.base == str((tmp_path / "p" / below).resolve())


def test_the_nearest_one_counts(tmp_path: Path) -> None:
    make(tmp_path, "reconciler.yaml")
    inner = make(tmp_path, "inner/manifests/reconciler.yaml")
    assert above(tmp_path / "inner" / "src") == (inner, str(tmp_path / "inner"))


def test_a_repository_is_not_left(tmp_path: Path) -> None:
    make(tmp_path, "reconciler.yaml")
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    assert above(tmp_path / "repo") is None
    assert above(tmp_path / "repo" / "deep") is None
    file = make(tmp_path / "repo", "manifests/reconciler.yaml")
    assert above(tmp_path / "repo" / "deep") == (file, str(tmp_path / "repo"))
    (tmp_path / "repo" / "worktree").mkdir()
    (tmp_path / "repo" / "worktree" / ".git").write_text("gitdir: elsewhere\n")
    assert above(tmp_path / "repo" / "worktree" / "deep") is None


def test_without_git_the_home_is_the_last_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "reconciler.yaml")
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    assert above(home / "deep") is None
    file = make(home, "reconciler.yaml")
    assert above(home / "deep") == (file, str(home))


def test_a_file_of_somebody_else_above_a_folder_without_git_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "reconciler.yaml")
    (tmp_path / "deep").mkdir()
    monkeypatch.setattr("reconciler.manifests.project.find_project.os.geteuid", lambda: 4711)
    owner = (tmp_path / "reconciler.yaml").stat().st_uid
    assert (above(tmp_path / "deep") is None) == (owner != 0)
    assert above(tmp_path) is not None


def test_not_where_nobody_asked(tmp_path: Path) -> None:
    make(tmp_path, "manifests/reconciler.yaml")
    (tmp_path / "deep").mkdir()
    assert load_project(tmp_path / "deep", upward=False).file is None


def test_a_path_of_the_command_line_leads_to_its_project(tmp_path: Path) -> None:
    file = make(tmp_path, "p/manifests/reconciler.yaml")
    (tmp_path / "p" / "manifests" / "tools").mkdir()
    (tmp_path / "elsewhere").mkdir()
    found = load_project(tmp_path / "elsewhere", manifests=["../p/manifests/tools"])
    assert (found.file, found.root) == (file, str(tmp_path / "elsewhere"))


def test_projects_further_down(tmp_path: Path) -> None:
    make(tmp_path, "a/manifests/reconciler.yaml")
    make(tmp_path, "b/c/reconciler.yaml")
    make(tmp_path, ".hidden/reconciler.yaml")
    assert find_below(str(tmp_path)) == (str(tmp_path / "a"), str(tmp_path / "b" / "c"))
