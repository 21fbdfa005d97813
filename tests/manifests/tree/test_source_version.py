"""Which version of the manifests there is now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import SourceAway
from reconciler.manifests.tree.source_version import digest_of, fetch_commit
from tests.support.gittrees import Repository


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
    with pytest.raises(SourceAway):
        fetch_commit(str(clone.root), "main")


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
