"""Agents of an export against the manifests: what differs is said, a person's files stay, and nothing is deleted."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import open_project
from reconciler.api.export_target import prepare_target
from reconciler.api.target_drift import FileStatus, TargetDrift, masked
from reconciler.errors import ReconcilerError, UsageError

PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: NAME}
spec:
  persona_name: Desk
  system_prompt: PROMPT
  layers: {llm: {model: tavus-gpt-oss, tools: [{type: function, function: {name: look}}]}}
"""
LANGUAGES = ("python", "node")
YOURS = ("desk/desk_tools.py", "desk-node/tools.ts")


def write(folder: Path, name: str = "desk", prompt: str = "You welcome.") -> None:
    (folder / "manifests").mkdir(exist_ok=True)
    text = PERSONA.replace("NAME", name).replace("PROMPT", prompt)
    (folder / "manifests" / f"{name}.yaml").write_text(text)


def export(folder: Path, *languages: str, force: bool = False) -> list[str]:
    with open_project(root=folder) as opened:
        return [
            path
            for language in languages or LANGUAGES
            for path in opened.export_target("livekit", folder / "out", language=language, force=force).written
        ]


def drift(folder: Path, *languages: str) -> TargetDrift:
    with open_project(root=folder) as opened:
        return opened.drift_target("livekit", folder / "out", languages=languages)


def told(found: TargetDrift, folder: Path) -> dict[str, str]:
    return {Path(file.path).relative_to(folder / "out").as_posix(): file.status.value for file in found.files}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder / "out").as_posix(): path.read_bytes()
        for path in sorted((folder / "out").rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    return tmp_path


def test_two_languages_share_a_folder_and_an_export_twice_is_one(project: Path) -> None:
    first = export(project)
    assert len(first) == len(set(first)) == len(contents(project))
    before = contents(project)
    assert export(project) == []
    assert contents(project) == before
    found = drift(project)
    assert found.files == ()
    assert [language for _, language in found.agents] == [*LANGUAGES]


def test_what_the_manifests_say_now_is_outdated_until_the_next_export(project: Path) -> None:
    export(project)
    write(project, prompt="You say goodbye.")
    found = drift(project)
    assert told(found, project) == {"desk/desk_agent.json": "outdated", "desk-node/settings.json": "outdated"}
    assert "You welcome." in found.files[0].before
    assert "You say goodbye." in found.files[0].after
    assert told(drift(project, "node"), project) == {"desk-node/settings.json": "outdated"}
    assert len(export(project)) == 2
    assert drift(project).files == ()


@pytest.mark.parametrize("path", ["desk/desk_agent.py", "desk-node/agent.ts", "desk-node/package.json"])
def test_an_edit_is_told_and_only_force_writes_over_it(project: Path, path: str) -> None:
    export(project)
    edited = project / "out" / path
    edited.write_text(edited.read_text() + "\n")
    assert told(drift(project), project) == {path: "edited"}
    before = contents(project)
    with pytest.raises(ReconcilerError, match=path):
        export(project)
    assert contents(project) == before
    export(project, force=True)
    assert drift(project).files == ()


def test_missing_files_come_back_and_a_persons_own_too(project: Path) -> None:
    export(project)
    for path in ("desk/requirements.txt", "desk-node/tsconfig.json", "desk-node/tools.ts"):
        (project / "out" / path).unlink()
    found = told(drift(project), project)
    assert found == dict.fromkeys(
        ("desk/requirements.txt", "desk-node/tsconfig.json", "desk-node/tools.ts"), "missing"
    )
    export(project)
    assert drift(project).files == ()


def test_agents_without_a_manifest_are_left_and_never_deleted(project: Path) -> None:
    write(project, "back")
    export(project)
    (project / "manifests" / "back.yaml").unlink()
    found = drift(project)
    assert {file.status for file in found.files} == {FileStatus.LEFT}
    assert {Path(file.path).parent.name for file in found.files} == {"back", "back-node"}
    before = contents(project)
    assert export(project) == []
    assert contents(project) == before


def test_who_was_handed_over_keeps_the_agent(project: Path) -> None:
    export(project)
    (project / "manifests" / "desk.yaml").write_text(
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: desk}\n"
        "spec: {persona_name: Desk, pipeline_mode: echo, layers: {transport: {transport_type: livekit}}}\n"
    )
    write(project, "back")
    export(project)
    found = drift(project)
    assert found.files == ()
    assert {str(address) for address, _ in found.agents} == {"persona.back"}


def test_a_persona_without_an_agent_is_no_drift(project: Path) -> None:
    export(project, "python")
    write(project, "back")
    found = drift(project)
    assert found.files == ()
    assert [str(address) for address in found.absent] == ["persona.back"]


def test_nothing_to_compare_with_is_an_error(project: Path) -> None:
    with pytest.raises(ReconcilerError, match="nothing to compare with"):
        drift(project)
    (project / "out").mkdir()
    with pytest.raises(ReconcilerError, match="nothing to compare with"):
        drift(project)
    with pytest.raises(UsageError, match="no agents in rust"):
        export(project, "rust")
    with pytest.raises(UsageError, match="no agents in rust"):
        drift(project, "rust")


