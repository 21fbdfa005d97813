"""The quality gate: format, lint and types, so that running the tests is the whole truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BESIDE = Path(sys.executable).parent

GATE = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
}


@pytest.mark.parametrize("name", GATE)
def test_the_gate_is_clean(name: str, repository: Path) -> None:
    tool, *arguments = GATE[name]
    command = [str(BESIDE / tool), *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_are_checked_strictly(repository: Path) -> None:
    settings = (repository / "pyproject.toml").read_text("utf-8")
    assert "strict = true" in settings
    assert "ignore_errors" not in settings


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("def f(x):\n    return x\n", "no-untyped-def"),
        ("from reconciler.types.address import Address\n\nAddress(1, 'x')\n", "arg-type"),
        ("from reconciler.core import nothing\n", "attr-defined"),
    ],
)
def test_the_types_gate_bites(tmp_path: Path, repository: Path, source: str, finding: str) -> None:
    """A gate that never fails proves nothing: each of these must be refused."""
    example = tmp_path / "example.py"
    example.write_text(source)
    command = [str(BESIDE / "mypy"), "--strict", "--no-incremental", "--follow-imports=silent", str(example)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"[{finding}]" in done.stdout
