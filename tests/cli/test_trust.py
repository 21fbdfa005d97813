"""The command `trust`, and the question on a terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.trust import trust_file
from reconciler.cli import composition

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: shop}
workspaces:
  w:
    provider: {type: simulator}
    state: {backend: local, encryption: {key: {command: "echo MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}}}
"""
COMMAND = "echo MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


@pytest.fixture
def stranger(project: Path) -> Path:
    (project / "manifests" / "reconciler.yaml").write_text(PROJECT)
    return project


def answering(monkeypatch: pytest.MonkeyPatch, *answers: str) -> io.StringIO:
    typed = io.StringIO("".join(f"{one}\n" for one in answers))
    monkeypatch.setattr("sys.stdin", typed)
    monkeypatch.setattr(composition, "is_terminal", lambda stream: True)
    return typed


def test_without_a_project_file_there_is_nothing_to_trust(project: Path, call: Any) -> None:
    assert call("trust", "a.example").code == 64


def test_a_command_is_run_once_it_is_trusted_exactly(stranger: Path, call: Any) -> None:
    pytest.importorskip("cryptography", reason="rare: cryptography is not installed")
    refused = call("plan")
    assert refused.code == 3
    assert "RECONCILER_ALLOWED_COMMANDS" in refused.err and "reconciler trust --command" in refused.err
    assert call("trust", "--command", f"{COMMAND} ").code == 0
    assert call("plan").code == 0
    manifest = stranger / "manifests" / "reconciler.yaml"
    manifest.write_text(PROJECT.replace("echo ", "echo  "))
    assert call("plan").code == 3


def test_somebody_at_a_terminal_is_asked_once(stranger: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cryptography", reason="rare: cryptography is not installed")
    answering(monkeypatch, "no")
    assert call("plan").code == 3
    typed = answering(monkeypatch, "yes", "never read")
    asked = call("plan")
    assert asked.code == 0
    assert COMMAND in asked.err
    import os

    kept = json.loads(trust_file(os.environ).read_text())
    assert kept["projects"][os.path.realpath("manifests/reconciler.yaml")]["commands"] == [COMMAND]
    assert call("plan").code == 0
    assert typed.readline() == "never read\n"


@pytest.mark.parametrize("words", [("*.example",), ("a b",), ("--command", "a\nb"), ("",)])
def test_what_cannot_be_trusted(stranger: Path, call: Any, words: tuple[str, ...]) -> None:
    assert call("trust", *words).code == 64