class TestLinks:
    """An agent's folder is in a repository, and links in it are a stranger's."""

    @pytest.fixture
    def outside(self, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        export(project)
        return tmp_path_factory.mktemp("outside")

    @pytest.mark.parametrize("path", ["desk/desk_agent.py", "desk/desk_tools.py", "desk-node/settings.json"])
    def test_a_file_that_leads_out_is_neither_read_nor_written(self, project: Path, outside: Path, path: str) -> None:
        (outside / "secret").write_text("hush")
        (project / "out" / path).unlink()
        (project / "out" / path).symlink_to(outside / "secret")
        for act in (drift, export):
            with pytest.raises(ReconcilerError, match="leads out of"):
                act(project)
        assert (outside / "secret").read_text() == "hush"

    def test_a_folder_that_leads_out_is_neither_read_nor_written(self, project: Path, outside: Path) -> None:
        (project / "out" / "desk").rename(outside / "desk")
        (project / "out" / "desk").symlink_to(outside / "desk", target_is_directory=True)
        write(project, prompt="Other.")
        before = (outside / "desk" / "desk_agent.json").read_bytes()
        for act in (drift, export):
            with pytest.raises(ReconcilerError, match="leads out of"):
                act(project)
        assert (outside / "desk" / "desk_agent.json").read_bytes() == before

    def test_what_is_no_file_is_an_error(self, project: Path, outside: Path) -> None:
        path = project / "out" / "desk" / "desk_agent.py"
        path.unlink()
        os.mkfifo(path)
        for act in (drift, export):
            with pytest.raises(ReconcilerError, match="is no file"):
                act(project)

    def test_a_folder_named_on_the_command_line_may_be_a_link_of_the_users(
        self, project: Path, outside: Path
    ) -> None:
        (project / "linked").symlink_to(outside)
        with open_project(root=project) as opened:
            assert opened.export_target("livekit", project / "linked").written
            assert opened.drift_target("livekit", project / "linked").files == ()


@given(st.integers(0, 15), st.sampled_from(LANGUAGES), st.booleans())
@settings(max_examples=6, deadline=None)
def test_a_run_that_was_killed_is_finished_by_the_next(count: int, language: str, again: bool) -> None:
    """Files are renamed into place one by one: any first few of them may be there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        if again:
            export(folder, language)
            write(folder, prompt="Other.")
        with open_project(root=folder) as opened:
            made = prepare_target(opened.session, "livekit", str(folder / "out"), language=language)
        for change in made.changes[:count]:
            Path(change.path).parent.mkdir(parents=True, exist_ok=True)
            Path(change.path).write_bytes(change.after)
        export(folder, language)
        assert drift(folder, language).files == ()


STEPS = st.lists(
    st.tuples(st.sampled_from(["edit", "delete", "prompt", "rename", "own", "export"]), st.integers(0, 30)),
    max_size=6,
)


@given(STEPS)
@settings(max_examples=6, deadline=None)
def test_whatever_happened_an_export_ends_it_and_keeps_what_is_a_persons(
    steps: list[tuple[str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        export(folder)
        mine = {path: f"mine {path}\n".encode() for path in (*YOURS, "notes.txt", "desk/helper.py")}
        for path, data in mine.items():
            (folder / "out" / path).write_bytes(data)
        for step, number in steps:
            ours = [path for path in contents(folder) if path not in mine]
            chosen = folder / "out" / ours[number % len(ours)]
            match step:
                case "edit":
                    chosen.write_bytes(chosen.read_bytes() + b"\nmine")
                case "delete" if len(ours) > 1:
                    chosen.unlink()
                case "prompt":
                    write(folder, prompt=f"Prompt {number}.")
                case "rename":
                    (folder / "manifests" / "desk.yaml").unlink(missing_ok=True)
                    write(folder, f"desk{number % 2}")
                case "export":
                    export(folder, force=True)
                case _:
                    pass
        before = set(contents(folder))
        export(folder, force=True)
        found = drift(folder)
        assert {file.status for file in found.files} <= {FileStatus.LEFT}
        after = contents(folder)
        assert before <= set(after)
        assert {path: after[path] for path in mine} == mine
        assert export(folder) == []


def test_credentials_that_somebody_wrote_into_a_file_are_not_shown() -> None:
    known = "# generated sha256:" + "0" * 64 + "\nTAVUS_API_KEY=\n"
    text = (
        known + "TAVUS_API_KEY=abcdefgh\nconst key = 'sk-verysecret1';\nx: 'ghp_abcdefghijkl'\nplain words\n"
    ).encode()
    shown = masked(text, known)
    assert not any(secret in shown for secret in ("abcdefgh", "sk-very", "ghp_"))
    assert "plain words" in shown
    assert shown.startswith(known)
