"""Changes of one document as data: what a migration wants done to a file, whatever the file's spelling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from reconciler.types.diagnostic import Span
from reconciler.types.json import Json, Object


class EditRefused(Exception):
    """A file is left as it is: `message` says why, `span` where."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(f"{span}: {message}")
        self.message = message
        self.span = span


@dataclass(frozen=True, slots=True)
class SetValue:
    """Put `value` at `pointer`. Missing parents are created as mappings; the token `-` appends to a list."""

    pointer: str
    value: Json


@dataclass(frozen=True, slots=True)
class RemoveValue:
    """Take the member or item at `pointer` away."""

    pointer: str
    prune: bool = False
    """Also take away the parents that hold nothing else, but never `floor` or anything above it."""
    floor: str = ""


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Call the member at `pointer` by `name`; its value and its place stay."""

    pointer: str
    name: str


@dataclass(frozen=True, slots=True)
class MoveValue:
    """Take the value at `pointer` to `target`, where nothing is yet. Parents left empty are taken away (`prune`)."""

    pointer: str
    target: str
    prune: bool = True
    floor: str = ""


Edit: TypeAlias = SetValue | RemoveValue | RenameKey | MoveValue


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A manifest to be written into a file of its own."""

    path: str
    """Wanted path, relative to the folder for new files, with forward slashes."""
    document: Object
    comment: str = ""
    """One line for the head of the file."""
