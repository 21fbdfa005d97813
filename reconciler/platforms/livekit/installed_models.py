"""Reads the list of models out of an installed livekit-agents, without importing it: that takes seconds."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

PACKAGE = "livekit.agents"
WHERE = "inference/llm.py"
LONGEST = 5_000_000


def installed_models(package: str = PACKAGE) -> frozenset[str] | None:
    """The model ids in the `...Models = Literal[...]` of the package's inference module.

    None where the package is not installed, or has no such list any more.
    """
    for folder in _folders(package):
        path = folder / WHERE
        try:
            if path.stat().st_size <= LONGEST:
                found = literals(path.read_text(encoding="utf-8"))
                return frozenset(found) or None
        except (OSError, ValueError, SyntaxError):
            continue
    return None


def _folders(package: str) -> list[Path]:
    """Where the package lies. Only its parents are imported, and those hold no code."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, AttributeError, ValueError):
        return []
    places = spec.submodule_search_locations if spec is not None else None
    return [Path(place) for place in places or ()]


def literals(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript):
            continue
        is_list = any(isinstance(target, ast.Name) and target.id.endswith("Models") for target in node.targets)
        if is_list and isinstance(node.value.value, ast.Name) and node.value.value.id == "Literal":
            found |= {
                item.value
                for item in ast.walk(node.value.slice)
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
    return found
