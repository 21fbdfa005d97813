"""The kinds of the Tavus API: one file a kind, one line here."""

from __future__ import annotations

from reconciler.types.kind import Kinds, KindSpec

KINDS = Kinds(
    "reconciler.platforms.tavus.kinds",
    {
        "persona": "persona:KIND",
        "tool": "tool:KIND",
        "guardrail": "guardrail:KIND",
        "guardrail_set": "guardrail_set:KIND",
        "objectives": "objectives:KIND",
        "document": "document:KIND",
        "pronunciation_dictionary": "pronunciation_dictionary:KIND",
        "connector": "connector:KIND",
        "deployment": "deployment:KIND",
    },
)


def kind(name: str) -> KindSpec:
    """The kind called `name` in addresses (`persona`). Raises `UsageError` for an unknown one."""
    return KINDS.get(name)
