"""Manifests of a commit, read from a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.manifests.tree.file_tree import Unreadable
from reconciler.manifests.tree.git_tree import GitTree
from tests.support.manifestfolder import Folder
from tests.support.projects import load_project

PROJECT = """apiVersion: personas/v1
kind: Project
metadata: {{name: {name}}}
workspaces:
  {workspace}: {{provider: {{type: simulator}}, overlays: [overlays/o]}}
"""


@pytest.fixture
def repository(folder: Folder) -> Folder:
    folder.write("manifests/reconciler.yaml", PROJECT.format(name="one", workspace="first"))
    folder.persona("a", "  system_prompt: {file: prompts/a.md}\n", path="manifests/a.yaml")
    folder.write("manifests/prompts/a.md", "old prompt\n")
    folder.write("manifests/deep/er/ü b.json", '{"pipeline_mode": "echo"}')
    folder.write("manifests/overlays/o/a.json", '{"pal_name": "Old"}')
    folder.commit()
    folder.git("tag", "v1")
    return folder


def test_everything_comes_from_the_commit(repository: Folder) -> None:
    before = repository.load().set
    repository.write("manifests/reconciler.yaml", PROJECT.format(name="two", workspace="second"))
    repository.write("manifests/prompts/a.md", "new prompt\n")
    repository.write("manifests/overlays/o/a.json", '{"pal_name": "New"}')
    repository.persona("b", path="manifests/b.yaml")
    loaded = repository.load(ref="v1")
    assert loaded.project.name == "one"
    assert loaded.project.default_workspace == "first"
    assert loaded.addresses == ["persona.a", "persona.b"]
    assert loaded["persona.a"].spec == {"system_prompt": "old prompt", "pal_name": "Old"}
    assert loaded.set.commit == repository.git("rev-parse", "v1")
    assert loaded.set.inputs_digest == before.inputs_digest
    assert repository.load().set.inputs_digest != before.inputs_digest
    assert repository.load()["persona.a"].spec == {"system_prompt": "new prompt", "pal_name": "New"}
    assert repository.load().set.commit is None


def test_the_work_tree_is_not_touched(repository: Folder) -> None:
    repository.write("manifests/a.yaml", "broken: [\n")
    before = repository.git("status", "--porcelain")
    assert repository.load(ref="HEAD").errors == []
    assert repository.git("status", "--porcelain") == before


def test_files_that_are_gone_from_disk(repository: Folder) -> None:
    commit = repository.git("rev-parse", "HEAD")
    repository.git("rm", "-rq", "manifests")
    repository.git("commit", "-qm", "gone")
    assert repository.load(ref=commit[:10]).addresses[0] == "persona.a"
    assert repository.load(ref="HEAD~1").set.commit == commit
    assert repository.load(ref="HEAD").addresses == []


def test_errors_of_a_commit_have_places(repository: Folder) -> None:
    repository.write("manifests/c.yaml", "a: 1\na: 2\n")
    repository.commit()
    (repository.root / "manifests/c.yaml").unlink()
    assert repository.load(ref="HEAD").at() == ["manifests/c.yaml:2:1 E-duplicate"]


def test_only_the_paths_asked_for(repository: Folder) -> None:
    loaded = repository.load(ref="v1", paths=["manifests/deep"])
    assert len(loaded.addresses) == 1
    assert loaded.set.paths == ("deep",)
    with pytest.raises(UsageError, match="no such file or folder at commit"):
        repository.load(ref="v1", paths=["manifests/new"])


@pytest.mark.parametrize("ref", ["nothing", "", "-h", "--all", "v1:manifests", "HEAD^{tree}", "a b", "\x01"])
def test_an_unknown_commit_is_a_usage_error(repository: Folder, ref: str) -> None:
    with pytest.raises(UsageError) as caught:
        repository.load(ref=ref)
    assert caught.value.hint


def test_no_repository_is_a_usage_error(folder: Folder) -> None:
    folder.persona("a")
    with pytest.raises(UsageError, match="not a git repository"):
        folder.load(ref="HEAD")


def test_no_git_is_a_usage_error(repository: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="not installed"):
        repository.load(ref="HEAD")


def test_a_folder_below_the_top_of_the_repository(folder: Folder) -> None:
    inner = Folder(folder.root / "team/personas")
    inner.persona("a")
    folder.persona("outside")
    folder.commit()
    assert inner.load(ref="HEAD").addresses == ["persona.a"]


def test_many_files_need_two_processes_for_the_content(repository: Folder, monkeypatch: pytest.MonkeyPatch) -> None:

    started: list[list[str]] = []
    real = subprocess.Popen

    class Counting(real):  # type: ignore[type-arg, misc]
        def __init__(self, arguments: list[str], **options: object) -> None:
            started.append(arguments)
            super().__init__(arguments, **options)

    for number in range(30):
        repository.persona(f"n{number}", path=f"manifests/n{number}.yaml")
    repository.commit()
    tree = GitTree(str(repository.root), "HEAD")
    monkeypatch.setattr(subprocess, "Popen", Counting)
    try:
        for number in range(30):
            assert b"Persona" in tree.read(str(repository.root / f"manifests/n{number}.yaml"))
    finally:
        tree.close()
    assert [arguments[-2:] for arguments in started] == [["cat-file", "--batch"]]


def test_the_reading_process_ends(repository: Folder) -> None:
    tree = GitTree(str(repository.root), "v1")
    tree.read(str(repository.root / "manifests/a.yaml"))
    process = tree._repositories[0].process
    assert process is not None
    tree.close()
    assert process.returncode is not None
    tree.close()
    assert b"Persona" in tree.read(str(repository.root / "manifests/a.yaml"))
    tree.close()


def test_what_is_not_there_is_unreadable(repository: Folder) -> None:
    tree = GitTree(str(repository.root), "v1")
    with pytest.raises(Unreadable, match="not there at commit"):
        tree.read(str(repository.root / "manifests/none.yaml"))
    assert not tree.is_file(str(repository.root / "manifests"))
    assert tree.is_folder(str(repository.root / "manifests/deep"))
    assert not tree.is_folder(str(repository.root / "manifests/shallow"))


def test_a_project_file_that_only_the_commit_has(repository: Folder) -> None:
    (repository.root / "manifests/reconciler.yaml").unlink()
    assert load_project(repository.root).file is None
    project = load_project(repository.root, ref="v1")
    assert project.file == str(repository.root / "manifests/reconciler.yaml")
    with pytest.raises(UsageError):
        load_project(repository.root / "manifests/none.yaml", ref="v1", root=repository.root)
