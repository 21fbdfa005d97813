"""Where the values of secret references come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifests import load_project, secrets_of
from reconciler.manifests.read.secret_resolver import RunSecrets
from reconciler.types.reference import SecretRef


def test_environment_variables_come_from_the_mapping_handed_in(tmp_path: Path) -> None:
    secrets = RunSecrets({"A": "x", "EMPTY": ""}, str(tmp_path))
    assert secrets.resolve(SecretRef("env", "A")) == "x"
    assert secrets.resolve(SecretRef("env", "B")) is None
    assert secrets.resolve(SecretRef("env", "EMPTY")) is None


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"x", "x"), (b"x\n", "x"), (b"x\r\n", "x"), (b"\xef\xbb\xbfx\n\n", "x\n"), (b"", None), (b"\xff", None)],
)
def test_files_are_text_less_one_newline(tmp_path: Path, content: bytes, value: str | None) -> None:
    (tmp_path / "key").write_bytes(content)
    assert RunSecrets({}, str(tmp_path)).resolve(SecretRef("file", "key")) == value


@pytest.mark.parametrize("path", ["../key", "/etc/hostname", "sub/../../key", "link", "nothing", "sub", "a\0b"])
def test_files_stay_inside_the_project(tmp_path: Path, path: str) -> None:
    (tmp_path / "key").write_text("x")
    project = tmp_path / "project"
    (project / "sub").mkdir(parents=True)
    (project / "link").symlink_to(tmp_path / "key")
    assert RunSecrets({}, str(project)).resolve(SecretRef("file", path)) is None


def test_literals_are_found_by_their_place(tmp_path: Path) -> None:
    secrets = RunSecrets({}, str(tmp_path), {"persona.a/x": "v"})
    assert secrets.resolve(SecretRef("literal", "persona.a/x")) == "v"
    assert secrets.resolve(SecretRef("literal", "persona.a/y")) is None


def test_a_run_without_manifests_has_secrets_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")
    secrets = secrets_of(load_project(tmp_path), {"A": "1"})
    assert secrets.resolve(SecretRef("file", "key")) == "x"
    assert secrets.resolve(SecretRef("env", "A")) == "1"
