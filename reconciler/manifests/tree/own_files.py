"""Files that the program itself writes, given where manifests are meant; told by their content."""

from __future__ import annotations

import json

from reconciler.core.planning.plan_file import looks_like_plan
from reconciler.errors import UsageError

LARGEST = 64_000_000


def refuse_own_file(data: bytes, shown: str) -> None:
    """Raise `UsageError` for a saved plan, a state document or a report, naming the commands that take it."""
    if looks_like_plan(data):
        raise UsageError(
            f"{shown} is a saved plan, no manifest",
            hint=f"`reconciler show {shown}` shows it, `reconciler apply {shown}` carries it out",
        )
    if data.lstrip()[:1] != b"{" or len(data) > LARGEST:
        return
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return
    if {"lineage", "serial", "resources"} <= found.keys():
        raise UsageError(
            f"{shown} is a state document, no manifest",
            hint=f"`reconciler state list` shows what a workspace holds; `reconciler state push {shown}` replaces it",
        )
    if {"format_version", "resource_changes"} <= found.keys():
        raise UsageError(
            f"{shown} is a report (--format json), no manifest",
            hint="`reconciler plan --out FILE` saves a plan that can be shown and applied",
        )
