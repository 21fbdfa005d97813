"""The name of a resource inside a project: `kind.name`."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""What a manifest may be called."""
ASIDE = "~"
"""Stands in no name that a manifest may have: what follows it tells an object that gives way from its successor."""
ASIDE_PATTERN = re.compile(rf"{NAME_PATTERN.pattern}(?:{ASIDE}[A-Za-z0-9_.-]{{1,200}})?")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """`Address("persona", "claims-desk")` prints `persona.claims-desk`; the kind is in snake_case."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Split at the first dot (names may contain dots). Raises `ValueError` for anything else."""
        kind, dot, name = text.partition(".")
        if not dot or not kind or not ASIDE_PATTERN.fullmatch(name):
            raise ValueError(f"{text!r} is not an address; write kind.name, for example persona.claims-desk")
        return cls(kind, name)
