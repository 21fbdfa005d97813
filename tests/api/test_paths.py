"""A project found and its state kept, wherever the run starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.api.paths import claim_folder, find_state_folder
from reconciler.api.session import choose_project
from reconciler.cli.main import run
from reconciler.core.state.state_document import parse_state
from tests.support.gittrees import repository
from tests.support.projects import load_project

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


@pytest.mark.parametrize("below", ["manifests/prompts", "manifests/deep/er", "src"])
def test_a_folder_of_a_project_is_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], below: str
) -> None:
    """Its workspace and its state, no folder of our own beside, and a line that says so."""
    (project / below).mkdir(parents=True, exist_ok=True)
    assert go(project, monkeypatch, *APPLY) == 0
    capfd.readouterr()
    assert go(project / below, monkeypatch, *SAME) == 0
    assert "reconciler.yaml" in capfd.readouterr().err
    assert go(project / below, monkeypatch, *APPLY) == 0
    assert list(project.parent.rglob(".reconciler")) == [project / ".reconciler"]


def test_paths_are_those_of_the_folder_that_one_is_in(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "manifests" / "more").mkdir()
    (project / "manifests" / "more" / "b.yaml").write_text(PERSONA.replace("name: a", "name: b"))
    assert go(project / "manifests" / "more", monkeypatch, "plan", "b.yaml") == 0
    said = capfd.readouterr().out
    assert "persona.b" in said and "persona.a" not in said


def test_the_built_in_workspace_of_the_account_belongs_to_no_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "manifests" / "prompts")
    below, chosen = choose_project("tavus", (), environ={})
    assert (below.file, chosen.provider.type) == (None, "tavus")
    own = "workspaces: {tavus: {provider: {type: simulator}}, other: {provider: {type: simulator}}}\n"
    (project / "manifests" / "reconciler.yaml").write_text(HEAD + own)
    below, chosen = choose_project("tavus", (), environ={})
    assert (below.root, chosen.provider.type) == (str(project), "simulator")


def test_export_and_init_look_nowhere_else(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    inner = project / "inner"
    inner.mkdir()
    assert go(inner, monkeypatch, "export", "out") == 0
    assert "reconciler.yaml" not in capfd.readouterr().err
    assert go(inner, monkeypatch, "init") == 0
    assert (inner / "manifests" / "reconciler.yaml").is_file()


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two project files of one name in one folder, each with manifests of its own."""
    for name in "ab":
        (tmp_path / name).mkdir()
        text = f"apiVersion: personas/v1\nkind: Persona\nmetadata: {{name: {name}}}\n"
        body = f"spec: {{pal_name: {name.upper()}, system_prompt: Be kind., default_face_id: r1}}\n"
        (tmp_path / name / f"{name}.yaml").write_text(text + body)
        (tmp_path / f"{name}.project.yaml").write_text(HEAD)
    return tmp_path / "a.project.yaml", tmp_path / "b.project.yaml"


def test_two_project_files_never_share_a_folders_state(
    two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (*two, *two):
        words = ["--project", str(file), "-m", str(tmp_path / file.name[0])]
        assert go(tmp_path, monkeypatch, *APPLY, *words) == 0
        assert go(tmp_path, monkeypatch, *SAME, *words) == 0
    states = sorted(tmp_path.rglob("state.json"))
    assert [len(parse_state(one.read_bytes()).resources) for one in states] == [1, 1]
    assert states[0].parent == tmp_path / ".reconciler" / "b.project.yaml" / "sandbox"
    assert (tmp_path / ".reconciler" / ".gitignore").read_text() == "*\n"


def test_a_project_file_that_is_gone_leaves_its_folder_to_the_next(two: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = (load_project(file, root=tmp_path) for file in two)
    claim_folder(find_state_folder(first, "w"), first)
    assert find_state_folder(second, "w") != find_state_folder(first, "w")
    two[0].unlink()
    assert find_state_folder(second, "w") == tmp_path / ".reconciler" / "w"


def test_a_folder_that_is_ours_stays_ours(two: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = (load_project(file, root=tmp_path) for file in two)
    claim_folder(find_state_folder(first, "w"), first)
    claim_folder(find_state_folder(second, "w"), second)
    own = find_state_folder(second, "w")
    two[0].unlink()
    assert find_state_folder(second, "w") == own
    assert find_state_folder(load_project(tmp_path), "w") == tmp_path / ".reconciler" / "w"


def renamed(project: Path, name: str) -> None:
    (project / "manifests" / "reconciler.yaml").write_text(HEAD.replace("name: p", f"name: {name}"))


def test_the_state_of_another_project_is_refused_and_a_renamed_one_takes_its_along(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert go(project, monkeypatch, *APPLY) == 0
    renamed(project, "q")
    for words in (SAME, APPLY, ["drift"], ["state", "list"], ["state", "rm", "persona.a"]):
        capfd.readouterr()
        assert go(project, monkeypatch, *words) == 1
        said = capfd.readouterr().err
        assert "belongs to project 'p', not to 'q'" in said
        assert "state migrate --from-project p" in said
    assert go(project, monkeypatch, "state", "migrate", "--from-project", "other") == 1
    assert go(project, monkeypatch, "state", "migrate", "--from-project", "p") == 0
    assert "project q" in capfd.readouterr().out
    assert go(project, monkeypatch, *SAME) == 0
    assert go(project, monkeypatch, "state", "migrate", "--from-project", "q") == 64


def test_what_was_applied_without_a_project_file_is_the_first_projects(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file = project / "manifests" / "reconciler.yaml"
    text = file.read_text()
    file.unlink()
    state = project / ".reconciler" / "sandbox" / "state.json"
    assert go(project, monkeypatch, *APPLY) == 0
    assert parse_state(state.read_bytes()).project is None
    file.write_text(text)
    assert go(project, monkeypatch, *SAME) == 0
    assert parse_state(state.read_bytes()).project is None, "readers write nothing"
    assert go(project, monkeypatch, *APPLY) == 0
    assert parse_state(state.read_bytes()).project == "p"
    file.unlink()
    assert go(project, monkeypatch, *SAME) == 1
    assert "no project file" in capfd.readouterr().err


def test_what_is_refused_takes_nothing_over(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the wrong project could make a state its own by a plan that nobody wanted."""
    file = project / "manifests" / "reconciler.yaml"
    text = file.read_text()
    file.unlink()
    assert go(project, monkeypatch, *APPLY) == 0
    file.write_text(text)
    (project / "manifests" / "a.yaml").rename(project / "kept.yaml")
    assert go(project, monkeypatch, *APPLY, "--allow-mass-change") == 3
    state = project / ".reconciler" / "sandbox" / "state.json"
    assert parse_state(state.read_bytes()).project is None


@pytest.mark.parametrize("settings", ["", "    state: {backend: local, path: kept/state.json}\n"])
def test_a_committed_link_takes_no_state_out_of_the_repository(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: str
) -> None:
    workspaces = f"workspaces:\n  sandbox:\n    provider: {{type: simulator}}\n{settings}"
    (project / "manifests" / "reconciler.yaml").write_text(HEAD + workspaces)
    repo = repository(project)
    (repo.root.parent / "outside").mkdir()
    for link in (".reconciler", "kept"):
        repo.link(link, "../outside")
    repo.commit()
    assert go(project, monkeypatch, *APPLY, "-w", "sandbox") == 1
    assert "leads out of it" in capsys.readouterr().err
    assert list((repo.root.parent / "outside").iterdir()) == []
