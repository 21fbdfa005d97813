"""A project found and its state kept, wherever the run starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.api.whereabouts import find_project_above, find_state_folder
from reconciler.cli.main import run
from reconciler.loader.project import load_project

HEAD = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n"
PERSONA = """apiVersion: personas/v1
kind: Persona
metadata: {name: a}
spec: {pal_name: A, system_prompt: Be kind., default_face_id: r1}
"""
APPLY = ["apply", "--auto-approve"]
SAME = ["plan", "--detailed-exitcode"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my project ü"
    (folder / "manifests" / "prompts").mkdir(parents=True)
    (folder / "manifests" / "reconciler.yaml").write_text(HEAD)
    (folder / "manifests" / "a.yaml").write_text(PERSONA)
    (tmp_path / "elsewhere").mkdir()
    return folder


def go(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.chdir(folder)
    return run(list(words))


@pytest.mark.parametrize("first", [0, 1, 2])
def test_one_project_has_one_state(project: Path, monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    """Whichever of these ways applies first, the others find its state and have nothing to do."""
    file = str(project / "manifests" / "reconciler.yaml")
    ways: list[tuple[Path, list[str]]] = [
        (project, []),
        (project / "manifests", []),
        (project.parent / "elsewhere", ["--project", file]),
    ]
    assert go(ways[first][0], monkeypatch, *APPLY, *ways[first][1]) == 0
    for folder, more in ways:
        assert go(folder, monkeypatch, *SAME, *more) == 0
        state = project / ".reconciler" / "sandbox" / "state.json"
        before = state.read_bytes()
        assert go(folder, monkeypatch, *APPLY, *more) == 0
        assert state.read_bytes() == before
    assert list(project.parent.rglob(".reconciler")) == [project / ".reconciler"]


def test_a_state_that_is_there_already_is_used(project: Path) -> None:
    """Runs before this rule kept their state beside them; it is not left behind."""
    kept = project / "manifests" / ".reconciler" / "sandbox"
    kept.mkdir(parents=True)
    assert find_state_folder(load_project(project / "manifests"), "sandbox") == kept
    assert find_state_folder(load_project(project / "manifests"), "other").parent.parent == project


def test_a_state_beside_the_project_file_is_found_from_further_up(project: Path) -> None:
    kept = project / ".reconciler" / "sandbox"
    kept.mkdir(parents=True)
    file = project / "manifests" / "reconciler.yaml"
    assert find_state_folder(load_project(file, root=project.parent), "sandbox") == kept


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("run/manifests/reconciler.yaml", "run"),
        ("run/reconciler.yaml", "run"),
        ("run/conf/staging.yaml", "run"),
        ("run/deep/manifests/reconciler.yaml", "run"),
        ("other/manifests/reconciler.yaml", "other"),
        ("other/staging.yaml", "other"),
        ("staging.yaml", "."),
    ],
)
def test_whose_folder_it_is(tmp_path: Path, file: str, owner: str) -> None:
    """The folder of the run keeps the state of everything that lies in it."""
    place = tmp_path / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(HEAD)
    (tmp_path / "run").mkdir(exist_ok=True)
    project = load_project(place, root=tmp_path / "run")
    assert find_state_folder(project, "w") == tmp_path / owner / ".reconciler" / "w"


def test_without_a_project_file_it_is_the_folder_of_the_run(tmp_path: Path) -> None:
    assert find_state_folder(load_project(tmp_path), "sandbox") == tmp_path / ".reconciler" / "sandbox"


def test_an_empty_folder_of_a_project_says_where_the_project_is(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert go(project / "manifests" / "prompts", monkeypatch, "plan") == 0
    said = capfd.readouterr()
    assert "reconciler -C ../.." in said.out + said.err


def test_a_repository_is_not_left(project: Path) -> None:
    assert find_project_above(str(project / "manifests" / "prompts")) == project
    inner = project / "vendored"
    (inner / ".git").mkdir(parents=True)
    (inner / "deep").mkdir()
    assert find_project_above(str(inner)) is None
    assert find_project_above(str(inner / "deep")) is None
    assert find_project_above("/") is None
