"""What stands for a value that only a run knows: types, so that no data imitates them and no encoder takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
