"""The record of an opened project: the command lines that it tells people to run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.api.session import Session, SystemClock
from reconciler.manifests.project.project_file import load_project
from reconciler.platforms import PLATFORMS

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: p}
workspaces:
  prod:
    provider: {type: simulator}
"""


@pytest.mark.parametrize(
    ("location", "file", "workspace", "told"),
    [
        ((), "manifests/reconciler.yaml", True, "reconciler watch approve 3f9c -w prod"),
        (("-C", "a b"), "reconciler.yaml", True, "reconciler -C 'a b' watch approve 3f9c -w prod"),
        (("-C", ".."), "other.yaml", False, "reconciler -C .. watch approve 3f9c --project other.yaml"),
    ],
)
def test_a_command_leads_from_where_the_user_stands_to_the_same_project(
    tmp_path: Path, location: tuple[str, ...], file: str, *, workspace: bool, told: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(PROJECT)
    project = load_project(path, PLATFORMS, root=tmp_path)
    session = Session(
        project=project, workspace=project.workspaces["prod"], clock=SystemClock(), emit=lambda event: None,
        environ={},
    )  # fmt: skip
    session = replace(session, location_options=location)
    assert session.command("watch", "approve", "3f9c", workspace=workspace) == told
