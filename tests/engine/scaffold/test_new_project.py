"""What a new project needs beside the files of its platform."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.scaffold import new_project
from reconciler.engine.scaffold.new_project import STATES, ignore_line


@pytest.mark.parametrize("ci", list(STATES))
def test_a_pipeline_comes_with_a_word_about_the_state(ci: str) -> None:
    project = new_project("x", ci)["manifests/reconciler.yaml"]
    assert "state: {backend:" in project.removeprefix(new_project("x")["manifests/reconciler.yaml"])
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
