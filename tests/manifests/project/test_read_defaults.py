"""Defaults of the project file name a kind, by any of its words, and a folder of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifests.project.read_defaults import Defaults
from tests.support.projects import load_project

HEAD = (
    "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\nworkspaces: {one: {provider: {type: simulator}}}\n"
)


def test_a_kind_by_any_of_its_words(tmp_path: Path) -> None:
    rows = "[{kind: PAL, spec: {a: 1}}, {kind: persona, folder: ./b, spec: {}}]"
    (tmp_path / "reconciler.yaml").write_text(f"{HEAD}defaults: {rows}\n")
    assert load_project(tmp_path).defaults == (Defaults("persona", {"a": 1}), Defaults("persona", {}, "b"))


@pytest.mark.parametrize("row", ["{kind: Pesona, spec: {}}", "{kind: PAL, folder: ../b, spec: {}}", "{kind: PAL}"])
def test_everything_else_is_an_error(tmp_path: Path, row: str) -> None:
    (tmp_path / "reconciler.yaml").write_text(f"{HEAD}defaults: [{row}]\n")
    with pytest.raises(ManifestError):
        load_project(tmp_path)
