"""The wheel holds the whole package and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import reconciler


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as `pip install .` builds it, without asking a registry for anything."""
    repository = Path(__file__).resolve().parent.parent
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        inner = next(entry for entry in archive.namelist() if entry.endswith(f".dist-info/{name}"))
        return archive.read(inner).decode()


def test_it_is_named_for_the_distribution_and_bears_the_version(wheel: Path) -> None:
    assert wheel.name == f"persona_reconciler-{reconciler.__version__}-py3-none-any.whl"


def test_every_file_of_the_package_is_in_it(names: set[str], repository: Path) -> None:
    files = {
        path.relative_to(repository).as_posix()
        for path in (repository / "reconciler").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files - names == set()
    assert "reconciler/py.typed" in names


def test_nothing_else_is_in_it(names: set[str]) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"reconciler", "persona_reconciler"}


def test_it_installs_the_command(wheel: Path) -> None:
    assert "reconciler = reconciler.__main__:main" in metadata(wheel, "entry_points.txt")


def test_it_says_what_it_needs(wheel: Path) -> None:
    text = metadata(wheel, "METADATA")
    assert "Name: persona-reconciler" in text
    assert "Requires-Python: >=3.11" in text
    needed = {line.split()[1].partition(">")[0] for line in text.splitlines() if is_needed(line)}
    assert needed == {"click", "deepdiff", "httpx", "jsonpatch", "pydantic", "pyyaml"}


def test_the_image_is_built_from_what_the_wheel_needs_with_the_lock(
    repository: Path, names: set[str], tmp_path: Path
) -> None:
    """What the Dockerfile copies is enough for the same wheel; it installs as pipelines do and starts the program."""
    text = (repository / ".github" / "Dockerfile").read_text("utf-8")
    copied = [line.split()[1:-1] for line in re.findall(r"^COPY (?!--from).*", text, re.MULTILINE)]
    assert ".github/requirements/run.txt" in copied[0]
    for path in (one for line in copied[1:] for one in line):
        source = repository / path
        if source.is_dir():
            shutil.copytree(source, tmp_path / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / path)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as archive:
        assert set(archive.namelist()) == {name for name in names if "__pycache__" not in name}
    installs = [set(re.findall(r"--[a-z-]+", line)) for line in text.splitlines() if "bin/pip install" in line]
    assert "--require-hashes" in installs[0]
    assert {"--no-deps", "--no-build-isolation"} <= installs[1]
    assert text.rstrip().endswith('ENTRYPOINT ["reconciler"]')
    assert "\nUSER 1000\n" in text


def is_needed(line: str) -> bool:
    return line.startswith("Requires-Dist:") and "extra ==" not in line
