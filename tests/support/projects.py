"""Project files read as the program reads them, with the kinds that each provider can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reconciler.manifests.project import project_file
from reconciler.platforms import PLATFORMS
from reconciler.types.project import Project


def load_project(where: str | Path = ".", **options: Any) -> Project:
    return project_file.load_project(where, PLATFORMS, **options)
