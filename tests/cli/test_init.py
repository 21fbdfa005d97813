"""init: a project that is valid from the first minute, and nothing overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.engine.scaffold.new_project import project_name


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


def test_a_taken_place_and_a_system_without_a_generator_say_the_way(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("mine")
    ended = call("init", "--ci", "gitlab")
    assert ended.code == 1, ended
    assert "only a pipeline to what is there: init --ci gitlab" in ended.err
    ended = call("init", "--ci", "jenkins")
    assert ended.code == 64, ended
    assert "PIPELINES.md" in ended.err


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
    requests = "pull requests" if ci == "github" else "merge requests"
    assert f"It plans and applies tavus; {requests} go into the branch main." in ended.out
    text = (tmp_path / path).read_text()
    yaml.safe_load(text)
    assert "workspace: production" not in text.lower()
    assert "workspace: tavus" in text.lower()
    assert file.read_text() == before
    assert {one.name for one in tmp_path.iterdir() if one.is_file()} <= {".gitignore", ".gitlab-ci.yml"}
    again = call("init", "--ci", ci)
    assert (again.code, (tmp_path / path).read_text()) == (0, text)
    assert "is up to date" in again.out


@pytest.mark.parametrize(("ci", "path"), [("github", ".github/workflows/personas.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_a_pipeline_follows_the_project_and_keeps_what_was_changed(
    tmp_path: Path, call: Callable[..., Any], ci: str, path: str
) -> None:
    assert call("init", "--ci", ci).code == 0
    file, pipeline = tmp_path / "manifests" / "reconciler.yaml", tmp_path / path
    pipeline.write_text(
        pipeline.read_text().replace("contents: write # the branch", "contents: write # ours").replace("3.12", "3.13")
    )
    file.write_text(
        file.read_text() + "  second: {provider: {type: tavus, api_key: {env: SECOND_KEY}}, state: {backend: http}}\n"
    )
    ended = call("init", "--ci", ci)
    assert ended.code == 0, ended
    assert f"updated {pipeline}" in ended.out
    assert "SECOND_READ_KEY" in pipeline.read_text()
    assert ("# ours" if ci == "github" else "3.13") in pipeline.read_text()
    assert "It plans and applies production, second;" in ended.out


@pytest.mark.parametrize(("ci", "path"), [("github", ".github/workflows/personas.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_a_pipeline_of_somebody_else_is_not_touched(
    tmp_path: Path, call: Callable[..., Any], ci: str, path: str
) -> None:
    assert call("init").code == 0
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("mine: true\n")
    ended = call("init", "--ci", ci)
    assert ended.code == 1
    assert "init` did not write it" in ended.err
    assert (tmp_path / path).read_text() == "mine: true\n"


def test_where_the_program_comes_from(tmp_path: Path, call: Callable[..., Any]) -> None:
    assert call("init").code == 0
    commit = "ab" * 20
    assert call("init", "--ci", "github", "--source", f"acme/tool@{commit}").code == 0
    text = (tmp_path / ".github/workflows/personas.yml").read_text()
    assert text.count("uses: acme/tool/.github/workflows/") == text.count("uses: ") == 4
    file = tmp_path / "manifests" / "reconciler.yaml"
    file.write_text(file.read_text() + f"source: acme/other@{commit}\n")
    assert call("init", "--ci", "github").code == 0
    assert "uses: acme/other/" in (tmp_path / ".github/workflows/personas.yml").read_text()
    assert call("init", "--source", f"acme/tool@{commit}").code == 64
    assert call("init", "--ci", "github", "--source", "nonsense").code == 64


def test_a_project_without_an_account(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
        "workspaces: {a: {provider: {type: simulator}}}\n"
    )
    ended = call("init", "--ci", "github")
    assert ended.code == 0
    assert "1. add the workspace to the project file: production:" in ended.out
    assert "workspace: production" in (tmp_path / ".github/workflows/personas.yml").read_text()


@pytest.mark.parametrize("ci", ["github", "gitlab"])
@pytest.mark.parametrize("source", ["acme/ours@" + "a" * 40, "git+https://git.example.com/acme/ours@v1.2"])
def test_a_source_that_was_given_once_is_kept(tmp_path: Path, call: Callable[..., Any], ci: str, source: str) -> None:
    done = call("-C", str(tmp_path), "init", "--ci", ci, "--source", source)
    assert done.code == 0, done
    file = next(tmp_path.rglob("personas.yml" if ci == "github" else ".gitlab-ci.yml"))
    first = file.read_text()
    assert "@COMMIT" not in first
    assert call("-C", str(tmp_path), "init", "--ci", ci).code == 0
    assert file.read_text() == first
    other = "acme/other@" + "b" * 40
    assert call("-C", str(tmp_path), "init", "--ci", ci, "--source", other).code == 0
    assert "acme/other" in file.read_text()
    assert "acme/ours" not in file.read_text()
