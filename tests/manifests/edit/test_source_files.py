"""The files that a migration may look at, and those that it may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.manifests.edit.source_files import RawFiles, TextEditor, read_sources
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.manifest import EditRefused, SetValue
from tests.support.projects import load_project

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: x}
workspaces:
  a: {provider: {type: simulator}, overlays: [overlays/a]}
  b: {provider: {type: simulator}, overlays: [other, missing]}
"""
BODY = "pal_name: A\nsystem_prompt: Hi\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    names = "personas/a.yaml personas/deep/b.json c.md overlays/a/a.yaml other/x.yaml .hidden/y.yaml"
    for path in names.split():
        target = tmp_path / "manifests" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(BODY)
    (tmp_path / "manifests" / "reconciler.yaml").write_text(PROJECT)
    (tmp_path / "manifests" / "notes.txt").write_text("no manifest")
    return tmp_path


def read(root: Path, *paths: str) -> RawFiles:
    return read_sources(load_project(root), paths)


def test_base_files_and_the_overlays_of_every_workspace(root: Path) -> None:
    found = read(root)
    assert {one.path: one.overlay for one in found.files} == {
        "c.md": False,
        "other/x.yaml": True,
        "overlays/a/a.yaml": True,
        "personas/a.yaml": False,
        "personas/deep/b.json": False,
    }
    assert all(one.selected for one in found.files)
    assert found.diagnostics == ()
    assert found.folder == ""


def test_the_project_file_is_never_touched(root: Path) -> None:
    assert "reconciler.yaml" not in {one.path for one in read(root).files}


def test_paths_select_but_everything_is_read(root: Path) -> None:
    found = read(root, "manifests/personas/deep")
    assert [one.path for one in found.files if one.selected] == ["personas/deep/b.json"]
    assert len(found.files) == 5
    assert found.folder == "personas/deep"


def test_one_file_as_a_path(root: Path) -> None:
    found = read(root, "manifests/personas/a.yaml")
    assert [one.path for one in found.files if one.selected] == ["personas/a.yaml"]
    assert found.folder == "personas"


def test_an_overlay_as_a_path(root: Path) -> None:
    found = read(root, "manifests/overlays/a/a.yaml")
    assert [(one.path, one.overlay) for one in found.files if one.selected] == [("overlays/a/a.yaml", True)]


def test_a_path_that_is_not_there(root: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read(root, "manifests/nothing")


def test_a_link_out_of_the_project_is_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.yaml"
    outside.write_text(BODY)
    (root / "manifests" / "personas" / "link.yaml").symlink_to(outside)
    found = read(root)
    assert "personas/link.yaml" not in {one.path for one in found.files}
    assert [one.code for one in found.diagnostics] == ["E-file"]


def test_a_link_inside_is_written_through(root: Path) -> None:
    (root / "manifests" / "z.yaml").symlink_to(root / "manifests" / "personas" / "a.yaml")
    place = {one.path: one.place for one in read(root).files}
    assert place["z.yaml"] == place["personas/a.yaml"]


def test_without_a_project_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BODY)
    found = read(tmp_path)
    assert [one.path for one in found.files] == ["a.yaml"]


def test_the_editor_reads_bodies_as_written() -> None:
    editor = TextEditor(KINDS)
    text = "kind: PAL\napiVersion: personas/v1\nmetadata: {name: a}\nspec: {layers: {llm: {api_key: {env: K}}}}\n"
    file = editor.open("a.yaml", text.encode(), overlay=False)
    (draft,), problems = file.drafts, file.problems
    assert draft.body == {"layers": {"llm": {"api_key": {"env": "K"}}}}
    assert (draft.source.base, problems) == ("/spec", [])
    assert editor.secrets == set()


def test_the_editor_gathers_literal_secrets() -> None:
    editor = TextEditor(KINDS)
    text = "pal_name: A\nlayers: {llm: {api_key: hunter22, headers: {X-Key: abcdefgh, X: plain}, model: m}}\n"
    editor.open("a.yaml", text.encode(), overlay=False)
    assert editor.secrets == {"hunter22", "abcdefgh"}


def test_the_editor_tells_what_is_wrong_with_its_place() -> None:
    found = TextEditor(KINDS).open("a.yaml", b"pal_name: A\npal_name: B\n", overlay=False)
    assert [str(one.span) for one in found.problems] == ["a.yaml:2:1"]
    assert len(found.drafts) == 1
    with pytest.raises(EditRefused, match="stands twice"):
        found.edit(0, [SetValue("/pal_name", "C")])


def test_the_editor_edits_and_writes() -> None:
    editor = TextEditor(KINDS)
    file = editor.open("a.yaml", b"pal_name: A # x\n", overlay=False)
    undo = file.edit(0, [SetValue("/pal_name", "B")])
    assert (file.data(), file.drafts[0].body) == (b"pal_name: B # x\n", {"pal_name": "B"})
    undo()
    assert (file.data(), file.drafts[0].body) == (b"pal_name: A # x\n", {"pal_name": "A"})
    assert editor.render({"kind": "Tool", "spec": {"name": "x"}}, "") == b"kind: Tool\nspec:\n  name: x\n"
