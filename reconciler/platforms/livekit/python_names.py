"""Names of generated files, modules and functions: legal in Python, unlike any library's, the same every time."""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Collection, Iterable

RESERVED = frozenset({"HANDLERS", "Any", "RunContext", "ToolError", "ToolResult", "annotations"})
LONGEST = 60


def stems(names: Iterable[str]) -> dict[str, str]:
    """Name of each persona -> the stem of its files.

    A stem is told from an equal one by a digest of the name, so that it does not depend on the order.
    """
    plain = {name: _identifier(name.lower(), "persona") for name in names}
    counts: dict[str, int] = {}
    for stem in plain.values():
        counts[stem] = counts.get(stem, 0) + 1
    return {
        name: stem if counts[stem] == 1 or name == stem else f"{stem}_{_short(name)}" for name, stem in plain.items()
    }


def function_names(tools: Iterable[str]) -> dict[str, str]:
    """Name of each tool -> the name of its handler."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for tool in tools:
        name = _identifier(tool, "tool")
        if name in RESERVED or name.startswith("__"):
            name = f"tool_{name.strip('_')}"
        if name in taken:
            name = f"{name}_{_short(tool)}"
        taken.add(name)
        found[tool] = name
    return found


def _identifier(text: str, prefix: str) -> str:
    """`text` as an ASCII identifier that is no keyword."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text)[:LONGEST]
    if not name.strip("_"):
        name = f"{prefix}_{_short(text)}"
    if name[0].isdigit() or _is_taken(name, (*keyword.kwlist, *keyword.softkwlist)):
        name = f"{prefix}_{name}"
    return name


def _is_taken(name: str, words: Collection[str]) -> bool:
    return name.casefold() in {word.casefold() for word in words}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
