"""The model list of an installed livekit-agents: read from its source, or said not to be there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconciler.api.offline import load_catalogue
from reconciler.platforms.livekit.installed_models import installed_models
from tests.support.livekitworld import lacking

SOURCE = """
from typing import Literal
OpenAIModels = Literal["openai/a", "openai/b"]
GoogleModels = Literal[
    "google/c",
]
LLMModels = OpenAIModels | GoogleModels
Other = Literal["not/this"]
raise RuntimeError("nobody imports this")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package `fakekit.agents` whose code must not run."""
    folder = tmp_path / "fakekit" / "agents" / "inference"
    folder.mkdir(parents=True)
    (tmp_path / "fakekit" / "agents" / "__init__.py").write_text("raise RuntimeError('nobody imports this')\n")
    (folder / "llm.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder / "llm.py"


def test_the_literals_are_read_and_nothing_runs(package: Path) -> None:
    assert installed_models("fakekit.agents") == {"openai/a", "openai/b", "google/c"}
    assert "fakekit.agents" not in sys.modules


@pytest.mark.parametrize("text", ["def broken(", "x = 1\n", "A\0"])
def test_a_list_that_is_not_there_any_more_is_none(package: Path, text: str) -> None:
    package.write_text(text)
    assert installed_models("fakekit.agents") is None


@pytest.mark.parametrize("name", ["nobody.has.this", "nobodyhasthis", ""])
def test_a_package_that_is_not_there_is_none(name: str) -> None:
    assert installed_models(name) is None


@pytest.mark.skipif(bool(lacking()), reason=lacking())
def test_the_catalogue_knows_the_list_of_the_real_package() -> None:
    from importlib.metadata import version

    found = installed_models("livekit.agents")
    assert found is not None
    assert "openai/gpt-4.1" in found
    if version("livekit-agents").startswith(load_catalogue().livekit.release.removeprefix("livekit-") + "."):
        assert found == load_catalogue().livekit.listed()
