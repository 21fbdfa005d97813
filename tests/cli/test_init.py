"""init: a project that is valid from the first minute, and nothing overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.engine.initialise import project_name


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_new_project_is_valid_without_a_word_of_warning(tmp_path: Path, call: Callable[..., Any]) -> None:
    assert call("init").code == 0
    ended = call("validate", "--strict", "--verbose")
    assert ended.code == 0, ended
    assert "warning" not in ended.out.replace("0 warnings", "")
    assert (tmp_path / ".gitignore").read_text() == ".reconciler/\n"


def test_another_folder(tmp_path: Path, call: Callable[..., Any]) -> None:
    ended = call("init", "pals", "--ci", "gitlab")
    assert ended.code == 0, ended
    assert "reconciler -C pals plan" in ended.out
    assert (tmp_path / "pals" / ".gitlab-ci.yml").is_file()
    document = yaml.safe_load((tmp_path / "pals" / "manifests" / "reconciler.yaml").read_text())
    assert document["metadata"]["name"] == "pals"


@pytest.mark.parametrize(
    "taken",
    ["manifests/reconciler.yaml", "manifests/reconciler.yml", "reconciler.yaml", "manifests/prompts/front-desk.md"],
)
def test_nothing_is_overwritten(tmp_path: Path, call: Callable[..., Any], taken: str) -> None:
    path = tmp_path / taken
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    ended = call("init")
    assert ended.code == 1, ended
    assert "exists already; nothing was written" in ended.err
    assert path.read_text() == "mine"
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


def test_lines_of_ones_own_in_gitignore_stay(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / ".gitignore").write_bytes(b"*.pyc\n\xff")
    call("init")
    assert (tmp_path / ".gitignore").read_bytes() == b"*.pyc\n\xff\n.reconciler/\n"


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_project_with_a_pipeline_is_valid(tmp_path: Path, call: Callable[..., Any], ci: str) -> None:
    assert call("init", "--ci", ci).code == 0
    assert call("validate", "--strict").code == 0
    path = {"github": ".github/workflows/personas.yml", "gitlab": ".gitlab-ci.yml"}[ci]
    assert (tmp_path / path).is_file()


@pytest.mark.parametrize(
    ("folder", "name"),
    [("pals", "pals"), ("My Team!", "My-Team"), ("...", "personas"), ("über", "ber"), ("", "personas")],
)
def test_names_of_folders_become_names_of_projects(folder: str, name: str) -> None:
    assert project_name(folder) == name


@pytest.mark.parametrize(("ci", "path"), [("github", ".github/workflows/personas.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_a_pipeline_for_a_project_that_is_there(tmp_path: Path, call: Callable[..., Any], ci: str, path: str) -> None:
    (tmp_path / "manifests").mkdir()
    file = tmp_path / "manifests" / "reconciler.yaml"
    file.write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
        "workspaces:\n  box: {provider: {type: simulator}}\n  tavus: {provider: {type: tavus, api_key: {env: K}}}\n"
    )
    before = file.read_text()
    ended = call("init", "--ci", ci)
    assert ended.code == 0, ended
    assert "workspace 'tavus'" in ended.out
    text = (tmp_path / path).read_text()
    yaml.safe_load(text)
    assert "workspace: production" not in text.lower()
    assert "workspace: tavus" in text.lower()
    assert file.read_text() == before
    assert {one.name for one in tmp_path.iterdir() if one.is_file()} <= {".gitignore", ".gitlab-ci.yml"}
    again = call("init", "--ci", ci)
    assert again.code == 1
    assert "exists already" in again.err


def test_a_pipeline_before_its_workspace(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
        "workspaces: {a: {provider: {type: simulator}}}\n"
    )
    assert "not in the project file yet" in call("init", "--ci", "github").out
