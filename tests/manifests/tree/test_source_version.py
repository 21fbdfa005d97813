"""Which version of the manifests there is now."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import SourceAway
from reconciler.manifests.tree.repository import run_git
from reconciler.manifests.tree.source_version import digest_of, fetch_commit, head_of
from tests.support.gittrees import Repository
from tests.support.gittrees import repository as new_repository
from tests.support.manifestfolder import Folder


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "origin").start()
    made.write("a.yaml", "one")
    made.commit()
    made.git("branch", "-M", "main")
    return made


@pytest.fixture
def clone(tmp_path: Path, origin: Repository) -> Repository:
    origin.git("clone", "-q", str(origin.root), str(tmp_path / "clone"))
    return Repository(tmp_path / "clone")


def newest(repository: Repository) -> str:
    return repository.git("rev-parse", "HEAD")


def test_a_branch_is_fetched_into_a_ref_of_its_own(origin: Repository, clone: Repository) -> None:
    before = {name: clone.git("rev-parse", name) for name in ("HEAD", "main", "origin/main")}
    origin.write("a.yaml", "two")
    origin.commit()
    assert fetch_commit(str(clone.root), "main") == newest(origin) != newest(clone)
    assert {name: clone.git("rev-parse", name) for name in before} == before
    assert not (clone.root / ".git" / "FETCH_HEAD").exists()


def test_a_rewritten_branch_and_a_tag_are_followed(origin: Repository, clone: Repository) -> None:
    origin.git("tag", "stable")
    assert fetch_commit(str(clone.root), "stable") == newest(origin)
    fetch_commit(str(clone.root), "main")
    origin.write("a.yaml", "three")
    origin.git("add", "-A")
    origin.git("commit", "-q", "--amend", "-m", "rewritten")
    assert fetch_commit(str(clone.root), "main") == newest(origin)


def test_without_a_remote_it_is_the_branch_here(origin: Repository) -> None:
    assert fetch_commit(str(origin.root), "main") == newest(origin)


@pytest.mark.parametrize("ref", ["nowhere", "--upload-pack=touch"])
def test_what_does_not_answer_is_away(clone: Repository, origin: Repository, ref: str) -> None:
    with pytest.raises(SourceAway):
        fetch_commit(str(clone.root), ref)
    with pytest.raises(SourceAway):
        fetch_commit(str(origin.root), ref)
    (origin.root / ".git").rename(origin.root / "gone")
    with pytest.raises(SourceAway) as away:
        fetch_commit(str(clone.root), "main")
    assert str(origin.root) in away.value.message, "what is wrong, not the advice that git gives after it"


def test_the_digest_of_a_folder_changes_with_its_files_alone(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    file = tmp_path / "manifests" / "a.yaml"
    file.write_text("one")
    first = digest_of(str(tmp_path))
    (tmp_path / ".reconciler").mkdir()
    (tmp_path / ".reconciler" / "state.json").write_text("{}")
    assert digest_of(str(tmp_path)) == first
    os.utime(file, ns=(1, 1))
    second = digest_of(str(tmp_path))
    (tmp_path / "manifests" / "b.yaml").write_text("")
    third = digest_of(str(tmp_path))
    file.unlink()
    assert len({first, second, third, digest_of(str(tmp_path))}) == 4


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repo = new_repository(tmp_path.resolve() / "repo")
    repo.persona("a", path="manifests/a.yaml")
    repo.commit()
    return repo


def test_the_commit_of_a_work_tree(repository: Folder, tmp_path: Path) -> None:
    head = repository.git("rev-parse", "HEAD")
    home = str(repository.root / "manifests")
    assert head_of(home) == head
    repository.write("untracked.txt", "x")
    assert head_of(home) == head, "what lies beside the manifests says nothing about them"
    repository.write("manifests/new.yaml", "x: y\n")
    assert head_of(home) == f"{head}-dirty"
    (repository.root / "manifests/new.yaml").unlink()
    assert head_of(home) == head
    repository.write("manifests/a.yaml", "changed: true\n")
    assert head_of(home) == f"{head}-dirty"


def test_our_own_folder_makes_no_tree_dirty(repository: Folder) -> None:
    repository.write(".reconciler/first/state.json", "{}")
    assert head_of(str(repository.root)) == repository.git("rev-parse", "HEAD")


def test_no_commit_without_a_repository(tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-plain"
    outside.mkdir()
    assert head_of(str(outside)) is None


def test_no_commit_before_the_first(folder: Folder, tmp_path: Path) -> None:
    empty = tmp_path.parent / f"{tmp_path.name}-empty"
    empty.mkdir()
    subprocess.run(["git", "-C", str(empty), "init", "-q"], check=True)
    assert head_of(str(empty)) is None


def test_no_commit_without_git(repository: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository.root))
    assert head_of(str(repository.root)) is None


def test_a_git_that_hangs_costs_no_more_than_a_commit(repository: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*arguments: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("git", 10.0)

    monkeypatch.setattr(subprocess, "run", hang)
    assert head_of(str(repository.root)) is None


def test_line_ends_large_files_and_links_as_recorded_are_no_change(repository: Repository) -> None:
    repository.write("manifests/text.md", "one\ntwo\n")
    repository.large("manifests/large.md", "large")
    repository.link("manifests/link.yaml", "a.yaml")
    head = repository.commit()
    home = str(repository.root / "manifests")
    assert head_of(home) == head
    repository.write("manifests/text.md", "one\r\ntwo\r\n")
    repository.smudge("manifests/large.md", "large")
    assert head_of(home) == head
    repository.smudge("manifests/large.md", "larger")
    assert head_of(home) == f"{head}-dirty"
    repository.smudge("manifests/large.md", "large")
    (repository.root / "manifests/link.yaml").unlink()
    repository.link("manifests/link.yaml", "text.md")
    assert head_of(home) == f"{head}-dirty"


def test_a_file_that_is_gone_is_a_change(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD")
    (repository.root / "manifests/a.yaml").unlink()
    assert head_of(str(repository.root / "manifests")) == f"{head}-dirty"
    repository.git("rm", "-q", "--cached", "manifests/a.yaml")
    assert head_of(str(repository.root / "manifests")) == f"{head}-dirty"


def test_a_new_file_that_is_only_staged_is_a_change(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD")
    repository.persona("b", path="manifests/b.yaml")
    repository.git("add", "-A")
    assert head_of(str(repository.root / "manifests")) == f"{head}-dirty"


def test_a_submodule_at_another_commit_is_a_change(repository: Repository) -> None:
    inner = new_repository(repository.root / "manifests/module")
    inner.persona("inner")
    inner.commit()
    repository.module("manifests/module", inner)
    head = repository.commit()
    assert head_of(str(repository.root)) == head
    inner.persona("more")
    inner.commit()
    assert head_of(str(repository.root)) == f"{head}-dirty"


def trap(folder: Path) -> Path:
    """A program that leaves a mark when it is run."""
    program = folder / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {folder}/sprung\ncat\n")
    program.chmod(0o755)
    return program


def test_no_filter_hook_or_monitor_of_the_repository_runs(repository: Repository, tmp_path: Path) -> None:
    program = trap(tmp_path)
    for setting in ("filter.x.clean", "filter.x.smudge", "core.fsmonitor", "core.pager", "diff.external"):
        repository.git("config", setting, str(program))
    repository.git("config", "filter.x.required", "true")
    repository.git("config", "core.hooksPath", str(tmp_path))
    repository.write(".gitattributes", "*.yaml filter=x\n")
    for hook in ("post-index-change", "reference-transaction"):
        os.link(program, tmp_path / hook)
    os.utime(repository.root / "manifests/a.yaml")
    assert head_of(str(repository.root / "manifests")) is not None
    repository.load(ref="HEAD")
    assert not (tmp_path / "sprung").exists()


def test_a_bare_repository_among_the_files_is_none(repository: Repository, tmp_path: Path) -> None:
    """Its settings are files that anybody may commit."""
    bare = repository.root / "manifests"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True, capture_output=True)
    subprocess.run(["git", "-C", str(bare), "config", "core.fsmonitor", str(trap(tmp_path))], check=True)
    subprocess.run(["git", "-C", str(bare), "config", "core.worktree", "."], check=True)
    assert run_git(str(bare), "rev-parse", "--git-dir").returncode != 0
    assert head_of(str(bare)) is not None, "the repository around it is asked, from its own top"
    assert not (tmp_path / "sprung").exists()


def test_a_missing_object_is_not_fetched(repository: Repository, tmp_path: Path) -> None:
    """A partial clone names a program of the repository's own for its transport."""
    blob = repository.git("rev-parse", "HEAD:manifests/a.yaml")
    (repository.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for setting, value in (
        ("core.repositoryformatversion", "1"), ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"ext::{trap(tmp_path)}"), ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"), ("core.sshCommand", str(trap(tmp_path))),
    ):  # fmt: skip
        repository.git("config", setting, value)
    (error,) = repository.load(ref="HEAD").errors
    assert "no object" in error.summary
    assert not (tmp_path / "sprung").exists()
