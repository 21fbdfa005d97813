"""The reference under `.github/reference`, written from the code: one page a subject, one line here.

`python .ci/reference` writes the pages; a test fails while one of them is not what the code says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

COMMAND = "python .ci/reference"
FOLDER = ".github/reference"
NOTICE = f"<!-- Written by `{COMMAND}` from the code; do not edit. -->\n"

PAGES = {
    "commands": ("Commands, options and exit codes", "commands:page"),
    "project": ("Keys of the project file", "project:page"),
    "kinds": ("Kinds of resources and their fields", "kinds:page"),
    "rules": ("Lint rules", "rules:page"),
    "migrations": ("Migrations", "migrations:page"),
    "metrics": ("Metrics of a watcher", "metrics:page"),
    "plugins": ("Output formats, state backends and providers", "plugins:page"),
    "targets": ("Export targets", "targets:page"),
    "python": ("The Python API", "python:page"),
}
"""File name without suffix -> (title, where the page is made)."""


def make_pages() -> dict[str, str]:
    """Every page by its file name, the index as `README.md`."""
    pages = {"README.md": index()}
    for name, (title, place) in PAGES.items():
        module, _, attribute = place.partition(":")
        body = cast(Callable[[], str], getattr(import_module(f"{__name__}.{module}"), attribute))()
        pages[f"{name}.md"] = f"# {title}\n\n{NOTICE}\n{body.strip()}\n"
    return pages


def index() -> str:
    """The page that leads to the others."""
    lines = [f"- [{title}]({name}.md)" for name, (title, _) in PAGES.items()]
    return "# Reference\n\n" + NOTICE + "\n" + "\n".join(lines) + "\n"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; nothing in a cell breaks out of it."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in row) + " |" for row in lines)


def cell(text: str) -> str:
    """One line without bars."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """`text` as code, empty for nothing."""
    return f"`{text}`" if text else ""


def block(text: str, language: str = "") -> str:
    """A fenced block."""
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"
