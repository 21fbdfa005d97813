"""Whatever words are typed: an exit code of the table, and never a traceback."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.cli.exit_codes import MEANINGS
from reconciler.cli.main import COMMANDS, run

# What writes files or serves for ever is left to its own tests.
SAFE = sorted({*COMMANDS, "list", "pull", "unlock"} - {"init", "demo", "simulator", "serve"})
PARTS = (
    *SAFE,
    "-w", "sandbox", "--workspace", "nowhere", "-m", "manifests", "--format", "json", "text", "--quiet", "--verbose",
    "--target", "persona.desk", "persona.", "--exclude", "--selector", "a=b", "--destroy", "--refresh-only",
    "--detailed-exitcode", "--report", "--parallelism", "1", "0", "--json-log", "--no-color", "--project", "--ref",
    "HEAD", "--", "-", "", "-h", "--help", "--version", "\x1b[31m", "\x00", "ü", "manifests/desk.yaml",
)  # fmt: skip


@pytest.fixture
def inside(project: Path) -> Path:
    return project


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=7))
def test_no_words_bring_it_down(inside: Path, words: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    said = err.getvalue()
    assert code in MEANINGS, said
    assert "Traceback" not in said
    assert "bug in reconciler" not in said
    assert "\x1b" not in said
    assert Path(os.getcwd()) == inside  # noqa: PTH109
