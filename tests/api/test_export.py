"""New files: never over another, whole, under names that any file system can tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.api.export import NewFiles, write_project_file
from reconciler.api.session import Session, SystemClock
from reconciler.core.export.exported_manifests import ExportedManifest
from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.kinds import kind
from tests.support.making import at
from tests.support.projects import load_project


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def named(address: str) -> ExportedManifest:
    return ExportedManifest(at(address), kind(at(address).kind), "x1", {})


def run(root: Path) -> Session:
    project = load_project(root)
    return Session(
        project=project, workspace=project.workspaces["sandbox"], clock=SystemClock(), emit=lambda _: None, environ={}
    )


def test_every_file_has_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "personas").mkdir()
    (tmp_path / "personas" / "Desk.txt").write_text("mine")
    place = NewFiles(tmp_path)
    paths = [place.add(named(one), suffix, b"x") for one, suffix in (
        ("persona.desk", ".md"), ("persona.DESK-2", ".yaml"), ("tool.desk", ".yaml"), ("persona.con", ".yaml"),
        ("persona.reconciler", ".yaml"),
    )]  # fmt: skip
    assert paths == [
        "personas/desk-2.md", "personas/DESK-2-2.yaml", "tools/desk.yaml", "personas/con_.yaml",
        "personas/reconciler_.yaml",
    ]  # fmt: skip
    assert (tmp_path / "personas" / "Desk.txt").read_text() == "mine"


def test_a_folder_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "tools").write_text("a file")
    with pytest.raises(ReconcilerError, match="cannot write") as refused:
        NewFiles(tmp_path).add(named("tool.x"), ".yaml", b"x")
    assert "run the same command again" in str(refused.value.hint)


def test_a_project_file_is_written_once_and_only_where_there_is_none(tmp_path: Path) -> None:
    out = tmp_path / "My Team" / "manifests"
    out.mkdir(parents=True)
    write_project_file(run(tmp_path), out)
    assert b"name: My-Team" in files(out)["reconciler.yaml"]
    (out / "reconciler.yaml").rename(out / "reconciler.yml")
    before = files(out)
    write_project_file(run(tmp_path), out)
    assert files(out) == before


def test_a_folder_inside_a_project_needs_no_project_file(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
        "workspaces: {sandbox: {provider: {type: simulator}}}\n"
    )
    (tmp_path / "more").mkdir()
    write_project_file(run(tmp_path), tmp_path / "more")
    assert files(tmp_path / "more") == {}
