"""What a pipeline learns from the files, from git and from the installation."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.api import scaffold as scaffolding
from reconciler.api.scaffold import default_branch, find_source, new_project, pipeline_path, plan_pipeline, read_facts
from reconciler.engine.scaffold.pipelines import SYSTEMS
from reconciler.errors import ManifestError, ReconcilerError
from reconciler.installation import Source


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@x.test", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a project in its folder `team/pals`."""
    git(tmp_path, "init", "--quiet", "-b", "trunk")
    for path, text in new_project("pals", "gitlab").items():
        file = tmp_path / "team" / "pals" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_a_project_further_down_in_a_repository(repository: Path) -> None:
    root = repository / "team" / "pals"
    facts = read_facts(root)
    assert (facts.branch, facts.directory, facts.paths) == ("trunk", "team/pals", ("team/pals/manifests/**",))
    assert [(one.workspace, one.state) for one in facts.accounts] == [("production", "http")]
    for ci, system in SYSTEMS.items():
        assert pipeline_path(root, ci) == repository / system.path


def test_variables_of_manifests_and_of_overlays_are_known(repository: Path) -> None:
    root = repository / "team" / "pals" / "manifests"
    (root / "other.yaml").write_text(
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: other}\n"
        "spec: {pal_name: Other, system_prompt: Hi., layers: {llm: {model: m, base_url: 'https://m.test', "
        "api_key: {env: MODEL_KEY}}}}\n"
    )
    assert read_facts(root.parent).accounts[0].variables == ("MODEL_KEY",)
    assert "MODEL_KEY=${{ secrets.MODEL_KEY }}" in plan_pipeline(root.parent, "github").text


def test_the_branch_that_the_remote_takes_for_its_own(repository: Path) -> None:
    assert default_branch(str(repository)) == "trunk"
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/master")
    assert default_branch(str(repository)) == "master"


@pytest.mark.parametrize("usual", ["main", "master"])
def test_the_branch_of_a_pull_request_is_not_the_one_it_goes_into(tmp_path: Path, usual: str) -> None:
    """A clone of what was empty knows no default of its remote; whoever runs `init --ci` stands on a branch."""
    git(tmp_path, "init", "-q", "-b", usual)
    assert default_branch(str(tmp_path)) == usual
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path, "switch", "-q", "-c", "new-greeting")
    assert default_branch(str(tmp_path)) == usual


def test_without_git_the_branch_is_main(tmp_path: Path) -> None:
    assert default_branch(str(tmp_path)) == "main"


def test_a_clone_stands_for_its_remote_and_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "x")
    here = Source("folder", str(repository))
    monkeypatch.setattr(scaffolding, "installed_source", lambda: here)
    assert find_source(None) == here, "no remote"
    git(repository, "remote", "add", "origin", "/srv/clone")
    assert find_source(None) == here, "a remote that only this machine has"
    git(repository, "remote", "set-url", "origin", "git@ghe.test:acme/tool.git")
    found = find_source(None)
    assert (found.repository, found.revision) == ("acme/tool", git(repository, "rev-parse", "HEAD"))
    monkeypatch.setattr(scaffolding, "installed_source", lambda: Source("folder", str(repository / "team")))
    assert find_source(None).kind == "folder", "a folder in somebody's repository is not the program's"


def test_what_was_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaffolding, "installed_source", lambda: Source("index", "", "9"))
    assert find_source("==1.2") == Source("index", "", "1.2")
    assert find_source(None) == Source("index", "", "9")


@pytest.mark.parametrize("ci", list(SYSTEMS))
@pytest.mark.parametrize("taken", [b"\xff\xfe", b"", None])
def test_whatever_stands_in_its_place_is_no_bug(repository: Path, ci: str, taken: bytes | None) -> None:
    path = pipeline_path(repository / "team" / "pals", ci)
    path.parent.mkdir(parents=True, exist_ok=True)
    if taken is None:
        path.mkdir()
    else:
        path.write_bytes(taken)
    with pytest.raises(ReconcilerError):
        plan_pipeline(repository / "team" / "pals", ci)


def test_manifests_that_cannot_be_read_are_said(repository: Path) -> None:
    root = repository / "team" / "pals"
    assert plan_pipeline(root, "github").before is None
    (root / "manifests" / "broken.yaml").write_text("a: [\n")
    with pytest.raises(ManifestError) as caught:
        plan_pipeline(root, "github")
    assert caught.value.diagnostics


def test_a_file_of_somebody_else_is_refused(repository: Path) -> None:
    path = pipeline_path(repository / "team" / "pals", "gitlab")
    path.write_text("mine: true\n")
    with pytest.raises(ReconcilerError):
        plan_pipeline(repository / "team" / "pals", "gitlab")
    assert path.read_text() == "mine: true\n"
