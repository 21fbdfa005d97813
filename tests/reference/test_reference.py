"""The reference is what the code says, complete, and readable as Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference import COMMAND, FOLDER, PAGES, block, cell, make_pages, table
from reference.__main__ import main

from reconciler.backends import BACKENDS
from reconciler.cli.main import COMMANDS
from reconciler.manifests.project.project_model import KNOWN_KEYS
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.platforms.tavus.rules import RULES
from reconciler.reporters import REPORTERS

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = make_pages()


def test_the_reference_is_fresh() -> None:
    kept = {path.name: path.read_text("utf-8") for path in (ROOT / FOLDER).glob("*.md")}
    stale = sorted(name for name in kept.keys() | WRITTEN.keys() if kept.get(name) != WRITTEN.get(name))
    assert stale == [], f"the code says something else than {', '.join(stale)}: run {COMMAND} and commit"


def test_making_it_twice_gives_the_same_text() -> None:
    assert make_pages() == WRITTEN


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_its_title_and_says_who_writes_it(name: str) -> None:
    text = WRITTEN[f"{name}.md"]
    assert text.startswith(f"# {PAGES[name][0]}\n")
    assert COMMAND in text
    assert f"({name}.md)" in WRITTEN["README.md"]
    assert text.endswith("\n")
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


@pytest.mark.parametrize("name", WRITTEN)
def test_tables_are_straight(name: str) -> None:
    """Every row of a table has as many cells as its head; code outside of blocks is closed."""
    fenced = False
    width = 0
    for line in WRITTEN[name].splitlines():
        if line.startswith("```"):
            fenced = not fenced
        if fenced or not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        assert cells == (width or cells), line
        width = cells
    assert not fenced


def test_nothing_is_missing() -> None:
    pages = {name: WRITTEN[f"{name}.md"] for name in PAGES}
    assert [name for name in COMMANDS if f"\n## reconciler {name}\n" not in pages["commands"]] == []
    assert "## reconciler state force-unlock" in pages["commands"]
    rows = [row.path for spec in KINDS.all().values() for row in spec.fields]
    assert [path for path in rows if f"| `{path}` |" not in pages["kinds"]] == []
    assert [
        rule.code for rule in RULES.all().values() if f"\n## {rule.code} {rule.name}\n" not in pages["rules"]
    ] == []
    assert [one.id for one in MIGRATIONS.all().values() if f"\n| {one.id} | " not in pages["migrations"]] == []
    assert [name for name in (*REPORTERS, *BACKENDS) if f"| `{name}` |" not in pages["plugins"]] == []
    keys = [key for keys in KNOWN_KEYS.values() for key in keys]
    assert [key for key in keys if f"| `{key}` |" not in pages["project"]] == []


def test_every_key_of_the_project_file_is_explained() -> None:
    rows = [line for line in WRITTEN["project.md"].splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []


def test_defaults_are_shown_as_they_would_be_written() -> None:
    rows = [line for line in WRITTEN["project.md"].splitlines() if line.startswith("| `")]
    defaults = {row.split(" | ")[0].strip("| `"): row.split(" | ")[-2] for row in rows}
    assert defaults["parallelism"] == "`10`"
    assert defaults["deletes"] == '`"deny"`'
    assert defaults["overlays"] == "`[]`"
    assert defaults["provider"] == ""
    assert not [row for row in rows if "DEFAULT" in row or "None" in row]


def test_the_command_writes_the_pages_and_removes_what_is_no_more(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")
    (tmp_path / "kept.png").write_bytes(b"")
    assert main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {*WRITTEN, "kept.png"}
    assert (tmp_path / "rules.md").read_text("utf-8") == WRITTEN["rules.md"]


def test_nothing_breaks_out_of_a_cell_or_a_block() -> None:
    assert cell("a | b\n  c") == "a \\| b c"
    assert table(("x",), [("1",), ("|",)]).splitlines() == ["| x |", "| --- |", "| 1 |", "| \\| |"]
    assert block("```\nx\n```").startswith("````")
    assert block("\nx\n", "yaml") == "```yaml\nx\n```"
