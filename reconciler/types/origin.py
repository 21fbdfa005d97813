"""Where the value of a field comes from: the layers of a manifest that speak of it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.types.address import Address
from reconciler.types.json import Json


@dataclass(frozen=True, slots=True)
class Origin:
    """One layer that speaks of a field."""

    place: str
    """`manifests/desk.yaml:7:12`"""
    layer: str
    """manifest | overlay | defaults"""
    through: str = ""
    """How it says it, where it does not stand there itself: `value face_id`, `file prompts/desk.md`."""


@dataclass(frozen=True, slots=True)
class Why:
    """Where the value of a field comes from: the first origin decides, the others lie below it."""

    address: Address
    pointer: str
    value: Json
    origins: tuple[Origin, ...]
