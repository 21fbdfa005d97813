"""The name of a resource inside a project, `kind.name`, and references to resources and secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A text that is read when it is needed, and goes nowhere but into the request that needs it."""

    kind: str
    """env | file | literal"""
    name: str
    """A variable; a path relative to the project; `<address><pointer>` of a secret that a manifest writes out."""
    told: str = ""
    """Tells two literals of one place apart, where two sets of manifests are compared."""

    @property
    def variable(self) -> str | None:
        """The environment variable that it names; None for a file or a literal."""
        return self.name if self.kind == "env" else None

    @classmethod
    def of(cls, written: Mapping[str, str]) -> SecretRef:
        """The reference that manifests and the state write as `{env: X}`, `{file: path}`."""
        ((kind, name),) = written.items()
        return cls(kind, name)

    def written(self) -> dict[str, str]:
        """The inverse of `of`."""
        return {self.kind: self.name}

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """The id of the object that a manifest declares."""

    address: str
    """`kind.name`"""

    def __str__(self) -> str:
        return self.address


def is_reference(value: object) -> bool:
    """Whether `value` stands for one that only a run knows."""
    return isinstance(value, SecretRef | ResourceRef)
