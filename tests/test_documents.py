"""The documents keep their word: every command line in them exists, and so does every flag."""

from __future__ import annotations

import re
import shlex
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.support import forked

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / ".github").rglob("*.md")), *sorted((ROOT / "manifests").rglob("*.y*ml")))

# At the start of a code line, inside backticks, or after `&&`; up to a comment, a closing backtick or the line's end.
COMMAND = re.compile(r"(?:^ {4}|`|&& )(?:\.venv/bin/)?(reconciler(?: [^`#\n&|]+)?)", re.MULTILINE)


def commands() -> list[str]:
    """Every command line in the documents, once."""
    found = {match.strip() for page in PAGES for match in COMMAND.findall(page.read_text("utf-8"))}
    return sorted(line for line in found - {"reconciler"} if not line.endswith(":"))  # a headline of the output


def words_and_flags(line: str) -> tuple[list[str], list[str]]:
    """The words that may name a command, in order, and the flags."""
    words = shlex.split(line)[1:]
    flags = [word.partition("=")[0] for word in words if word.startswith("-")]
    return [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)], flags


@cache
def help_of(*command: str) -> str | None:
    """The help text of a command, None where there is no such command."""
    line = [sys.executable, "-m", "reconciler", *command, "--help"]
    done = forked.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def describe(names: list[str]) -> str:
    """The help of the command that `names` begins with, the longest one that exists."""
    groups = {"state", "simulator", "watch", "fleet"}
    first = next(name for name in names if help_of(name) is not None)
    rest = names[names.index(first) + 1 :]
    text = (help_of(first, rest[0]) if first in groups and rest else None) or help_of(first)
    assert text is not None, names
    return text


def test_the_documents_hold_commands() -> None:
    assert len(commands()) > 12
    assert "reconciler validate" in commands()


@pytest.mark.parametrize("line", commands())
def test_a_documented_command_exists_with_its_flags(line: str) -> None:
    names, flags = words_and_flags(line)
    everything = (help_of() or "") + (describe(names) if names else "")
    missing = [flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", everything)]
    assert missing == []


@pytest.mark.parametrize(
    ("line", "names", "flags"),
    [
        ("reconciler -w production plan --out plan.json", ["production", "plan"], ["-w", "--out"]),
        ("reconciler state force-unlock ID", ["state", "force-unlock"], []),
        ("reconciler show plan.json --format=json", ["show"], ["--format"]),
    ],
)
def test_a_line_is_taken_apart(line: str, names: list[str], flags: list[str]) -> None:
    assert words_and_flags(line) == (names, flags)


DOTTED = re.compile(r"`(?:reconciler\.)?([a-z_]+(?:\.(?!ai`|com`|xyz`)[A-Za-z_]+)+)(?:\(\))?`")
"""A module, or something in one, as code and pages call it: `core.serialization.record_codec`."""
PATHS = re.compile(r"`(?:reconciler/)?([a-z_]+(?:/[a-z_]+)*\.py)`")
"""A file of the package, as pages and docstrings call it: `core/serialization/record_codec.py`."""
ROOMS = frozenset(path.name for path in (ROOT / "reconciler").iterdir() if (path / "__init__.py").exists())


def leads_nowhere(text: str) -> list[str]:
    """The names of modules in `text`, dotted or as paths, that nothing in the package bears."""
    package = ROOT / "reconciler"
    lost = [path for path in PATHS.findall(text) if path.split("/")[0] in ROOMS and not (package / path).exists()]
    for name in DOTTED.findall(text):
        room, *rest = name.split(".")
        here = package / room
        while rest and (here / rest[0]).is_dir():
            here = here / rest.pop(0)
        if room not in ROOMS or not rest or rest == ["py"]:
            continue
        module = here / f"{rest[0]}.py"
        inside = here / "__init__.py" if not module.exists() else module
        member = rest[1] if module.exists() and len(rest) > 1 else None if module.exists() else rest[0]
        if member is not None and not re.search(rf"\b{member}\b", inside.read_text("utf-8")):
            lost.append(name)
    return lost


@pytest.mark.parametrize("folder", ["reconciler", "tests", ".github", ".ci"])
def test_the_modules_that_texts_name_exist(folder: str) -> None:
    suffixes = {".py", ".md", ".in", ""}
    texts = {
        path: path.read_text("utf-8")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in suffixes
    }
    lost = {str(path.relative_to(ROOT)): found for path, text in texts.items() if (found := leads_nowhere(text))}
    assert texts
    assert not lost


def test_a_name_that_leads_nowhere_is_seen() -> None:
    gone = ("core/gone.py", "core.serialization.gone")
    there = ("core.serialization.record_codec.to_json", "core/serialization/digest.py")
    text = " and ".join(f"`{name}`" for name in (*gone, *there))
    assert leads_nowhere(text) == [*gone]
