"""The folder that tests of the loader fill."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.manifestfolder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path.resolve())
