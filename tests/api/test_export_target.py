"""Exports for a target from Python: prepared without a trace, then written; never among the manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler import open_project
from reconciler.api.export_target import prepare_target
from reconciler.errors import UsageError

PERSONA = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec:
  persona_name: Desk
  system_prompt: You welcome visitors.
  layers: {llm: {model: tavus-gpt-oss}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "desk.yaml").write_text(PERSONA)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_preparing_writes_nothing_and_says_what_would_be(project: Path) -> None:
    with open_project() as opened:
        made = prepare_target(opened.session, "livekit", "out")
        assert not (project / "out").exists()
        assert len(made.written) == 6
        done = opened.export_target("livekit", "out")
    assert done.written == made.written
    assert all((project / path).is_file() for path in done.written)
    assert done.personas[0].model == "openai/gpt-oss-120b"


def test_the_folder_of_the_manifests_is_refused(project: Path) -> None:
    with open_project() as opened, pytest.raises(UsageError, match="read as a manifest"):
        opened.export_target("livekit", "manifests/agents")
    assert sorted(path.name for path in (project / "manifests").iterdir()) == ["desk.yaml"]


def test_a_state_that_cannot_be_read_is_a_note(project: Path) -> None:
    state = project / ".reconciler" / "sandbox" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{broken")
    with open_project() as opened:
        made = opened.export_target("livekit", "out")
    assert any("state cannot be read" in note for note in made.notes)
    assert "TAVUS_PAL_ID" in made.personas[0].environment


def test_an_unknown_target_or_name_is_wrong_usage(project: Path) -> None:
    with open_project() as opened:
        with pytest.raises(UsageError, match="unknown export target"):
            opened.export_target("livekti")
        with pytest.raises(UsageError, match="no persona is called nobody"):
            opened.export_target("livekit", names=["nobody"])
