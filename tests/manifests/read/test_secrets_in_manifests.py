"""Masks, and the references that could stand in the place of literals."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifests.read.secrets_in_manifests import RunSecrets, is_mask, reference_for
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import SecretRef
from tests.support.projects import load_project


@pytest.mark.parametrize(
    ("text", "mask"), [("****", True), ("********", True), ("***", False), ("**** x", False), ("", False)]
)
def test_masks(text: str, mask: bool) -> None:
    assert is_mask(text) is mask


@pytest.mark.parametrize(
    ("pointer", "value", "reference"),
    [
        ("/layers/llm/api_key", "abc", "{env: CLAIMS_DESK_LLM_API_KEY}"),
        ("/layers/tts/api_key", "abc", "{env: CLAIMS_DESK_TTS_API_KEY}"),
        ("/layers/llm/api_key", "${LLM_KEY}", "{env: LLM_KEY}"),
        ("/layers/llm/api_key", "$LLM_KEY", "{env: LLM_KEY}"),
        ("/layers/llm/api_key", "{{ llm_key }}", "{env: llm_key}"),
        ("/layers/llm/headers/X-Api-Key", "abc", "{env: CLAIMS_DESK_LLM_HEADERS_X_API_KEY}"),
        ("/delivery/api/auth/token", "abc", "{env: CLAIMS_DESK_AUTH_TOKEN}"),
        ("/password", "abc", "{env: CLAIMS_DESK_PASSWORD}"),
    ],
)
def test_the_reference_that_could_stand_there(pointer: str, value: str, reference: str) -> None:
    assert reference_for(pointer, value, "persona.claims-desk") == reference


def test_every_secret_of_a_kind_gets_a_variable_of_its_own() -> None:
    for spec in KINDS.all().values():
        secrets = [row.path for row in spec.fields if row.secret]
        named = {reference_for(path, "", f"{spec.name}.x") for path in secrets}
        assert len(named) == len(secrets), spec.name


def test_a_reference_never_starts_with_a_digit() -> None:
    assert reference_for("/key", "x", "persona.1st") == "{env: _1ST_KEY}"


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
    secrets = RunSecrets({"A": "1"}, load_project(tmp_path).home)
    assert secrets.resolve(SecretRef("file", "key")) == "x"
    assert secrets.resolve(SecretRef("env", "A")) == "1"
