"""The page for contributors keeps its word: what it names is there, and what is to be copied stands in its table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "reconciler"
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| a") and line.count("|") == 5
]
USUAL = (
    "a kind", "a field of a kind", "a lint rule", "a migration", "an output format", "a state backend", "a platform",
    "a command", "an option of `plan` and `apply`", "an error",
)  # fmt: skip
FILE = re.compile(r"`([\w/.]+/[\w.]+|[\w]+\.py)`")


def files(cell: str) -> list[Path]:
    """The files that a cell names."""
    return [(ROOT if name.startswith("tests/") else PACKAGE) / name for name in FILE.findall(cell)]


def test_the_usual_changes_are_all_there() -> None:
    assert set(USUAL) <= {row[0] for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_change_is_a_file_and_a_line(row: list[str]) -> None:
    what, copied, table, test = row
    assert files(copied), what
    for path in (*files(copied), *files(table), *files(test)):
        assert path.exists(), path
    assert files(test), what
    if "the line)" in table:
        assert len(files(copied)) == 1
        return
    (line,) = files(table)
    assert files(copied)[0].stem in line.read_text("utf-8"), f"{copied} does not stand in {table}"


def test_rooms_are_those_of_the_tree() -> None:
    block = PAGE[PAGE.index("## Where things are") : PAGE.index("The rooms of the core")]
    named = set(re.findall(r"^    (\w+)  ", block, re.MULTILINE)) | set(re.findall(r"  (\w+)  ", block))
    there = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    missing = there - {"__init__", "__main__"} - named
    assert missing == set()


def test_the_smallest_platform_has_what_the_page_lists() -> None:
    folder = ROOT / "tests" / "support" / "greetings"
    for name in re.findall(r"^    acme/([\w/.]+) ", PAGE, re.MULTILINE):
        assert (folder / name).exists(), name
    assert "tests/support/greetings" in PAGE
