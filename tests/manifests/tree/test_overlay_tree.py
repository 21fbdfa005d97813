"""Files that are taken to have another content, or to be there at all."""

from __future__ import annotations

import pytest

from reconciler.manifests.project.project_file import load_project
from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.manifests.tree.file_tree import Unreadable, WorkTree
from reconciler.manifests.tree.overlay_tree import OverlaidTree

PERSONA = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: %s}\nspec: {pal_name: %s, system_prompt: x}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "a.yaml").write_text(PERSONA % ("a", "Old"))
    return tmp_path


def names(listing):
    return sorted((path.rsplit("/", 1)[-1], is_folder) for path, is_folder, _ in listing)


def test_a_file_reads_as_it_is_taken_to_be(folder):
    path = str(folder / "manifests" / "a.yaml")
    tree = OverlaidTree(WorkTree(), {path: b"new"})
    assert tree.read(path) == b"new"
    assert (folder / "manifests" / "a.yaml").read_bytes() != b"new"


def test_new_files_and_their_folders_are_there(folder):
    new = str(folder / "manifests" / "tools" / "deep" / "t.yaml")
    tree = OverlaidTree(WorkTree(), {new: b"x"})
    assert names(tree.children(str(folder / "manifests"))) == [("a.yaml", False), ("tools", True)]
    assert names(tree.children(str(folder / "manifests" / "tools"))) == [("deep", True)]
    assert tree.is_file(new)
    assert tree.is_folder(str(folder / "manifests" / "tools"))
    assert tree.real(new) == new


def test_everything_else_is_the_base(folder):
    tree = OverlaidTree(WorkTree(), {str(folder / "x.yaml"): b"x"})
    assert tree.read(str(folder / "manifests" / "a.yaml")).startswith(b"apiVersion")
    assert not tree.is_file(str(folder / "none.yaml"))
    with pytest.raises(Unreadable):
        tree.read(str(folder / "none.yaml"))


def test_manifests_are_loaded_as_they_would_be(folder):
    texts = {
        str(folder / "manifests" / "a.yaml"): (PERSONA % ("a", "New")).encode(),
        str(folder / "manifests" / "more" / "b.yaml"): (PERSONA % ("b", "B")).encode(),
    }
    project = load_project(folder)
    found, _ = load_manifests(project, project.default_workspace, texts=texts)
    assert [one for one in found.diagnostics if one.is_error] == []
    assert {str(one.address): one.spec["pal_name"] for one in found.manifests} == {
        "persona.a": "New",
        "persona.b": "B",
    }
    plain, _ = load_manifests(project, project.default_workspace)
    assert {str(one.address): one.spec["pal_name"] for one in plain.manifests} == {"persona.a": "Old"}
