"""The texts of a new project."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.scaffold.new_project import STATES, ignore_line, scaffold


def test_every_document_parses_and_says_what_it_is() -> None:
    files = scaffold("museum")
    kinds = {path: yaml.safe_load(text)["kind"] for path, text in files.items() if path.endswith(".yaml")}
    assert sorted(kinds.values()) == ["Persona", "Project", "Tool"]


def test_the_prompt_that_the_persona_names_is_there() -> None:
    files = scaffold("museum")
    persona = yaml.safe_load(files["manifests/personas/front-desk.yaml"])
    assert persona["spec"]["system_prompt"] == {"file": "../prompts/front-desk.md"}
    assert "manifests/prompts/front-desk.md" in files


def test_the_real_account_is_never_the_default() -> None:
    project = yaml.safe_load(scaffold("museum")["manifests/reconciler.yaml"])
    assert project["default_workspace"] == "sandbox"
    assert project["workspaces"]["sandbox"]["provider"] == {"type": "simulator"}
    assert project["workspaces"]["production"]["provider"]["api_key"] == {"env": "TAVUS_API_KEY"}


@pytest.mark.parametrize("ci", list(STATES))
def test_a_pipeline_comes_with_a_word_about_the_state(ci: str) -> None:
    project = scaffold("x", ci)["manifests/reconciler.yaml"]
    assert "state: {backend:" in project.removeprefix(scaffold("x")["manifests/reconciler.yaml"])
    assert yaml.safe_load(project)["workspaces"]["production"].keys() <= {"provider", "state"}


@given(st.lists(st.sampled_from(["*.pyc", ".reconciler", "/.reconciler/", ".reconciler/", "", "x"])), st.booleans())
def test_the_line_is_added_once_and_nothing_is_lost(lines: list[str], ends: bool) -> None:
    before = "\n".join(lines) + ("\n" if ends and lines else "")
    after = ignore_line(before)
    if after is None:
        assert any(line.strip("/") == ".reconciler" for line in lines)
        return
    assert after.startswith(before)
    assert after.endswith(".reconciler/\n")
    assert ignore_line(after) is None


def test_no_file_yet() -> None:
    assert ignore_line(None) == ".reconciler/\n"


def test_the_tool_says_all_that_it_means() -> None:
    tool = yaml.safe_load(scaffold("x")["manifests/tools/lookup_opening_hours.yaml"])
    assert tool["spec"]["parameters"]["properties"]["day"] == {
        "type": "string",
        "description": "The day in ISO 8601, e.g. 2026-05-01",
    }
