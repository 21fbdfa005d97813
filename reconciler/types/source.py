"""Where in a file a document, or a value in it, stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A document in a manifest file; turned into a `Span` only when there is something to report."""

    path: str
    """Path as the user would write it: relative to the project folder, with forward slashes."""
    document: int = 0
    """Number of the document in the file, from 0."""
    base: str = ""
    """JSON pointer from the document to the spec: `/spec` in an envelope, empty in a bare body."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file. Lines and columns count from 1, columns in characters."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
